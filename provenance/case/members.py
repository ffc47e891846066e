"""What a loader fetches by name, each with the verdict on it: what `closure` is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from provenance.closure.claim import MemberClaim
from provenance.closure.members import Claims, Wanted, pinned_at, pins_of, wanted_by
from provenance.model import Member
from provenance.verdict import Verdict

Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMember:
    """A member and the verdict on it; None where nothing but the lockfile speaks of it."""

    member: Member
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Everything that a model makes its loaders fetch; `pins` are the caller's, by repository."""

    claims: Claims
    judged: tuple[JudgedMember, ...]
    pins: Mapping[str, str]

    @classmethod
    def of(
        cls, claims: Claims, judged: tuple[JudgedMember, ...], members: tuple[str, ...]
    ) -> Closure:
        """The closure of what is claimed, where the caller pins `members`."""
        return cls(claims=claims, judged=judged, pins=pins_of(members))

    @cached_property
    def by_key(self) -> dict[Key, JudgedMember]:
        """The members by what the loader asks for."""
        return {(one.member.repo, one.member.revision): one for one in self.judged}

    @cached_property
    def wanted(self) -> dict[Wanted, tuple[MemberClaim, ...]]:
        """What is fetched in any case, with every claim that says so."""
        found: dict[Wanted, list[MemberClaim]] = {}
        for claim in self.claims.all:
            wanted = None if claim.only else wanted_by(claim)
            if wanted:
                found.setdefault(wanted, []).append(claim)
        return {wanted: tuple(claims) for wanted, claims in found.items()}

    @cached_property
    def settled(self) -> tuple[str, ...]:
        """The pins of the caller, and one for everything that floats, at the commit where it was
        found: each `org/name@<commit>`."""
        pins = dict(self.pins)
        for wanted in self.wanted:
            judged = self.judged_as(wanted)
            if self.commit_of(wanted) is None and judged and judged.member.commit:
                pins.setdefault(wanted.repo, judged.member.commit)
        return tuple(f"{repo}@{commit}" for repo, commit in sorted(pins.items()))

    def judged_as(self, wanted: Wanted) -> JudgedMember | None:
        """What became of it."""
        return self.by_key.get((wanted.repo, wanted.revision))

    def commit_of(self, wanted: Wanted) -> str | None:
        """The commit at which a loader is known to take it; None where it follows a branch."""
        return pinned_at(wanted, self.pins)
