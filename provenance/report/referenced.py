"""References of the caller's own files: the lines people read, the table and the annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.references import Row, State
from provenance.report.common import SourceLine, printable
from provenance.report.github import annotated
from provenance.report.human import BAD, DIM, DOUBT, GOOD, Line, Span, wrapped

VERSION = 1
MARKS = {
    State.LOCKED: ("✓", GOOD),
    State.DIFFERS: ("✗", BAD),
    State.NOT_LOCKED: ("✗", BAD),
    State.UNPINNED: ("✗", BAD),
    State.UNKNOWN: ("?", DOUBT),
    State.ASIDE: ("-", DIM),
}
COMMANDS = {State.UNKNOWN: "warning", State.LOCKED: "notice", State.ASIDE: "notice"}
QUIET = (State.LOCKED, State.ASIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The rows of a run, of how many files they are, and the line that pins what can be pinned."""

    rows: Sequence[Row]
    files: int
    line: str

    @property
    def counted(self) -> str:
        """How many references stand how."""
        states = [row.state for row in self.rows]
        counts = [f"{states.count(state)} {state}" for state in State if state in states]
        told = f": {', '.join(counts)}" if counts else ""
        return f"{_many(len(states), 'reference')} in {_many(self.files, 'file')}{told}"


def reference_lines(told: Told, *, width: int = 100, quiet: bool = False) -> tuple[Line, ...]:
    """The lines of a run, wrapped to `width` columns; without those as locked if `quiet`."""
    rows = [row for row in told.rows if not (quiet and row.state in QUIET and not row.fixed)]
    lines = [line for row in rows for line in _row(row, width)]
    if not quiet or lines:
        lines.append((Span(told.counted, DIM),))
    if any(row.fixable for row in told.rows):
        lines.append((Span(f"next: {printable(told.line)}"),))
    return tuple(lines)


def _row(row: Row, width: int) -> Iterator[Line]:
    sign, tone = MARKS[row.state]
    one = row.reference
    place = f"{sign} {printable(row.file)}:{one.line}"
    name = f"  {printable(one.repo)}" if one.repo else ""
    yield Span(place, tone), Span(f"  {printable(one.by)}{name}{'  (edited)' * row.fixed}")
    yield from wrapped(_said(row), "    ", width, DIM if row.state in QUIET else "")
    if row.next:
        yield (Span(f"    next: {printable(row.next)}"),)
    if one.note:
        yield from wrapped(f"note: {printable(one.note)}", "    ", width, DIM)


def _said(row: Row) -> str:
    shown = row.expected and row.state in (State.UNPINNED, State.UNKNOWN)
    return f"{row.reason}; provenance.lock has {row.expected}" if shown else row.reason


def reference_json(told: Told) -> str:
    """The rows as JSON: file, line, by, repo, revision, expected, state, reason, next, note."""
    rows = [
        {
            "file": row.file,
            "line": row.reference.line,
            "by": row.reference.by,
            "repo": row.reference.repo or None,
            "revision": row.reference.revision or None,
            "expected": row.expected or None,
            "state": str(row.state),
            "reason": row.reason,
            "next": row.next or None,
            "note": row.reference.note or None,
            "fixable": row.fixable,
            "fixed": row.fixed,
        }
        for row in told.rows
    ]
    return json.dumps({"version": VERSION, "files": told.files, "references": rows}, indent=2)


def reference_annotations(told: Told) -> str:
    """One workflow command for each reference that is not as locked; the last line counts."""
    lines = [_annotation(row) for row in told.rows if row.state not in QUIET]
    return "\n".join([*lines, told.counted])


def _annotation(row: Row) -> str:
    one = row.reference
    words = [one.by + f" {one.repo}" * bool(one.repo), _said(row), row.next]
    message = printable(": ".join(words[:2]) + f". Next: {row.next}" * bool(row.next))
    place = SourceLine(file=row.file, line=one.line)
    return annotated(COMMANDS.get(row.state, "error"), place, f"pin/{row.state}", message)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
