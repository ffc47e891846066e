"""What loaders would fetch for a model, each repository as the Hub has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.closure import Wanted, unresolved_members
from provenance.closure.members import pinned_at
from provenance.errors import Absent, Unselected
from provenance.model import Evidence, Member, Ref
from provenance.source.hub.ancestors import with_ancestors
from provenance.source.hub.client import Hub
from provenance.source.hub.collect import collect
from provenance.source.hub.origin import Origins
from provenance.source.limits import DEFAULT, Limits
from provenance.source.together import side_by_side

Locked = Mapping[tuple[str, str | None], str]


def with_members(
    hub: Hub,
    evidence: Evidence,
    pins: Mapping[str, str],
    *,
    locked: Locked | None = None,
    origins: Origins | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence with everything that its loaders would fetch by name, and what that fetches.

    `pins` has the commit that the caller states for a repository, `locked` the one at which it was
    judged before; where there is neither, it is looked at where its branch stands today. Each may
    cost as much as a model, and so may what `origins` say that it is a mirror of.
    """
    visit = _Visit(
        hub=hub, at=evidence.at, pins=pins, locked=locked or {}, origins=origins, limits=limits
    )
    while wanted := unresolved_members(evidence):
        found = side_by_side(visit.member, wanted, at_once=hub.workers)
        evidence = replace(evidence, members=(*evidence.members, *found))
    return evidence


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """Several members are asked for, each by the same limits."""

    hub: Hub
    at: datetime
    pins: Mapping[str, str]
    locked: Locked
    origins: Origins | None
    limits: Limits

    def member(self, wanted: Wanted) -> Member:
        """What the Hub knows of one."""
        blank = Member(repo=wanted.repo, revision=wanted.revision)
        key = (wanted.repo, wanted.revision)
        commit = pinned_at(wanted, self.pins) or self.locked.get(key)
        ref = Ref(text=wanted.repo, repo=wanted.repo, revision=wanted.revision, commit=commit)
        try:
            found = collect(self.hub, ref, at=self.at, limits=self.limits)
        except (Absent, Unselected) as error:
            return replace(blank, missing=str(error))
        if self.origins:
            found = self.origins.known(self.hub, found, limits=self.limits)
        found = with_ancestors(self.hub, found, (), origins=self.origins, limits=self.limits)
        return replace(
            blank,
            commit=found.ref.commit,
            manifest=found.listing.digest,
            evidence=found,
        )
