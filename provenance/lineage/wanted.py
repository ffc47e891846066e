"""Whom a model and its ancestors name and nobody has asked for yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from provenance.claims.claim import Claim, ParentClaim
from provenance.claims.parents import of_hub, parent_claims
from provenance.lineage.steps import unverified_steps
from provenance.model import Ancestor, Evidence
from provenance.wire.bundle import opened


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A repository that a claim or a statement names, and the revision if it states one.

    `direct` says that the model itself names it, as its own parent.
    """

    repo: str
    revision: str | None = None
    direct: bool = False


def unresolved_parents(
    evidence: Evidence, parents: Sequence[str], limit: int
) -> tuple[Wanted, ...]:
    """Whom claims name and nobody has asked for yet, in a fixed order, `limit` ancestors in all.

    Claims are those of the model, `parents` that its user states, what known ancestors say of
    their own, and the parents in any training statement, verified or not.
    """
    known = {(ancestor.claimed, ancestor.revision) for ancestor in evidence.ancestors}
    known |= {(name, None) for name in own_names(evidence)}
    named: dict[tuple[str, str | None], Wanted] = {}
    for wanted in (*_direct(evidence, parents), *_further(evidence)):
        named.setdefault((wanted.repo, wanted.revision), wanted)
    found = [wanted for key, wanted in named.items() if key not in known]
    return tuple(found[: max(0, limit - len(evidence.ancestors))])


def own_names(evidence: Evidence) -> frozenset[str]:
    """What the model is called: by whoever asked, and by the Hub."""
    facts = evidence.facts
    return frozenset(filter(None, (evidence.ref.repo, facts.id if facts else None)))


def _direct(evidence: Evidence, parents: Sequence[str]) -> Iterator[Wanted]:
    for text in parents:
        repo, _, revision = text.partition("@")
        yield Wanted(repo=repo, revision=revision or None, direct=True)
    for claim in named_in(parent_claims(evidence)):
        yield Wanted(repo=claim.repo or "", revision=claim.revision, direct=not claim.of)
    yield from _attested(evidence, direct=True)
    if evidence.origin:
        yield from wanted_by(evidence.origin)


def _further(evidence: Evidence) -> Iterator[Wanted]:
    for ancestor in evidence.ancestors:
        yield from wanted_by(ancestor)


def wanted_by(ancestor: Ancestor) -> Iterator[Wanted]:
    """Whom a known ancestor names as its own parents, by claims and by statements, and whom that
    does of which it is said to be a mirror."""
    for claim in named_in(said_by(ancestor)):
        yield Wanted(repo=claim.repo or "", revision=claim.revision)
    if ancestor.evidence:
        yield from _attested(ancestor.evidence, direct=False)
        if ancestor.evidence.origin:
            yield from wanted_by(ancestor.evidence.origin)


def named_in(claims: Iterable[Claim]) -> Iterator[ParentClaim]:
    """Those that name a parent which a Hub may know."""
    return (claim for claim in claims if isinstance(claim, ParentClaim) and claim.repo)


def _attested(evidence: Evidence, *, direct: bool) -> Iterator[Wanted]:
    own = own_names(evidence)
    for step in unverified_steps(opened(evidence.bundles)):
        for parent in step.parents:
            if parent.repo and parent.repo not in own:
                yield Wanted(repo=parent.repo, revision=parent.commit, direct=direct)


def said_by(ancestor: Ancestor) -> tuple[Claim, ...]:
    """What a known ancestor says of its own parents and making."""
    if ancestor.evidence:
        return parent_claims(ancestor.evidence)
    return tuple(of_hub(ancestor.facts))
