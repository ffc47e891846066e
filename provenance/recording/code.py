"""The code that trains: the commit of the caller's own repository, and whether it is just that."""

from __future__ import annotations

from provenance.errors import ConfigError
from provenance.wire.training import Material
from provenance.workspace.git import Repository
from provenance.workspace.materials import Desk, code, repository


def code_of(stated: str | None, desk: Desk) -> tuple[Material, ...]:
    """What is `stated`, a folder or a URI, else the commit around the desk's folder, if it lies in
    a repository. ConfigError for what is stated and names nothing."""
    if stated is not None:
        return (code(stated, desk),)
    try:
        return (repository(Repository.around(desk.folder, desk.environment)),)
    except ConfigError:
        return ()
