"""Ancestors as claims lead to them: who is still unknown, who leads where, and in what circles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from provenance.claims.claim import Claim, MethodClaim, ParentClaim
from provenance.claims.files import ModelFiles
from provenance.claims.parents import of_hub, parent_claims
from provenance.claims.reference import LOCAL_PATH
from provenance.lineage.steps import unverified_steps
from provenance.lineage.walks import circles, reached
from provenance.model import Ancestor, Evidence
from provenance.wire.bundle import opened

YOU = "provenance.toml"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A repository that a claim or a statement names, and the revision if it states one.

    `direct` says that the model itself names it.
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
    for claim in _named(parent_claims(evidence)):
        yield Wanted(repo=claim.repo or "", revision=claim.revision, direct=True)
    yield from _attested(evidence, direct=True)
    if evidence.origin:
        yield from wanted_by(evidence.origin)


def _further(evidence: Evidence) -> Iterator[Wanted]:
    for ancestor in evidence.ancestors:
        yield from wanted_by(ancestor)


def wanted_by(ancestor: Ancestor) -> Iterator[Wanted]:
    """Whom a known ancestor names as its own parents, by claims and by statements."""
    for claim in _named(said_by(ancestor)):
        yield Wanted(repo=claim.repo or "", revision=claim.revision)
    if ancestor.evidence:
        yield from _attested(ancestor.evidence, direct=False)


def _named(claims: Sequence[Claim]) -> Iterator[ParentClaim]:
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


def _of_mirror(claims: tuple[Claim, ...], origin: Ancestor) -> tuple[Claim, ...]:
    """What a mirror and its origin say of parents, each once; the origin is not its own."""
    own = {origin.claimed, origin.facts.id if origin.facts else None}
    kept = (c for c in claims if not (isinstance(c, ParentClaim) and c.repo in own))
    return tuple(dict.fromkeys((*kept, *said_by(origin))))


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Everything that is claimed of one model and its known ancestors; `said` by its user.

    `by_files` are the claims in the model's own files, `by_ancestors` those of each of
    `evidence.ancestors` about itself.
    """

    evidence: Evidence
    said: tuple[str, ...]
    by_files: tuple[Claim, ...]
    by_ancestors: tuple[tuple[Claim, ...], ...]
    origin: Ancestor | None = None

    @classmethod
    def of(
        cls, files: ModelFiles, said: tuple[str, ...] = (), origin: Ancestor | None = None
    ) -> Claimed:
        """What the files of a model, those of its ancestors, the Hub and the user claim.

        Of a mirror the card of its `origin` speaks too, and its own may name the origin.
        """
        evidence = files.evidence
        return cls(
            evidence=evidence,
            said=said,
            by_files=_of_mirror(files.parent_claims, origin) if origin else files.parent_claims,
            origin=origin,
            by_ancestors=tuple(
                files.of(one.evidence).parent_claims if one.evidence else said_by(one)
                for one in evidence.ancestors
            ),
        )

    @property
    def own(self) -> str:
        """The model's name in a graph."""
        return self.evidence.ref.repo or self.evidence.ref.text

    @cached_property
    def all(self) -> tuple[Claim, ...]:
        """Every claim about the model itself."""
        mine = (
            ParentClaim(path=YOU, key="parents", text=text, repo=repo, revision=commit or None)
            for text in self.said
            for repo, _, commit in [text.partition("@")]
        )
        return (*mine, *self.by_files)

    @cached_property
    def parent_claims(self) -> tuple[ParentClaim, ...]:
        """Those of them that are about its parents."""
        return tuple(claim for claim in self.all if isinstance(claim, ParentClaim))

    @cached_property
    def lost(self) -> tuple[ParentClaim, ...]:
        """Those that state a parent nobody can follow, unless the user says which was meant."""
        return tuple(
            claim
            for claim in self.parent_claims
            if not claim.repo and not claim.hint and not (self.said and claim.reason == LOCAL_PATH)
        )

    @cached_property
    def by_claim(self) -> dict[str, Ancestor]:
        """Each ancestor by the name that a claim gives it, whatever its revision."""
        return {ancestor.claimed: ancestor for ancestor in reversed(self.evidence.ancestors)}

    @cached_property
    def by_name(self) -> dict[str, tuple[Ancestor, ...]]:
        """The known ancestors by their canonical names, one for each commit of it."""
        found: dict[str, tuple[Ancestor, ...]] = {}
        for ancestor in self.evidence.ancestors:
            if ancestor.facts:
                found[ancestor.facts.id] = (*found.get(ancestor.facts.id, ()), ancestor)
        return found

    def canonical(self, name: str) -> str:
        """The name under which a Hub has what a claim calls `name`."""
        ancestor = self.by_claim.get(name)
        return ancestor.facts.id if ancestor and ancestor.facts else name

    @cached_property
    def _said(self) -> dict[str, tuple[Claim, ...]]:
        """Of each known ancestor what it says, at every commit of it that is known."""
        found: dict[str, dict[Claim, None]] = {}
        for ancestor, claims in zip(self.evidence.ancestors, self.by_ancestors, strict=True):
            if ancestor.facts:
                found.setdefault(ancestor.facts.id, {}).update(dict.fromkeys(claims))
        return {name: tuple(claims) for name, claims in found.items()}

    def claims_of(self, name: str) -> tuple[ParentClaim, ...]:
        """What the model or an ancestor says of its parents, themselves left out."""
        if name == self.own:
            return tuple(claim for claim in self.parent_claims if claim.repo)
        return tuple(_named(self._said.get(name, ())))

    def methods_of(self, name: str) -> tuple[str, ...]:
        """How the model or an ancestor says it was trained, each with the place that says so."""
        claims = self.all if name == self.own else self._said.get(name, ())
        found = [c for c in claims if isinstance(c, MethodClaim)]
        return tuple(dict.fromkeys(f"{c.words} (by {c.place})" for c in found))

    @cached_property
    def parents(self) -> dict[str, frozenset[str]]:
        """Of the model and of each known ancestor the canonical names of what it names."""
        return {
            name: frozenset(self.canonical(c.repo) for c in self.claims_of(name) if c.repo) - {name}
            for name in (self.own, *self.by_name)
        }

    def parents_of(self, name: str) -> frozenset[str]:
        """The canonical names that it gives as its parents."""
        return self.parents.get(name, frozenset())

    def above(self, *names: str) -> frozenset[str]:
        """Every name that a walk up from one of these meets, itself only if a walk comes back."""
        return reached(self.parents, names)

    @cached_property
    def circular(self) -> frozenset[str]:
        """The names from which a walk up comes back."""
        return circles(self.parents)
