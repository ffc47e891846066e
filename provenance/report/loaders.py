"""The table of loaders as a page of the manual, for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from provenance.loaders.table import Executes, Fetches, Loader, Opens, loaders

PAGE = "loaders"
"""The name of the page that this table ends."""
WIDTH = 80
STEP = "  "


def table() -> str:
    """Every loader: what it opens, in order, and what runs or is fetched because of that."""
    ordered = sorted(loaders(), key=lambda loader: (loader.rank, loader.name.casefold()))
    return "\n\n".join("\n".join(_loader(loader)) for loader in ordered)


def _loader(loader: Loader) -> Iterator[str]:
    yield from wrapped(f"{loader.name} ({loader.versions})", 0)
    yield from wrapped(f"{loader.known}: {loader.source}", 1)
    own = loader.known
    opened = [row for row in loader.opens if row.files or row.absent or not row.key]
    absent = dict.fromkeys(name for row in loader.opens for name in row.absent)
    yield from _part("opens, in order", (_opened(row, own) for row in opened))
    yield from _part("anybody could add", [_listed(absent)] if absent else ())
    yield from _part("decides", (_decides(row) for row in loader.opens if row.decides))
    yield from _part("runs", (_runs(row, own) for row in loader.executes))
    yield from _part("fetches by name", (_fetched(row, own) for row in loader.fetches))


def _part(title: str, rows: Iterable[str]) -> Iterator[str]:
    listed = list(rows)
    if listed:
        yield f"{STEP}{title}"
        for row in listed:
            yield from wrapped(row, 2)


def _opened(row: Opens, own: str) -> str:
    """The files in their order; behind those that are mostly not there stands a `?`."""
    decided = [name for name in row.decides if name not in row.absent]
    names = [*decided, *row.files, *(f"{name}?" for name in row.absent)]
    note = "" if row.decides else row.note
    return f"{row.by or row.what}: {_listed(names)}{_aside(note, row.known, own)}"


def _decides(row: Opens) -> str:
    where = f"{row.key} in {_listed(row.decides)}" if row.key else _listed(row.decides)
    beside = f", beside {_listed(row.beside)}" if row.beside else ""
    return f"{where}{beside}: {row.note}"


def _runs(row: Executes, own: str) -> str:
    what = f"what {row.key} says in {_listed(row.files)}" if row.key else _listed(row.files)
    asked = f"with {row.flag}" if row.flag else "without any flag"
    return f"{what}: {asked}{_aside(row.note, row.known, own)}"


def _fetched(row: Fetches, own: str) -> str:
    own_revision = f"{row.revision} beside it, else " if row.revision else ""
    only = f", {row.only}" if row.only else ""
    files = _listed(row.files)
    where = f"{row.key} in {files}" if row.key else f"{files} without {row.missing}"
    named = _listed(f"{value or 'always'} = {repo}" for value, repo in row.names.items())
    which = f" ({named})" if named else ""
    what = f"{where}: {row.brings} at {own_revision}{row.follows}{only}{which}"
    return f"{what}{_aside(row.note, row.known, own)}"


def _aside(note: str, known: str, own: str) -> str:
    """What more is to say of a row, and how it is known where that differs from its loader."""
    said = [note, known if known != own else ""]
    return "".join(f" ({words})" for words in said if words)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def wrapped(text: str, depth: int) -> list[str]:
    """The lines of one entry of a table, so many steps in; those behind the first one step more."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=STEP * depth,
        subsequent_indent=STEP * (depth + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )
