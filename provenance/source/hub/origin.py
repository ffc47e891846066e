"""What a model is said to be a mirror of, as the Hub has it at that commit."""

from __future__ import annotations

from dataclasses import replace

from provenance.errors import Absent
from provenance.lock.known import stated_origin
from provenance.model import Evidence, Ref
from provenance.source.hub.client import Hub, RequestBudget
from provenance.source.hub.collect import AncestorOptions, collect
from provenance.source.limits import DEFAULT, Limits


def with_origin(hub: Hub, evidence: Evidence, said: str, *, limits: Limits = DEFAULT) -> Evidence:
    """The evidence with that on the origin `said`, by the same selection: `org/name@<commit>`, or
    `org/name` for its head.

    Its small files are read, and of its weights the headers, for what one model may cost. One
    that the Hub does not have is missing, and has no commit where only that is not there;
    SourceError where the Hub does not answer.
    """
    origin = stated_origin(said)
    ref = Ref(text=said, repo=origin.claimed, revision=origin.revision, commit=origin.revision)
    glance = AncestorOptions(account=RequestBudget(limits), headers=True, reached=False)
    try:
        found = collect(
            hub,
            ref,
            at=evidence.at,
            include=evidence.include,
            exclude=evidence.exclude,
            ask_owner=True,
            glance=glance,
            limits=limits,
        )
    except Absent as error:
        commit = None if error.is_revision else origin.commit
        return replace(evidence, origin=replace(origin, commit=commit, missing=str(error)))
    known = replace(
        origin,
        revision=found.ref.commit,
        commit=found.ref.commit,
        facts=found.facts,
        manifest=found.listing.digest,
        evidence=found,
    )
    return replace(evidence, origin=known)
