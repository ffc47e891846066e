"""The registry that comes with the package: well-known publishers and their namespaces."""

from __future__ import annotations

import tomllib
from pathlib import Path

from provenance.registry.file import Folder
from provenance.trust import Registry

STARTER = Folder(Path(__file__).with_name("starter.toml"))


def starter() -> Registry:
    """The starter registry; it never expires, and names signers only where they are documented."""
    text = STARTER.text(STARTER.file.name)
    return Registry.from_table(tomllib.loads(text), source="builtin")
