"""The code that trains: the commit of the caller's own repository, and whether it is just that."""

from __future__ import annotations

import os
from pathlib import Path

from provenance.errors import ConfigError
from provenance.wire.training import Material, MaterialKind
from provenance.wire.training.step import Note
from provenance.workspace.environment import Environment
from provenance.workspace.git import Repository


def code_of(folder: Path, environment: Environment, *, stated: bool) -> tuple[Material, ...]:
    """The commit that is checked out around `folder`; nothing where there is none, unless it is
    `stated` that there is one: ConfigError then."""
    try:
        repository = Repository.around(folder, environment)
        commit, remote = repository.head(), repository.remote()
        notes: dict[str, Note] = {"dirty": repository.is_dirty()}
        untracked = repository.untracked()
    except ConfigError:
        if stated:
            raise
        return ()
    if untracked:
        notes["untracked"] = untracked
    below = os.path.relpath(folder.absolute(), repository.top)
    if below != ".":
        notes["path"] = Path(below).as_posix()
    return (
        Material(
            kind=MaterialKind.CODE,
            uri=f"{remote}@{commit}" if remote else "",
            digest=(("gitCommit", commit),),
            notes=tuple(sorted(notes.items())),
        ),
    )
