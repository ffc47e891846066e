"""The loads, as `loads.toml` has them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The lines of `script` load `repo`, with `at` (a revision, or none) as keyword arguments.

    `by` are the loaders that open the repository's files, as the table of loaders calls them.
    `pins` says whether a commit is given, each way being a load of its own.
    `names` are the repositories that it fetches besides, each with the revision that is asked for;
    `stated` those that the script pins, as a policy would; `unnamed` those that no closure can
    know, for no file leads to them. `at_main` are files of the repository that are read from `main`
    also where a commit is given.
    `fails` are words of the error with which the load ends, after it has asked for files, and
    `offline` those of one that it ends with only where nothing may be asked.
    """

    name: str
    by: tuple[str, ...]
    repo: str
    script: str
    pins: tuple[bool, ...] = (False, True)
    names: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    at_main: tuple[str, ...] = ()
    fails: str = ""
    offline: str = ""


def _load(row: dict[str, Any]) -> Load:
    words: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Load(**words)


def _read() -> tuple[Load, ...]:
    table = tomllib.loads(Path(__file__).with_name("loads.toml").read_text("utf-8"))
    return tuple(_load(row) for row in table["load"])


LOADS: Sequence[Load] = _read()
