"""What changed in a lockfile, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.lock import Change
from provenance.report.common import printable
from provenance.report.human import Line, Span


def change_lines(what: str, changes: Sequence[Change]) -> Iterator[Line]:
    """Each change of the lockfile on one line, below what became of it."""
    yield (Span(f"{what}:"),)
    for change in changes:
        values = " → ".join(printable(text) for text in (change.old, change.new) if text)
        said = f"  {printable(change.name)}  {change.what}" + (f"  {values}" if values else "")
        yield (Span(said),)
