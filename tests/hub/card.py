"""The front matter of a model card, as the Hub reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from tests.hub import git

FRONT = re.compile(r"---\r?\n(.*?)\r?\n---", re.DOTALL)


def front_matter(folder: Path, entries: Mapping[str, git.Entry]) -> dict[str, object] | None:
    """The table at the head of README.md, if there is one that JSON can hold."""
    readme = entries.get("README.md")
    if readme is None or readme.lfs or readme.directory:
        return None
    found = FRONT.match(git.blob(folder, readme.oid).decode(errors="replace"))
    try:
        read = json.loads(json.dumps(yaml.safe_load(found[1]) if found else None, default=str))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def tags(front: Mapping[str, object] | None) -> list[str]:
    """The card's own tags, and one for each base model it names."""
    said = front or {}
    return _texts(said.get("tags")) + [f"base_model:{name}" for name in _texts(said.get("base_model"))]


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]
