"""What claims say of the ancestors of a model: who leads where, and what leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.claims.claim import Claim, Mention, MethodClaim, ParentClaim
from provenance.claims.files import ModelFiles
from provenance.claims.methods import titles
from provenance.claims.reference import ANSWERABLE, UNNAMED
from provenance.lineage.graph import Unresolved, mirrored
from provenance.lineage.spelling import Spelling
from provenance.lineage.walks import circles, reached
from provenance.lineage.wanted import named_in, own_names, said_by
from provenance.model import Ancestor, Evidence
from provenance.trust import Registry

YOU = "provenance.toml"


def _of_mirror(claims: tuple[Claim, ...], origin: Ancestor) -> tuple[Claim, ...]:
    """What a mirror and its origin say of parents, each once; the origin is not its own."""
    own = {origin.claimed, origin.facts.id if origin.facts else None}
    kept = (c for c in claims if not (isinstance(c, ParentClaim) and c.repo in own))
    return tuple(dict.fromkeys((*kept, *said_by(origin))))


def _by(ancestor: Ancestor, files: ModelFiles) -> tuple[Claim, ...]:
    """What an ancestor says of itself."""
    return files.of(ancestor.evidence).parent_claims if ancestor.evidence else said_by(ancestor)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Everything that is claimed of one model and its known ancestors; `said` by its user.

    `by_files` are the claims in the model's own files, `by_ancestors` those of each of
    `evidence.ancestors` about itself. Of those that are mirrors `origins` has what they are of, by
    whose names they go.
    """

    evidence: Evidence
    said: tuple[str, ...]
    by_files: tuple[Claim, ...]
    by_ancestors: tuple[tuple[Claim, ...], ...]
    origin: Ancestor | None = None
    origins: tuple[Ancestor | None, ...] = ()
    registry: Registry | None = None

    @classmethod
    def of(
        cls,
        files: ModelFiles,
        said: tuple[str, ...] = (),
        origin: Ancestor | None = None,
        registry: Registry | None = None,
        origins: tuple[Ancestor | None, ...] = (),
    ) -> Claimed:
        """What the files of a model, those of its ancestors, the Hub and the user claim.

        Of a mirror the card of its `origin` speaks too, and its own may name the origin; the same
        of an ancestor that has one in `origins`. Of names that differ in letter case alone the one
        that the `registry` knows is taken.
        """
        evidence = files.evidence
        origins = origins or (None,) * len(evidence.ancestors)
        return cls(
            evidence=evidence,
            said=said,
            by_files=_of_mirror(files.parent_claims, origin) if origin else files.parent_claims,
            origin=origin,
            origins=origins,
            registry=registry,
            by_ancestors=tuple(
                _of_mirror(_by(one, files), above) if above else _by(one, files)
                for one, above in zip(evidence.ancestors, origins, strict=True)
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
        """Those of them that are about its parents; a program's hint at the model itself, or a
        sentence about it, is about none."""
        said = (claim for claim in self.all if isinstance(claim, ParentClaim))
        return tuple(claim for claim in said if not (claim.in_passing and self._is_own(claim)))

    def _is_own(self, claim: ParentClaim) -> bool:
        return bool(claim.repo) and self.canonical(claim.repo or "") in own_names(self.evidence)

    @cached_property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """The parents that the model and its ancestors state and nobody can follow, each once.

        What the user says answers a path of the model's, and a page of the Hub that is none of a
        model; any parent that it names answers where it says of one only that there was one.
        """
        named = self._names_another(self.parent_claims, own_names(self.evidence))
        left = (c for c in self.parent_claims if not self._is_answered(c, named=named))
        found = list(_unresolved(self.own, left))
        for name, claims in self._said.items():
            said = [claim for claim in claims if isinstance(claim, ParentClaim)]
            named = self._names_another(said, frozenset({name}))
            found += _unresolved(name, (c for c in said if not (named and c.reason == UNNAMED)))
        return tuple(found)

    def _is_answered(self, claim: ParentClaim, *, named: bool) -> bool:
        if claim.reason == UNNAMED:
            return named
        return bool(self.said) and claim.reason in ANSWERABLE

    def _names_another(self, claims: Iterable[ParentClaim], own: frozenset[str]) -> bool:
        """Whether any of the claims names a parent of the whole model, which it is not itself."""
        return any(
            c.repo and not c.part and not c.of and self.canonical(c.repo) not in own for c in claims
        )

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """What its cards say of other models in words that no reader follows."""
        own = own_names(self.evidence)
        said = (claim for claim in self.all if isinstance(claim, Mention))
        return tuple(claim for claim in said if self.canonical(claim.repo) not in own)

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

    @cached_property
    def _mirrors(self) -> dict[tuple[str, str | None], tuple[str, ...]]:
        found: dict[tuple[str, str | None], dict[str, None]] = {}
        for ancestor, origin in zip(self.evidence.ancestors, self.origins, strict=True):
            if origin and ancestor.facts:
                key = (ancestor.facts.id, ancestor.commit)
                found.setdefault(key, {})[ancestor.claimed] = None
        return {key: tuple(mirrors) for key, mirrors in found.items()}

    def mirrors(self, name: str, commit: str | None) -> tuple[str, ...]:
        """The mirrors of this model at this commit that are ancestors in its place."""
        return self._mirrors.get((name, commit), ())

    def named(self, name: str) -> str:
        """What an ancestor is called: where a mirror stands for it, by both names."""
        for ancestor in self.by_name.get(name, ()):
            if mirrors := self.mirrors(name, ancestor.commit):
                return mirrored(name, ancestor.commit, mirrors)
        return name

    def canonical(self, name: str) -> str:
        """The name under which a Hub has what a claim calls `name`: its own answer, else today's
        name of what was renamed, in one spelling."""
        return self._spelling.canonical(name)

    @cached_property
    def _spelling(self) -> Spelling:
        asked = {a.claimed: a.facts.id for a in reversed(self.evidence.ancestors) if a.facts}
        told = [
            c.repo or ""
            for c in named_in((*self.all, *(c for cs in self.by_ancestors for c in cs)))
        ]
        known = [name for name in told if self.registry and self.registry.owner(name)]
        return Spelling.of(asked, (*sorted(own_names(self.evidence)), *known, *told))

    @cached_property
    def _said(self) -> dict[str, tuple[Claim, ...]]:
        """Of each known ancestor what it says, at every commit of it that is known."""
        found: dict[str, dict[Claim, None]] = {}
        for ancestor, claims in zip(self.evidence.ancestors, self.by_ancestors, strict=True):
            if ancestor.facts:
                found.setdefault(ancestor.facts.id, {}).update(dict.fromkeys(claims))
        return {name: tuple(claims) for name, claims in found.items()}

    def claims_of(self, name: str) -> tuple[ParentClaim, ...]:
        """What anybody says of the parents of the model or an ancestor: itself, or who descends
        from it; those that name none left out."""
        return self._by_child.get(name, ())

    @cached_property
    def _by_child(self) -> dict[str, tuple[ParentClaim, ...]]:
        found: dict[str, dict[ParentClaim, None]] = {self.own: {}}
        for name in self.by_name:
            found.setdefault(name, {})
        for name, claims in ((self.own, self.all), *self._said.items()):
            for claim in named_in(claims):
                child = self.canonical(claim.of) if claim.of else name
                found.setdefault(child, {})[claim] = None
        return {child: tuple(claims) for child, claims in found.items()}

    def methods_of(self, name: str) -> tuple[str, ...]:
        """How the model or an ancestor says it was trained, each with the place that says so; what
        trainers left counts where it says nothing."""
        claims = self.all if name == self.own else self._said.get(name, ())
        found = [c for c in claims if isinstance(c, MethodClaim)]
        said = [c for c in found if not c.trace] or found
        return tuple(dict.fromkeys(f"{titles(c.methods)} (by {c.place})" for c in said))

    @cached_property
    def parents(self) -> dict[str, frozenset[str]]:
        """Of the model and of each known ancestor the canonical names of what it names."""
        return {
            name: frozenset(self.canonical(c.repo) for c in self.claims_of(name) if c.repo) - {name}
            for name in self._by_child
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


def _unresolved(child: str, claims: Iterable[ParentClaim]) -> Iterator[Unresolved]:
    """Those of the claims that name no repository, each text once with all its places."""
    groups: dict[tuple[str, str], list[ParentClaim]] = {}
    for claim in claims:
        if not claim.repo:
            text = "" if claim.reason == UNNAMED else claim.text
            groups.setdefault((text, claim.reason), []).append(claim)
    for (text, reason), found in groups.items():
        yield Unresolved(
            child=child,
            text=text,
            reason=reason,
            places=tuple(dict.fromkeys(f"{claim.place} ({claim.key})" for claim in found)),
            path=found[0].path,
            likely=next((claim.likely for claim in found if claim.likely), ""),
            hint=all(claim.hint for claim in found),
            part="" if any(not claim.part for claim in found) else found[0].part,
        )
