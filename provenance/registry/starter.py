"""The registry that comes with the package: well-known publishers and their namespaces."""

from __future__ import annotations

import tomllib
from importlib import resources

from provenance.trust import Registry


def starter() -> Registry:
    """The starter registry; it never expires, and names signers only where they are documented."""
    text = resources.files("provenance.registry").joinpath("starter.toml").read_text("utf-8")
    return Registry.from_table(tomllib.loads(text), source="builtin")
