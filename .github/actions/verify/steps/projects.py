"""Which folders are judged: where a provenance.toml lies, and its lockfile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from provenance.report.common import printable
from provenance.workspace.settings import speaks

from .git import behind_a_link, git, paths
from .runner import Stopped, annotate, given

SETTINGS, PROJECT, LOCKFILE = "provenance.toml", "pyproject.toml", "provenance.lock"
CHANGED = "changed"
"""The word for every folder that the change touches."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder of the checkout, and its lockfile where another than the one beside is named."""

    folder: Path = Path()
    lockfile: Path | None = None

    @property
    def key(self) -> str:
        """What tells it from the others of the repository; empty for the usual one at the top."""
        file = os.path.normpath(self.lockfile or self.folder / LOCKFILE)
        return "" if file == LOCKFILE else file

    @property
    def title(self) -> str:
        """What a reader is told before its report."""
        return printable(self.key)

    @property
    def settings(self) -> str:
        """Where its provenance.toml lies, or would, from the top."""
        return printable((self.folder / SETTINGS).as_posix())

    @property
    def lockfile_argument(self) -> list[str]:
        """The lockfile, from the folder in which the tool runs."""
        return [os.path.relpath(self.lockfile, self.folder)] if self.lockfile else []

    @property
    def lockfile_option(self) -> list[str]:
        """The same as an option."""
        return ["--lockfile", *self.lockfile_argument] if self.lockfile else []

    @property
    def lock_digest(self) -> str:
        """SHA-256 of the lockfile, or nothing."""
        file = self.lockfile or self.folder / LOCKFILE
        known = file.is_file() and not file.is_symlink()
        return hashlib.sha256(file.read_bytes()).hexdigest() if known else ""


def projects(base: str) -> list[Project]:
    """The folders that are asked for, at least one, or Stopped."""
    words = given("WORKING_DIRECTORY").splitlines()
    folders = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if folders == [CHANGED]:
        folders = touched(base)
    if len(folders) > 1 and given("LOCKFILE"):
        raise Stopped("lockfile: names one, and working-directory several folders: leave it out")
    found = [_project(folder) for folder in folders] or [_of_lockfile()]
    for project in found:
        _check_inside(project.folder)
        if project.lockfile and base:
            _check_link(project.lockfile.parent)
    return found


def _project(folder: str) -> Project:
    lockfile = Path(given("LOCKFILE")) if given("LOCKFILE") else None
    return Project(folder=Path(os.path.normpath(folder)), lockfile=lockfile)


def _of_lockfile() -> Project:
    """Where the tool runs if nobody says: the folder of the lockfile, if its own settings lie
    there, else the top."""
    if not given("LOCKFILE"):
        return Project()
    file = Path(given("LOCKFILE"))
    named = any(os.path.lexists(file.parent / name) for name in (SETTINGS, PROJECT))
    return Project(folder=file.parent if named else Path(), lockfile=file)


def _check_inside(folder: Path) -> None:
    if folder.is_absolute() or ".." in folder.parts:
        raise Stopped(f"working-directory: expected a folder of the checkout; found {folder}")
    _check_link(folder)
    if not folder.is_dir():
        raise Stopped(f"working-directory: there is no folder {folder} in the checkout")


def _check_link(folder: Path) -> None:
    if behind_a_link(folder):
        why = "its folder is a link here, and a pull request's links are not followed"
        raise Stopped(f"{folder}: {why}")


def touched(base: str) -> list[str]:
    """Every folder with settings of which the change touches something, or Stopped.

    A file belongs to the nearest folder above it, as it is now and as it was before; one that
    belongs to none, such as a registry that several share, touches all. Without a base that is
    every folder.
    """
    fork = git("merge-base", base, "HEAD") if base else ""
    if base and not fork:
        raise Stopped(f"no commit {base} in the history: fetch it (fetch-depth: 0)")
    here, there = settings_of("HEAD"), settings_of(fork) if fork else set()
    known = here | {folder for folder in there if _locked(folder)}
    for folder in sorted(there - known):
        annotate("warning", f"{folder}: its {SETTINGS} is gone, so nothing in it was judged")
    if not known:
        raise Stopped(f"there is no {SETTINGS} in the repository: `provenance init` writes one")
    if not fork:
        return sorted(known)
    changed = paths("diff", "-z", "--name-only", "--no-renames", fork, "HEAD")
    owners = {_nearest(name, known | there) for name in changed}
    # Whoever brings settings or takes them away does not take the files from those above.
    owners |= {_nearest(name, side) for name in changed for side in (known, there)} - {""}
    return sorted(known if "" in owners else known & owners) or sorted(known)


def settings_of(commit: str) -> set[str]:
    """The folders of a commit in which settings lie."""
    names = paths("ls-tree", "-r", "-z", "--name-only", commit)
    found = [name for name in map(PurePosixPath, names) if name.name in (SETTINGS, PROJECT)]
    return {
        str(name.parent)
        for name in found
        if speaks(name.name, os.fsencode(git("show", f"{commit}:{name}")))
    }


def _locked(folder: str) -> bool:
    """Whether a lockfile still lies in a folder whose settings are gone: then they are missed."""
    return os.path.lexists(Path(folder) / LOCKFILE)


def _nearest(name: str, known: Iterable[str]) -> str:
    """The folder of `known` that a file belongs to, or empty."""
    above = map(str, PurePosixPath(name).parents)
    return next((folder for folder in above if folder in known), "")
