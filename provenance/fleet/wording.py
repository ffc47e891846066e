"""What became of many models, as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.report.common import printable

if TYPE_CHECKING:
    from provenance.fleet.desk import Report
    from provenance.fleet.gathering import Gathered
    from provenance.fleet.querying import Answer


def missing(found: Gathered) -> Iterator[str]:
    """A line for each model that could not be had."""
    return (printable(f"not gathered  {ref}: {reason}") for ref, reason in found.missing)


def verdicts(found: Report) -> Iterator[str]:
    """A line for each of the worst verdicts, and for each part that could not be read."""
    yield from (printable(f"not judged  {reason}") for reason in found.unread)
    yield from (printable(f"{result}  {ref}: {reason}") for ref, result, reason in found.worst)


def notes(found: Answer) -> Iterator[str]:
    """What is said beside the rows; where verdicts are lacking, what to type stands on a line of
    its own."""
    yield from (f"note: {printable(note)}" for note in found.notes)
    if found.gaps:
        yield f"note: models that have no verdict in this run: {found.gaps}; this judges them:"
        yield found.step


def table(found: Answer) -> Iterator[list[str]]:
    """The names of the columns, then the rows, in printable words."""
    for row in (found.columns, *found.rows):
        yield ["" if cell is None else printable(str(cell)) for cell in row]


def document(found: Answer) -> str:
    """The rows as JSON, each by the names of its columns."""
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return json.dumps(rows, ensure_ascii=False, indent=2, default=str)
