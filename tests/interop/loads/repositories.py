"""The repositories that are loaded, and those that they name, as `repositories.toml` has them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hub import Hub

COMMIT = re.compile(r"\{commit of ([^}]+)\}")
Content = str | dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """`name` holds the model that `makers` call `of` (and `also`), without and with these files.

    A table in `files` is merged into the JSON that is there; `{commit of org/name}` in a file
    becomes the commit of a repository further up. With a `branch`, they are there alone, and others
    on main. `copies` says which file of the model is there
    once more, under which name.
    """

    name: str
    of: str = ""
    also: str = ""
    branch: str = "main"
    files: Mapping[str, Content] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()


def _read() -> tuple[Repository, ...]:
    table = tomllib.loads(Path(__file__).with_name("repositories.toml").read_text("utf-8"))
    return tuple(Repository(**row) for row in table["repository"])


REPOSITORIES = _read()


def publish(hub: Hub, made: Path) -> dict[str, str]:
    """Every repository is on the Hub; its commit, by its name."""
    commits: dict[str, str] = {}
    for item in REPOSITORIES:
        if item.branch != "main":
            hub.commit(item.name, {"README.md": b"Look at a branch."})
        files, ref = _files(item, made, commits), f"refs/heads/{item.branch}"
        commits[item.name] = hub.commit(item.name, files, ref=ref)
    return commits


def _files(item: Repository, made: Path, commits: Mapping[str, str]) -> dict[str, bytes]:
    found = {
        path.relative_to(made / kind).as_posix(): path.read_bytes()
        for kind in filter(None, (item.of, item.also))
        for path in (made / kind).rglob("*")
        if path.is_file()
    }
    found |= {new: found[old] for new, old in item.copies.items()}
    for path, content in item.files.items():
        text = content if isinstance(content, str) else _merged(found.get(path), content)
        found[path] = COMMIT.sub(lambda name: commits[name[1]], text).encode()
    return {path: data for path, data in found.items() if path not in item.without}


def _merged(before: bytes | None, content: dict[str, Any] | list[Any]) -> str:
    if isinstance(content, list) or before is None:
        return json.dumps(content)
    return json.dumps(_joined(json.loads(before), content))


def _joined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    inner = {
        key: _joined(old[key], value)
        for key, value in new.items()
        if isinstance(value, dict) and isinstance(old.get(key), dict)
    }
    return {**old, **new, **inner}
