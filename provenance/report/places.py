"""The table of places that speak of parents as the end of a manual page, for 80 columns."""

from __future__ import annotations

from provenance.claims.places import Place, Reader, places, readers
from provenance.report.loaders import wrapped

PAGE = "ancestry"
"""The name of the page that this table ends."""


def table() -> str:
    """Every place that is read: by whom it is written, where it stands, what it means."""
    said = (*map(_row, places()), *map(_reader, readers()))
    rows = "\n".join(line for words in said for line in wrapped(words, 1))
    return f"Places that are read (a hint is what a program left, and no declaration):\n\n{rows}"


def _row(row: Place) -> str:
    key = ".".join(row.keys)
    revision = f", at {row.revision}" if row.revision else ""
    beside = f", beside {' or '.join(row.beside)}" if row.beside else ""
    part = f"for its {row.part} part" if row.part else ""
    means = " ".join(filter(None, (row.relation, part, "hint" if row.hint else "")))
    where = f"{row.by}: {key} in {', '.join(row.files)}{revision}{beside}"
    return "; ".join(filter(None, (where, means, row.pitfalls)))


def _reader(row: Reader) -> str:
    where = f"{row.by}: {', '.join(row.files)}: {row.form}"
    return "; ".join(filter(None, (where, row.pitfalls)))
