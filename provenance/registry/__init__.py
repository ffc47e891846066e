"""Where registries come from: the package itself, and files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.file import load
from provenance.registry.starter import starter
from provenance.trust import Registry, merge

__all__ = ["load", "load_all", "starter"]


def load_all(names: Sequence[str], base: Path, *, judged: Sequence[Path] = ()) -> Registry:
    """The registries of `names` as one, an earlier one before a later one, or ConfigError.

    A name is `builtin`, or the path of a file or folder, relative to `base`. None of them is read
    from inside a `judged` directory.
    """
    within = [os.path.realpath(path) for path in judged]
    return merge([_load(name, base, within) for name in names])


def _load(name: str, base: Path, judged: Sequence[str]) -> Registry:
    if name == BUILTIN:
        return starter()
    if "://" in name:
        raise ConfigError("this version cannot read a registry from a URL", path=name[:200])
    if not name.strip():
        raise ConfigError("a registry's path is empty")
    if any(Path(os.path.realpath(base / name)).is_relative_to(path) for path in judged):
        raise ConfigError("the registry lies inside the model that is judged", path=name[:200])
    return load(base / name)
