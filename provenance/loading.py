"""What loading a model opens, runs and fetches by name: a value out of a case, and no judgement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.case.members import JudgedMember
from provenance.claims.claim import CodeClaim
from provenance.closure.claim import MemberClaim
from provenance.verdict import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A repository that loaders fetch: what they ask for, and what became of it.

    `revision` is what the loader asks for (`main` where nothing is stated), `commit` where it was
    looked at, and `pinned` whether it can be no other. `result` is None where nobody judged it, and
    `reason` says why, or who vouches for it. `only` says when it is fetched, if not always.
    """

    repo: str
    revision: str
    commit: str | None
    pinned: bool
    loaders: tuple[str, ...]
    brings: tuple[str, ...]
    places: tuple[str, ...]
    result: Result | None
    reason: str
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What loading a model does: the files that a loader reads, what runs, what is fetched, and
    what could not be followed."""

    name: str
    commit: str | None
    opens: tuple[str, ...]
    runs: tuple[CodeClaim, ...]
    fetches: tuple[Fetched, ...]
    unread: tuple[MemberClaim, ...]

    @classmethod
    def of(cls, case: Case) -> Loading:
        """What is known of the model of a case."""
        claims = tuple(dict.fromkeys(case.closure.claims.all))
        return cls(
            name=case.subject,
            commit=case.evidence.ref.commit,
            opens=tuple(sorted(case.files.read)),
            runs=tuple(claim for claim in case.files.code_claims if not claim.elsewhere),
            fetches=(*_fetched(case), *_sometimes(claims)),
            unread=tuple(claim for claim in claims if claim.repo is None),
        )


def _fetched(case: Case) -> Iterator[Fetched]:
    for wanted, claims in case.closure.wanted.items():
        judged = case.closure.judged_as(wanted)
        pin = case.closure.commit_of(wanted)
        result, reason = _became(judged)
        yield Fetched(
            repo=wanted.repo,
            revision=wanted.revision or "main",
            commit=pin or (judged.member.commit if judged else None),
            pinned=pin is not None,
            loaders=tuple(dict.fromkeys(claim.loader for claim in claims)),
            brings=tuple(dict.fromkeys(claim.brings for claim in claims)),
            places=tuple(dict.fromkeys(claim.place for claim in claims)),
            result=result,
            reason=reason,
        )


def _sometimes(claims: tuple[MemberClaim, ...]) -> Iterator[Fetched]:
    """What is fetched under other circumstances: nobody asked for it."""
    for claim in claims:
        if claim.only and claim.repo:
            yield Fetched(
                repo=claim.repo,
                revision=claim.revision or "main",
                commit=None,
                pinned=False,
                loaders=(claim.loader,),
                brings=(claim.brings,),
                places=(claim.place,),
                result=None,
                reason="not asked for",
                only=claim.only,
            )


def _became(judged: JudgedMember | None) -> tuple[Result | None, str]:
    if judged is None:
        return None, "it is not here, and nobody asked for it"
    if judged.verdict is not None:
        return judged.verdict.result, judged.verdict.reason
    return None, judged.member.missing or "as it is locked: its bytes are not here"
