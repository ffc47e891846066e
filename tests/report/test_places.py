"""The page of the check ancestry ends with every place that is read."""

from __future__ import annotations

from provenance.claims.places import places, readers
from provenance.report.explained import explained
from provenance.report.loaders import WIDTH
from provenance.report.places import PAGE


def test_the_page_names_every_place() -> None:
    page = explained(PAGE)
    words = " ".join(page.split())
    for row in places():
        assert f"{row.by}: {'.'.join(row.keys)} in {', '.join(row.files)}" in words
    for reader in readers():
        assert f"{reader.by}: {', '.join(reader.files)}: {reader.form}" in words


def test_the_table_fits_a_terminal() -> None:
    table = explained(PAGE).partition("Places that are read")[2]
    assert table
    assert max(map(len, table.splitlines()[1:])) <= WIDTH
