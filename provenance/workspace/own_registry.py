"""Which file a registry command means where none is named: decided here, and nowhere else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.editing import Book, check_there, is_same
from provenance.registry.file import Folder, folder_of, load
from provenance.registry.fingerprints import check_fits, file_of
from provenance.registry.store import FILE_NAME
from provenance.signature import unusable
from provenance.trust import Registry
from provenance.trust.lint import Remark, Weight, lint
from provenance.trust.reading import is_url
from provenance.workspace import settings as files
from provenance.workspace.environment import Environment
from provenance.workspace.registries import short
from provenance.workspace.request import Request

if TYPE_CHECKING:
    from provenance.workspace.session import Session
    from provenance.workspace.workspace import Workspace

PUBLISHED = ("--to", "DIR", "--key", "KEY", "--online-key", "KEY")
MEANT = (
    "Where no registry is named it is ./trust.toml, else the first registry file that "
    "provenance.toml names; what judges or looks up reads the others that it names too."
)
"""The sentence with which every command says what `own_file` decides."""


def own_file(folder: Path, environment: Environment) -> Path:
    """The registry's file that is edited and looked through: the trust.toml in `folder`, else the
    first file or folder that the caller's provenance.toml names, else where a trust.toml would be.

    Raises ConfigError for a provenance.toml that cannot be read.
    """
    here = folder / FILE_NAME
    if os.path.lexists(here):
        return here
    found = files.find(folder.absolute(), (), home=environment.home).path
    return _named(files.load(found).registry if found else ()) or here


def with_own_file(workspace: Workspace, request: Request) -> Request:
    """The request by the registries that a registry command means: those that it names, else the
    file that is edited here, and then what provenance.toml names."""
    if request.registry:
        return request
    bare = replace(request, refs=(), named=None, revision=None)
    session = workspace.session(bare, needs_models=False)
    names = session.settings.registry
    file = own_file(workspace.folder, workspace.environment)
    if not file.is_file() or any(is_same(file, Path(name)) for name in names):
        return request
    return replace(request, registry=(str(file), *names))


def registry_named(name: str, workspace: Workspace) -> Registry:
    """The registry in a file or folder, at a URL, or builtin. Raises what a session does."""
    return workspace.session(Request(registry=(name,)), needs_models=False).registry


def reading(workspace: Workspace, request: Request) -> Session:
    """The session of a command that reads registries and judges no model."""
    return workspace.session(with_own_file(workspace, request), needs_models=False)


def remarks(file: Path) -> tuple[Remark, ...]:
    """What is odd about the registry in a file: what `verify` could not use, by the readers that
    it uses, then what lets in or locks out more than its words say. ConfigError for no registry."""
    check_there(file)
    registry, folder = load(file), folder_of(file)
    useless = (
        Remark(weight=Weight.PROBLEM, rule="unusable-service", where=where, message=message)
        for where, message in unusable(registry)
    )
    kept = tuple(_of_fingerprints(folder, registry))
    return (*useless, *kept, *lint(registry, datetime.now(UTC)))


def _of_fingerprints(folder: Folder, registry: Registry) -> Iterator[Remark]:
    """What is wrong with the fingerprints of roots: missing, another's, or a secret."""
    for root in (root for org in registry.orgs for root in org.roots if root.fingerprint):
        name = file_of(root)
        try:
            check_fits(root, folder.fingerprint(root), name)
        except ConfigError as error:
            step = f"put {name} there, or add the root again with its --fingerprint"
            said = f"{error}; {step}"
            yield Remark(
                weight=Weight.PROBLEM, rule="unusable-fingerprint", where=root.repo, message=said
            )


def is_judged_by(file: Path, environment: Environment) -> bool:
    """Whether the settings that hold here name the file, so that models are judged by it."""
    names = _named_here(environment)[1]
    return any(is_same(file, Path(name)) for name in names if not is_url(name))


def _named_here(environment: Environment) -> tuple[str, tuple[str, ...]]:
    """The file of the settings that hold here, and the registries that it names, if it is read."""
    try:
        found = files.find(Path.cwd(), (), home=environment.home).path
        return (found.name, files.load(found).registry) if found else ("", ())
    except ConfigError:
        return "", ()


def unnamed(file: Path, environment: Environment) -> str:
    """What to say where the settings that hold here judge by other registries than `file`, and
    none of them is published; nothing where they name it, or cannot be read, nor of a section."""
    if Book.opened(file).is_section:
        return ""
    found, names = _named_here(environment)
    if not names or is_judged_by(file, environment) or any(map(is_url, names)):
        return ""
    listed = ", ".join(f'"{name}"' for name in (file.name, BUILTIN))
    return (
        f"{found} does not name {file}, so nothing is judged by it: "
        f"under [policy], registry = [{listed}]"
    )


def _named(names: Sequence[str]) -> Path | None:
    for name in names:
        if name != BUILTIN and not is_url(name):
            place = Path(name)
            return Path(short(str(place / FILE_NAME if place.is_dir() else place)))
    return None


def next_of_edited(file: Path, environment: Environment) -> str:
    """The line to type once a registry was edited."""
    own = () if file == own_file(Path(), environment) else (str(file),)
    return shlex.join(["provenance", "registry", "check", *own])


def next_of_checked(file: Path, environment: Environment) -> str:
    """The line to type with a registry that is as it should be: it is published unless it is read
    here as it lies."""
    if is_judged_by(file, environment):
        return "provenance verify"
    own = () if file == own_file(Path(), environment) else ("--file", str(file))
    return shlex.join(["provenance", "registry", "publish", *own, *PUBLISHED])
