"""The code that trains: the commit of the caller's own repository, and whether it is just that."""

from __future__ import annotations

from provenance.errors import ConfigError
from provenance.wire.training import Material
from provenance.workspace.materials import Desk, code


def code_of(stated: str | None, desk: Desk) -> tuple[Material, ...]:
    """What is `stated`, a folder or a URI, else the commit around the desk's folder.

    ConfigError for what is stated and names nothing. Nothing where the folder lies in no
    repository, or in one that is judged, where no git may run.
    """
    if stated is not None:
        return (code(stated, desk),)
    try:
        return (code(str(desk.folder), desk),)
    except ConfigError:
        return ()
