"""The members of a model's closure: who is still unknown, who names whom, and at which commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.claims.files import ModelFiles
from provenance.closure.claim import MemberClaim
from provenance.closure.claims import member_claims
from provenance.model import Evidence, Member
from provenance.trust.reading import is_commit

MOST = 64
"""How many members one model may have; more are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A repository that a loader asks for, and at which revision; None for `main`."""

    repo: str
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the model, and each of its members that was looked into, makes a loader fetch.

    `by_model` are those of the model itself, `by_member` those of each of `evidence.members`.
    """

    by_model: tuple[MemberClaim, ...]
    by_member: tuple[tuple[MemberClaim, ...], ...]

    @classmethod
    def of(cls, files: ModelFiles) -> Claims:
        """The claims in the files of a model and of its members."""
        found = cls(by_model=member_claims(files), by_member=())
        inner = [
            (member.repo, files.of(member.evidence) if member.evidence else None)
            for member in files.evidence.members
        ]
        code: frozenset[str] | None = None
        while code != found.imported:
            code = found.imported
            by_member = (
                member_claims(own, imported=repo in code) if own else () for repo, own in inner
            )
            found = cls(by_model=found.by_model, by_member=tuple(by_member))
        return found

    @property
    def imported(self) -> frozenset[str]:
        """The repositories whose modules are imported."""
        return frozenset(one.repo for one in self.all if one.repo and one.brings == "code")

    @property
    def all(self) -> Iterator[MemberClaim]:
        """Every one of them."""
        yield from self.by_model
        for claims in self.by_member:
            yield from claims


def wanted_by(claim: MemberClaim) -> Wanted | None:
    """What a claim makes a loader ask for in any case, if that is known."""
    return Wanted(repo=claim.repo, revision=claim.revision) if claim.repo else None


def unresolved_members(evidence: Evidence) -> tuple[Wanted, ...]:
    """What a loader would fetch and nobody has asked for yet, in a fixed order, MOST in all.

    What is only fetched under other circumstances is not asked for, nor is the model itself.
    """
    known = {(member.repo, member.revision) for member in evidence.members}
    own = {evidence.ref.repo, evidence.facts.id if evidence.facts else None}
    found: dict[Wanted, None] = {}
    for claim in Claims.of(ModelFiles(evidence=evidence)).all:
        wanted = None if claim.only else wanted_by(claim)
        if wanted and wanted.repo not in own and (wanted.repo, wanted.revision) not in known:
            found.setdefault(wanted)
    return tuple(sorted(found, key=_order))[: max(0, MOST - len(evidence.members))]


def _order(wanted: Wanted) -> tuple[str, str]:
    return wanted.repo, wanted.revision or ""


def pinned_at(wanted: Wanted, pins: Mapping[str, str]) -> str | None:
    """The commit that a claim or the caller's pin means; None where a loader follows a branch."""
    if is_commit(wanted.revision or ""):
        return wanted.revision
    return pins.get(wanted.repo)


def pins_of(members: Sequence[str]) -> dict[str, str]:
    """By repository the commit that the caller pins, each written as `org/name@<commit>`."""
    return {repo: commit for repo, _, commit in (text.partition("@") for text in members)}


def member_of(evidence: Evidence, wanted: Wanted) -> Member | None:
    """What was found of it."""
    return next(
        (m for m in evidence.members if (m.repo, m.revision) == (wanted.repo, wanted.revision)),
        None,
    )
