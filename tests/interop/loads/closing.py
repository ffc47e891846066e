"""What `provenance closure` names for a model on the Hub."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.claims.files import ModelFiles
from provenance.closure.members import Claims, pins_of
from provenance.model import Ref
from provenance.source.hub.client import Hub
from provenance.source.hub.collect import collect
from provenance.source.hub.members import with_members
from tests import forge


def named_by(hub: Hub, repo: str, commit: str, stated: Sequence[str] = ()) -> set[str]:
    """Each repository at the revision asked for, `stated` ones and branches also by commit."""
    pins = pins_of(stated)
    found = collect(hub, Ref(text=repo, repo=repo, commit=commit), at=forge.NOW)
    found = with_members(hub, found, pins)
    claims = Claims.of(ModelFiles(evidence=found)).all
    named = {f"{claim.repo}@{claim.revision or 'main'}" for claim in claims if claim.repo}
    return named | {
        f"{member.repo}@{member.commit}"
        for member in found.members
        if member.revision or member.repo in pins
    }
