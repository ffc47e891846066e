"""The repositories that a model's claims and statements name, each as the Hub knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.errors import Absent
from provenance.lineage import Wanted, unresolved_parents
from provenance.model import Ancestor, Evidence, Member, Observation, Ref
from provenance.source.hub.client import Hub
from provenance.source.hub.collect import AncestorOptions, collect
from provenance.source.hub.origin import Origins
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.source.together import side_by_side

LEAST_BUNDLES = 4
"""How many of each ancestor are looked at, however many there are."""


def with_ancestors(
    hub: Hub,
    evidence: Evidence,
    parents: Sequence[str],
    *,
    pins: Mapping[str, str] | None = None,
    origins: Origins | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence with every ancestor that claims, statements, `parents` and theirs lead to.

    `pins` has the commit at which a repository is looked at where a claim states none, `origins`
    which of them are said to be mirrors: then the origin is looked at, too. Of an ancestor the
    small files are read and no weights; of a parent also the headers of those. All of them together
    may cost what one model may.
    """
    account = RequestBudget(limits)
    left, bundles = limits.kept, limits.bundles
    while wanted := unresolved_parents(evidence, parents, limits.ancestors):
        share = replace(
            limits,
            kept=max(0, left) // len(wanted),
            bundles=max(LEAST_BUNDLES, bundles // len(wanted)),
        )

        snapshot = _Visit(
            hub=hub,
            at=evidence.at,
            pins=pins or {},
            origins=origins,
            account=account,
            limits=share,
            members={(one.repo, one.revision): one for one in evidence.members if one.evidence},
        )
        try:
            found = side_by_side(snapshot.ancestor, wanted, at_once=hub.workers)
        except Beyond as error:
            return _over(evidence, str(error))
        known = [ancestor.evidence for ancestor in found if ancestor.evidence]
        known += [one.origin.evidence for one in known if one.origin and one.origin.evidence]
        left -= sum(map(_kept, known))
        bundles -= sum(len(evidence.bundles) for evidence in known)
        evidence = replace(evidence, ancestors=(*evidence.ancestors, *found))
    if len(evidence.ancestors) >= limits.ancestors:
        return _over(evidence, f"more than {limits.ancestors} ancestors")
    return evidence


def _over(evidence: Evidence, detail: str) -> Evidence:
    """The evidence, with the word that there are ancestors nobody looked at."""
    over = Observation(code="ancestors-limit", path="", detail=detail)
    observations = dict.fromkeys((*evidence.observations, over))
    return replace(evidence, observations=tuple(observations))


def _kept(evidence: Evidence) -> int:
    bundles = sum(len(document.data) for document in evidence.bundles)
    return bundles + sum(len(content.head) for content in evidence.contents)


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """Several ancestors are asked for, each by the same limits."""

    hub: Hub
    at: datetime
    pins: Mapping[str, str]
    origins: Origins | None
    account: RequestBudget
    limits: Limits
    members: Mapping[tuple[str, str | None], Member]

    def ancestor(self, wanted: Wanted) -> Ancestor:
        """What the Hub knows of one; what a loader fetches of it is known already."""
        blank = Ancestor(claimed=wanted.repo, revision=wanted.revision)
        member = self.members.get((wanted.repo, wanted.revision))
        if member and member.evidence:
            return _found(blank, replace(member.evidence, ancestors=()))
        commit = None if wanted.revision else self.pins.get(wanted.repo)
        ref = Ref(text=wanted.repo, repo=wanted.repo, revision=wanted.revision, commit=commit)
        reached = wanted.revision is None
        glance = AncestorOptions(account=self.account, headers=wanted.direct, reached=reached)
        try:
            found = collect(self.hub, ref, at=self.at, glance=glance, limits=self.limits)
        except Absent as error:
            return replace(blank, missing=str(error))
        return self._with_origin(_found(blank, found), glance)

    def _with_origin(self, ancestor: Ancestor, glance: AncestorOptions) -> Ancestor:
        """The ancestor with what it is said to be a mirror of."""
        if self.origins is None or ancestor.evidence is None:
            return ancestor
        found = self.origins.known(self.hub, ancestor.evidence, glance=glance, limits=self.limits)
        return replace(ancestor, evidence=found)


def _found(blank: Ancestor, found: Evidence) -> Ancestor:
    """The ancestor with what was found of it."""
    name = found.facts.id if found.facts else blank.claimed
    return replace(
        blank,
        facts=found.facts,
        commit=found.ref.commit,
        manifest=found.manifest.digest,
        evidence=replace(found, ref=replace(found.ref, repo=name)),
    )
