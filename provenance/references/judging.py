"""What of the references is pinned: each against the commits of provenance.lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from provenance.references.naming import is_commit
from provenance.references.reference import COMMIT, Reference

CODE = "code that it takes from another repository follows main: code_revision pins that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """The commits at which each repository is locked, and those of the other repositories whose
    code it runs."""

    commits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    code: Mapping[str, Sequence[str]] = field(default_factory=dict)


class State(StrEnum):
    """How a reference stands: `locked` is the one that is as it should be."""

    LOCKED = "locked"
    DIFFERS = "differs"
    NOT_LOCKED = "not-locked"
    UNPINNED = "unpinned"
    UNKNOWN = "unknown"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reference of a file, how it stands, why, and what to type next if anything.

    `expected` is the commit of provenance.lock, empty where there is none, or several.
    """

    file: str
    reference: Reference
    state: State
    reason: str
    expected: str = ""
    next: str = ""
    fixed: bool = False

    @property
    def fixable(self) -> bool:
        """Whether an edit of the file would pin it as locked."""
        moves = self.state in (State.UNPINNED, State.DIFFERS)
        return moves and bool(self.expected) and self.reference.splice is not None


def judged(file: str, reference: Reference, locked: Locked) -> Row:
    """The row of a reference."""
    state, reason = _state(reference, locked)
    commits = locked.commits.get(reference.repo, ())
    if state is State.LOCKED and reference.code is not None:
        code = locked.code.get(reference.repo, ())
        if code and reference.code not in code:
            return _of_code(file, reference, code)
        reference = replace(reference, note=CODE if not (code or reference.code) else "")
    expected = commits[0] if len(commits) == 1 else ""
    row = Row(file=file, reference=reference, state=state, reason=reason, expected=expected)
    return replace(row, next=_next(row, len(commits)))


def _of_code(file: str, reference: Reference, code: Sequence[str]) -> Row:
    """The row of a model that is pinned, and whose code would come from elsewhere at another
    commit than is locked."""
    found = f"at {reference.code[:80]}" if reference.code else "at main"
    known = " and ".join(code)
    reason = f"its code comes from another repository {found}, provenance.lock has {known}"
    step = f'code_revision="{code[0]}"' if len(code) == 1 else "give one of the locked commits"
    plain = replace(reference, splice=None)
    return Row(file=file, reference=plain, state=State.DIFFERS, reason=reason, next=step)


def unread(file: str, reason: str) -> Row:
    """The row of a file that could not be read: what it loads is not known."""
    reference = Reference(line=1, by="this file", unknown=reason)
    return Row(file=file, reference=reference, state=State.UNKNOWN, reason=reason)


def _state(reference: Reference, locked: Locked) -> tuple[State, str]:
    revision, commits = reference.revision, locked.commits.get(reference.repo, ())
    if reference.aside:
        return State.ASIDE, "a data set or space: it is named here, and asks for nothing"
    if reference.unknown:
        return State.UNKNOWN, reference.unknown
    if not revision:
        return State.UNPINNED, "no revision: a loader follows the branch main"
    if not is_commit(revision):
        return State.UNPINNED, f"the revision {revision[:80]!r} is a branch or tag, and may move"
    if revision in commits:
        return State.LOCKED, f"pinned at {revision}, as provenance.lock has it"
    if commits:
        return State.DIFFERS, f"pinned at {revision}, provenance.lock has {' and '.join(commits)}"
    return State.NOT_LOCKED, f"pinned at {revision}, and provenance.lock has no such repository"


def _next(row: Row, commits: int) -> str:
    """What to type so that the reference is as locked; nothing where it is."""
    reference = row.reference
    if row.state in (State.LOCKED, State.ASIDE):
        return ""
    if not reference.repo:
        return "name it by a constant in the same file, or load the folder that was fetched"
    if "/" not in reference.repo:
        return "name the repository whole, as org/name: a library looks this name up by itself"
    if not commits:
        return f"provenance add {reference.repo} && provenance lock"
    if commits > 1:
        return "give one of the commits that are locked"
    return reference.hand.replace(COMMIT, row.expected)


def result(rows: Iterable[Row]) -> State:
    """The state that decides: one that is not as locked before an unknown one, locked at last."""
    states = {row.state for row in rows}
    order = (State.UNPINNED, State.DIFFERS, State.NOT_LOCKED, State.UNKNOWN)
    return next((state for state in order if state in states), State.LOCKED)
