"""What models are said to be mirrors of, as the Hub has it at that commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from provenance.case.mirror import Mirror, mirror
from provenance.claims.files import ModelFiles
from provenance.errors import Absent
from provenance.lock import Lock
from provenance.lock.known import stated_origin
from provenance.model import Evidence, Ref
from provenance.source.hub.client import Hub
from provenance.source.hub.collect import AncestorOptions, collect
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.budget import RequestBudget
from provenance.trust import Registry

Stated = Mapping[str, Sequence[str]]
"""By its repository what each mirror is said to be one of, as `org/name@<commit>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """What is said of mirrors: by the caller of single ones, by the registry of namespaces."""

    registry: Registry
    lock: Lock | None = None
    stated: Stated = field(default_factory=dict)

    def may_be(self, repo: str) -> bool:
        """Whether anybody says that a repository is a mirror."""
        return repo in self.stated or bool(self.registry.mirrored(repo))

    def known(
        self,
        hub: Hub,
        evidence: Evidence,
        *,
        glance: AncestorOptions | None = None,
        limits: Limits = DEFAULT,
    ) -> Evidence:
        """The evidence on an ancestor, or on what a loader fetches, with that on what it is said
        to be a mirror of: of several, the first that it is."""
        asked: list[Evidence] = []
        for said in self.stated.get(evidence.ref.repo or "", ()):
            asked.append(with_origin(hub, evidence, said, glance=glance, limits=limits))
            if isinstance(self._found(asked[-1]), Mirror):
                return asked[-1]
        return asked[0] if asked else self.by_namespace(hub, evidence, glance=glance, limits=limits)

    def by_namespace(
        self,
        hub: Hub,
        evidence: Evidence,
        *,
        glance: AncestorOptions | None = None,
        limits: Limits = DEFAULT,
    ) -> Evidence:
        """With the origin of a model that the registry lets be a mirror: at the commit that a root
        or the lockfile has for these files, else the head of the first whose files they are, else
        of the first that there is: its files are others then.

        What only a signature shows needs an origin of that name: one that is missing stays so.
        """
        possible = self.registry.mirrored(evidence.ref.repo or "")
        if not possible:
            return evidence
        known = self._found(evidence)
        if isinstance(known, Mirror) and known.origin.commit:
            return with_origin(hub, evidence, known.named, glance=glance, limits=limits)
        others = evidence
        for repo in possible:
            asked = with_origin(hub, evidence, repo, glance=glance, limits=limits)
            missed = isinstance(known, Mirror) and known.origin.claimed == repo
            missed = missed and bool(asked.origin and asked.origin.missing)
            if missed or isinstance(self._found(asked), Mirror):
                return asked
            if others is evidence and asked.origin and asked.origin.evidence:
                others = asked
        return evidence if isinstance(known, Mirror) else others

    def _found(self, evidence: Evidence) -> object:
        return mirror(ModelFiles(evidence=evidence), self.registry, self.lock)


def with_origin(
    hub: Hub,
    evidence: Evidence,
    said: str,
    *,
    glance: AncestorOptions | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence with that on the origin `said`, by the same selection: `org/name@<commit>`, or
    `org/name` for its head.

    Its small files are read, and of its weights the headers, for what one model may cost; of an
    ancestor's as `glance` has it. One that the Hub does not have is missing, and has no commit
    where only that is not there; SourceError where the Hub does not answer.
    """
    origin = stated_origin(said)
    ref = Ref(text=said, repo=origin.claimed, revision=origin.revision, commit=origin.revision)
    whole = AncestorOptions(account=RequestBudget(limits), headers=True, reached=False)
    try:
        found = collect(
            hub,
            ref,
            at=evidence.at,
            include=evidence.include,
            exclude=evidence.exclude,
            ask_owner=True,
            glance=replace(glance, reached=False) if glance else whole,
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
