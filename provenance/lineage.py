"""The ancestors of a model as claims lead to them: who is still unknown, and who leads where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from provenance.claims.claim import ParentClaim
from provenance.claims.parents import parent_claims
from provenance.claims.reference import reference
from provenance.model import Ancestor, Evidence


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A repository that a claim names, and the revision if it states one."""

    repo: str
    revision: str | None = None


def frontier(evidence: Evidence, parents: Sequence[str], limit: int) -> tuple[Wanted, ...]:
    """Whom claims name and nobody has asked for yet, in a fixed order, `limit` ancestors in all.

    Claims are those of the model, `parents` that its user states, and what known ancestors say of
    their own.
    """
    known = {(ancestor.claimed, ancestor.revision) for ancestor in evidence.ancestors}
    known |= {(name, None) for name in _own_names(evidence)}
    named = dict.fromkeys((*_direct(evidence, parents), *_further(evidence)))
    wanted = [one for one in named if (one.repo, one.revision) not in known]
    return tuple(wanted[: max(0, limit - len(evidence.ancestors))])


def _own_names(evidence: Evidence) -> Iterator[str]:
    if evidence.ref.repo:
        yield evidence.ref.repo
    if evidence.facts:
        yield evidence.facts.id


def _direct(evidence: Evidence, parents: Sequence[str]) -> Iterator[Wanted]:
    for text in parents:
        repo, _, revision = text.partition("@")
        yield Wanted(repo=repo, revision=revision or None)
    for claim in parent_claims(evidence):
        if isinstance(claim, ParentClaim) and claim.repo:
            yield Wanted(repo=claim.repo, revision=claim.revision)


def _further(evidence: Evidence) -> Iterator[Wanted]:
    for ancestor in evidence.ancestors:
        for text in ancestor.facts.parents if ancestor.facts else ():
            found = reference(text)
            if found.repo:
                yield Wanted(repo=found.repo, revision=found.revision)


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The known ancestors of one model by their canonical names, and the edges between them."""

    evidence: Evidence

    @cached_property
    def by_claim(self) -> dict[str, Ancestor]:
        """Each ancestor by the name that a claim gives it, whatever its revision."""
        return {ancestor.claimed: ancestor for ancestor in reversed(self.evidence.ancestors)}

    def canonical(self, name: str) -> str:
        """The name under which a Hub has what a claim calls `name`."""
        ancestor = self.by_claim.get(name)
        return ancestor.facts.id if ancestor and ancestor.facts else name

    @cached_property
    def parents(self) -> dict[str, frozenset[str]]:
        """Of each known ancestor the canonical names of what its own card names."""
        found: dict[str, frozenset[str]] = {}
        for ancestor in self.evidence.ancestors:
            if ancestor.facts:
                named = [reference(text).repo for text in ancestor.facts.parents]
                own = {self.canonical(name) for name in named if name}
                found[ancestor.facts.id] = found.get(ancestor.facts.id, frozenset()) | own
        return found

    def above(self, name: str) -> frozenset[str]:
        """Every name that a walk up from `name` meets, itself only if a walk comes back to it."""
        met: set[str] = set()
        waiting = [name]
        while waiting:
            for parent in self.parents.get(waiting.pop(), ()):
                if parent not in met:
                    met.add(parent)
                    waiting.append(parent)
        return frozenset(met)
