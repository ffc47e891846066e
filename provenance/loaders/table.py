"""The table of loaders: one TOML file each beside this module, read when somebody first asks.

A loader's file has `name`, `versions`, `known` (`recorded` request by request, `read` in its
source, `documented`, or `unverified` where people say so and nobody looked) and `source` of that
knowledge, and rows of three kinds: `[[opens]]`, `[[executes]]` and `[[fetches]]`. Patterns are
those of `include`: `*` does not cross `/`, and one without `/` means a file in any folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, TypeVar

T = TypeVar("T")

KNOWN = ("recorded", "read", "documented", "unverified")
"""How something is known of a loader, the best way first."""
LAST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Opens:
    """What one way of loading opens: `files` in the order of preference.

    `absent` are asked for where an ordinary model has none, so that anybody could add one.
    `decides` are those that change which weights or code are used: by being there, or where they
    have a `key` (`a.b` is one in another), by what it holds; if `beside` names files, only where
    one of them is in the same folder. `note` then says what is used, as a sentence without a stop
    in which `it` is the file. `by` is the program, where a file of the table has several.
    """

    what: str
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()
    key: str = ""
    beside: tuple[str, ...] = ()
    note: str = ""
    known: str = ""
    by: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every pattern of it, each once: what anybody could add stands before what is there."""
        return tuple(dict.fromkeys((*self.absent, *self.decides, *self.files)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Executes:
    """What runs or commands: the `files` themselves, or what `key` names in them.

    `flag` is what the caller must say first, as trust_remote_code; empty where nothing is asked.
    """

    files: tuple[str, ...]
    key: str = ""
    flag: str = ""
    note: str = ""
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetches:
    """What is fetched by the name that `key` of one of the `files` holds.

    In `key`, `*` is any one key and `**` any number of them, none too. `form` says how the value is
    read (see `provenance.closure.forms`), and `names` gives the repository for a value that is no
    name of one. `revision` is the key beside it that the loader honours, `follows` the branch where
    none is stated, and `brings` what comes: weights, code, tokenizer, kernel. `only` says under
    which circumstances it is fetched, where that is not always.

    A row with `missing` has no key: where one of the `files` is there and a file of that name is
    not beside it, the loader fetches the repository that `names` has for it.
    """

    files: tuple[str, ...]
    brings: str
    key: str = ""
    form: str = "repository"
    names: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    follows: str = "main"
    revision: str = ""
    only: str = ""
    note: str = ""
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """A loader, and what is known of it: `versions`, how, and from which `source`.

    Of several that open a file, those of a lower `rank` are named first: most people use them.
    """

    name: str
    versions: str
    known: str
    source: str
    rank: int = LAST
    opens: tuple[Opens, ...] = ()
    executes: tuple[Executes, ...] = ()
    fetches: tuple[Fetches, ...] = ()


def loader_of(table: dict[str, object]) -> Loader:
    """The loader of a parsed file; TypeError for a key that none has."""
    rows = {"opens": Opens, "executes": Executes, "fetches": Fetches}
    words: dict[str, Any] = dict(table)
    made = {name: rows_of(kind, words.pop(name, None)) for name, kind in rows.items()}
    return Loader(**words | made)


def rows_of(kind: Callable[..., T], rows: Any) -> tuple[T, ...]:
    """A value of `kind` for each table of `rows`; TypeError for a key that it lacks."""
    return tuple(kind(**{key: _frozen(value) for key, value in row.items()}) for row in rows or ())


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


@cache
def loaders() -> tuple[Loader, ...]:
    """Every loader that is known, in the order of their files' names."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml"))
    ordered = sorted(files, key=lambda file: file.name)
    return tuple(loader_of(tomllib.loads(file.read_text("utf-8"))) for file in ordered)
