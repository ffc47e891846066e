"""Who opens a file of some path, as the table of loaders has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache

from provenance.loaders.table import KNOWN, Loader, Opens, loaders
from provenance.selection import expression

Opening = tuple[Loader, Opens]
"""A loader, and the row by which it opens a file."""
Matches = Callable[[str], bool]
"""Whether a path is meant."""
NAMED = 2
"""Of those who read a file, how many are named."""
NOBODY = "no loader is known to read it, and it is not of the kinds that nobody reads"


def matcher(patterns: Iterable[str], place: str) -> Matches:
    """Whether a path is one of those that any of the patterns takes.

    As in the table: case-sensitive, and a pattern without `/` is the name of a file in any folder.
    ConfigError with the place for a pattern that cannot be read.
    """
    every = tuple(patterns)
    names = _joined((one for one in every if "/" not in one), place)
    paths = _joined((one for one in every if "/" in one), place)

    def matches(path: str) -> bool:
        return bool(names(path.rpartition("/")[2]) or paths(path))

    return matches


def _joined(patterns: Iterable[str], place: str) -> Callable[[str], re.Match[str] | None]:
    read = [expression(pattern, f"{place}: {pattern}").pattern for pattern in patterns]
    return re.compile("|".join(read) if read else r"(?!)", re.DOTALL).fullmatch


@lru_cache(maxsize=4096)
def openings(path: str) -> tuple[Opening, ...]:
    """Every row of the table that takes the path, the best known loaders first; none where no row
    does, which is no word for the file: unknown is read."""
    return tuple((loader, row) for loader, row, takes in _rows() if takes(path))


def readers(path: str) -> tuple[Loader, ...]:
    """The loaders that open a file of this path, those that most people use first."""
    return tuple({loader.name: loader for loader, _ in openings(path)}.values())


def read_by(path: str) -> str:
    """Who reads a file of this path, as a sentence without its stop."""
    names = list(dict.fromkeys(row.by or loader.name for loader, row in openings(path)))
    more = len(names) - NAMED
    match names:
        case []:
            return NOBODY
        case [one]:
            return f"{one} reads it"
        case [first, second]:
            return f"{first} and {second} read it"
    return f"{', '.join(names[:NAMED])} and {more} more read it"


@cache
def _rows() -> tuple[tuple[Loader, Opens, Matches], ...]:
    ordered = sorted(loaders(), key=lambda loader: (loader.rank, KNOWN.index(loader.known)))
    return tuple(_compiled(ordered))


def _compiled(ordered: Iterable[Loader]) -> Iterator[tuple[Loader, Opens, Matches]]:
    for loader in ordered:
        for row in loader.opens:
            yield loader, row, matcher(row.names, f"{loader.name}: {row.what}")
