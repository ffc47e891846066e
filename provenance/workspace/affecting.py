"""The lockfiles that a registry's revocations mean."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.affected import Hit, affected
from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.store import FILE_NAME
from provenance.workspace import lockfile
from provenance.workspace.own_registry import with_own_file
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """The lockfiles that were looked through, what is refused in which, and by which registry."""

    files: tuple[Path, ...]
    hits: tuple[tuple[Path, Hit], ...]
    source: str


def affected_in(workspace: Workspace, request: Request, patterns: Sequence[str]) -> Affected:
    """What is refused today in the lockfiles that the patterns mean; nothing is asked of a Hub.

    Raises ConfigError for a pattern that means no file, for a file that is no lockfile, and where
    only the starter registry would be read.
    """
    session = _session(workspace, request)
    at = datetime.now(UTC)
    files = _files(patterns)
    hits = ((f, hit) for f in files for hit in affected(lockfile.load(f), session.registry, at))
    return Affected(files=files, hits=tuple(hits), source=session.registry_source)


def _session(workspace: Workspace, request: Request) -> Session:
    """The registries that are meant, or ConfigError where that is only the starter."""
    meant = with_own_file(workspace, request)
    found = workspace.session(meant, needs_models=False)
    if not meant.registry and set(found.settings.registry) == {BUILTIN}:
        raise ConfigError(
            f"there is no {FILE_NAME} here and no provenance.toml names a registry, so that only "
            f"the starter registry was read: name yours with --registry {FILE_NAME}",
            path="--registry",
        )
    return found


def _files(patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files that are meant, or ConfigError for a pattern that means none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        names = sorted(glob.glob(pattern, recursive=True))
        if not names:
            raise ConfigError("no such lockfile", path=pattern)
        found.update(dict.fromkeys(map(Path, names)))
    return tuple(found)
