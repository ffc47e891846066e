"""The page on loaders shows the whole table, to people with a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provenance import manual
from provenance.loaders.table import Executes, Fetches, Loader, Opens, loaders
from provenance.report.explained import explained, overview
from provenance.report.loaders import PAGE, WIDTH
from tests.loaders.test_table import Row, rows

LINES = explained(PAGE).splitlines()


def part(loader: Loader) -> str:
    """What the page says of one loader, in one line."""
    start = LINES.index(f"{loader.name} ({loader.versions})")
    rest = LINES[start:]
    return " ".join(" ".join(rest[: rest.index("") if "" in rest else None]).split())


def words(row: Row) -> Iterator[str]:
    """What a reader must find of a row."""
    if isinstance(row, Opens):
        yield from row.names
        yield from row.beside
    else:
        yield from row.files
    yield row.note
    yield row.key
    if isinstance(row, Executes):
        yield row.flag
    if isinstance(row, Fetches):
        yield from (row.brings, row.follows, row.only, row.missing)
        yield from row.names.values()


def test_it_is_listed() -> None:
    assert f"{PAGE} " in overview()
    assert PAGE in manual.names()


def test_it_fits_into_80_columns() -> None:
    assert [line for line in LINES if len(line) > WIDTH] == []


@pytest.mark.parametrize("loader", loaders(), ids=lambda loader: loader.name)
def test_it_says_all_that_is_known_of_a_loader(loader: Loader) -> None:
    said = part(loader)
    assert f"{loader.known}: {loader.source}" in said
    for row in rows(loader):
        assert [word for word in words(row) if word not in said] == []
        assert row.known in said


def test_what_is_mostly_absent_is_marked() -> None:
    transformers = next(loader for loader in loaders() if loader.name == "transformers")
    said = part(transformers)
    assert "adapter_config.json?" in said
    assert "anybody could add adapter_config.json, generation_config.json" in said
    assert said.index("adapter_config.json?") < said.index("model.safetensors,")
