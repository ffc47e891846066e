"""The repositories that a model's claims name, each as the Hub knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from provenance.errors import Absent
from provenance.lineage import Wanted, frontier
from provenance.model import Ancestor, Evidence, File, Manifest, Observation, Reach
from provenance.source.hub.client import Account, Beyond, Hub
from provenance.source.hub.facts import known, reach
from provenance.source.hub.listing import listing
from provenance.source.limits import DEFAULT, Limits


def with_ancestors(
    hub: Hub,
    evidence: Evidence,
    parents: Sequence[str],
    *,
    pins: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence with every ancestor that its claims, `parents` and theirs lead to.

    `pins` has the commit at which a repository is looked at where a claim states none. An
    ancestor is asked for by name and listed, nothing of it is fetched.
    """
    visit = _Visit(hub, pins or {}, Account(limits), limits)
    while wanted := frontier(evidence, parents, limits.ancestors):
        found = hub.each("asking for ancestors", visit.ancestor, wanted)
        evidence = replace(evidence, ancestors=(*evidence.ancestors, *found))
    if len(evidence.ancestors) >= limits.ancestors:
        detail = f"more than {limits.ancestors} ancestors"
        over = Observation(code="ancestors-limit", path="", detail=detail)
        evidence = replace(evidence, observations=(*evidence.observations, over))
    return evidence


class _Visit:
    def __init__(self, hub: Hub, pins: Mapping[str, str], account: Account, limits: Limits) -> None:
        self._hub, self._pins, self._account, self._limits = hub, pins, account, limits

    def ancestor(self, wanted: Wanted) -> Ancestor:
        """What the Hub knows of one."""
        blank = Ancestor(claimed=wanted.repo, revision=wanted.revision)
        asked = wanted.revision or self._pins.get(wanted.repo)
        try:
            answer = known(self._hub, wanted.repo, asked, self._account)
            manifest = self._manifest(answer.facts.id, answer.commit)
        except (Absent, Beyond) as error:
            return replace(blank, missing=str(error))
        by = self._reach(wanted, answer.facts.id, answer.commit)
        return replace(
            blank,
            facts=replace(answer.facts, reach=by),
            commit=answer.commit,
            manifest=manifest,
        )

    def _manifest(self, repo: str, commit: str) -> str | None:
        entries, more = listing(self._hub, repo, commit, self._account, self._limits.entries)
        if more:
            return None
        files = (File(path=e.path, size=e.size, digest=e.sha256 or e.blob) for e in entries)
        return Manifest.of(files).digest

    def _reach(self, wanted: Wanted, repo: str, commit: str) -> Reach:
        if wanted.revision is None:
            return Reach.BRANCH
        most = self._limits.commits
        return reach(self._hub, repo, wanted.revision, commit, self._account, most)
