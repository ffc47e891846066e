"""Which test files are near what has changed: by name, by import, by room. Texts in, paths out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath


class Nearness(IntEnum):
    """Why a test file is chosen; the lower, the sooner it runs."""

    CHANGED = 0
    NAMESAKE = 1
    IMPORTS = 2
    ROOM = 3
    FURTHER = 4

    @property
    def words(self) -> str:
        """The same for people."""
        return WORDS[self]


WORDS = {
    Nearness.CHANGED: "changed",
    Nearness.NAMESAKE: "named after what changed",
    Nearness.IMPORTS: "imports or names what changed",
    Nearness.ROOM: "tests the room of what changed",
    Nearness.FURTHER: "imports what imports it",
}


SERVERS = ("tests/program.py", "tests/hub/__init__.py")
"""What makes a test slow."""
IMPORT = re.compile(
    r"^[ \t]*(?:from ([\w.]+) import (\([^()]*\)|[^(\n]+)|import ([\w., ]+))$", re.MULTILINE
)
"""Read without parsing: an import too many in a text costs a test too many."""

NAMED = r"""["'/]%s["'/]"""
"""A file of package or tests, or its folder, as its readers name it."""
JOINED = r'(?:parent|parents\[\d\]|\b[A-Z]+)(?: / "[^"]+")* / "%s"'
"""Any other file: many models have a README.md, and this one begins at the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A test file, and why it is run."""

    path: str
    nearness: Nearness


def choose(graph: Graph, changed: Iterable[str]) -> tuple[Choice, ...]:
    """The test files near the changed paths, the nearest first; of these, those without a server.

    What has changed may be any file of the repository, by its path from the top, also one that is
    gone. Where nothing is near, the nearest importers are chosen, however far they are.
    """
    found: dict[str, Nearness] = {}
    for path in changed:
        for test, nearness in _near(graph, path):
            found[test] = min(nearness, found.get(test, nearness))
    slow = set[str]().union(*(each for path in SERVERS for each in graph.importers(path)))
    order = sorted(found, key=lambda test: (found[test], test in slow, test))
    return tuple(Choice(path=test, nearness=found[test]) for test in order)


def is_test(path: str) -> bool:
    """Whether pytest collects tests from it."""
    place = PurePosixPath(path)
    return place.parts[0] == "tests" and place.match("test_*.py")


def module(path: str) -> str:
    """The dotted name of a Python file."""
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def _near(graph: Graph, path: str) -> Iterator[tuple[str, Nearness]]:
    """The tests near one changed path."""
    if is_test(path) and path in graph.texts:
        yield path, Nearness.CHANGED
    tests = [test for test in graph.texts if is_test(test)]
    names = {f"test_{name}" for name in _stems(path)}
    near = [test for test in tests if PurePosixPath(test).stem in names and _rooms(test, path)]
    yield from ((test, Nearness.NAMESAKE) for test in near)
    reached = graph.importers(path)
    direct = {test for test in next(reached, set()) if is_test(test)}
    yield from ((test, Nearness.IMPORTS) for test in direct)
    room = {test for test in tests if _room(path) and test.startswith(f"tests/{_room(path)}/")}
    if path.endswith("conftest.py"):
        room = {test for test in tests if test.startswith(path.removesuffix("conftest.py"))}
    yield from ((test, Nearness.ROOM) for test in room)
    found = bool(near or direct or room or is_test(path))
    for importers in reached:
        further = {test for test in importers if is_test(test)}
        yield from ((test, Nearness.FURTHER) for test in further)
        if found or further:
            return


def _stems(path: str) -> tuple[str, ...]:
    """The names that a test of this file may have: its own, or that of the folder it makes up."""
    place = PurePosixPath(path)
    return (place.stem, *(part for part in place.parts[1:-1] if place.stem == "__init__"))


def _room(path: str) -> str:
    """The folder below provenance or tests that a path lies in, or nothing."""
    parts = PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] in ("provenance", "tests") else ""


def _rooms(test: str, path: str) -> bool:
    """Whether a test lies where tests of this path may: in its room, or at the top."""
    return _room(test) in ("", _room(path))


class Graph:
    """Who imports whom; `texts` are the Python files of the repository by path from its top."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self._paths = {module(path): path for path in texts}
        self._from: dict[str, set[str]] = {}
        for path in texts:
            for name in self._imports(path):
                self._from.setdefault(name, set()).add(path)

    def importers(self, path: str) -> Iterator[set[str]]:
        """The files that import it, then those that import these, and so on, each file once."""
        seen = {path}
        now = self._of_module(path) if path.endswith(".py") else self._naming(path)
        while now := now - seen:
            yield now
            seen |= now
            now = set().union(*map(self._of_module, now))

    def _of_module(self, path: str) -> set[str]:
        return self._from.get(module(path), set())

    def _naming(self, path: str) -> set[str]:
        """The files that name this one, or else a folder of it that anybody names."""
        *folders, own = PurePosixPath(path).parts
        if folders[:1] not in (["provenance"], ["tests"]):
            return set().union(*(self._matching(JOINED, part) for part in (*folders, own)))
        named = (self._matching(NAMED, part) for part in (own, *folders[1:]))
        return next(filter(None, named), set())

    def _matching(self, pattern: str, name: str) -> set[str]:
        found = re.compile(pattern % re.escape(name))
        return {path for path, text in self.texts.items() if found.search(text)}

    def _imports(self, path: str) -> Iterator[str]:
        """The modules whose names this file imports, wherever in it."""
        for package, names, modules in IMPORT.findall(self.texts[path]):
            for name in _names(modules or names):
                yield self._origin(package, name) if package else name

    def _origin(self, package: str, name: str) -> str:
        """The module that `from package import name` is about, through what packages pass on."""
        if f"{package}.{name}" in self._paths:
            return f"{package}.{name}"
        path = self._paths.get(package, "")
        if path.endswith("/__init__.py"):
            for inner, names, _ in IMPORT.findall(self.texts[path]):
                if inner != package and name in _names(names):
                    return self._origin(inner, name)
        return package


def _names(listed: str) -> list[str]:
    """The names of an import, by which the module itself knows them."""
    return [part.split()[0] for part in listed.strip("()").split(",") if part.strip()]
