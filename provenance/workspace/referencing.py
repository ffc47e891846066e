"""What the caller's own files load by name: found below named paths, held against the lockfile,
and pinned in place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.lock import Lock, Part
from provenance.references import Document, Locked, Row, State, form_of, judged, result, unread
from provenance.source.files import alone_in, write_bytes
from provenance.workspace import lockfile, settings
from provenance.workspace.workspace import Workspace

PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "site-packages", "__pycache__"}
    | {".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"}
)
"""Folders below a named one that hold nobody's own files."""
LONGEST = 16 << 20
HEAD = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Every reference of the files that were read, and the files that were edited."""

    rows: tuple[Row, ...]
    files: int
    edited: tuple[Path, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """The state that decides: `locked` where all are as locked."""
        return result(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file below one of the named paths, which is `top`."""

    path: Path
    top: Path

    @property
    def shown(self) -> str:
        return self.path.as_posix()


def references_of(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    lock: Path | None = None,
    fix: bool = False,
) -> References:
    """What the files at and below the paths load by name, each against the lockfile.

    With `fix` every reference that is certain is pinned in its file at the locked commit; no other
    byte changes, and neither a link nor a file elsewhere is written. ConfigError for a path that is
    not there, for a folder without a file that can be read, and for a lockfile that cannot be used.
    """
    known = _locked(workspace, lock)
    files = list(_files(workspace.folder, paths))
    rows: list[Row] = []
    edited: list[Path] = []
    left: list[str] = []
    for file in files:
        reader = _Reader(file=file, folder=workspace.folder, locked=known)
        found = reader.rows()
        if fix and any(row.fixable for row in found):
            try:
                found = reader.pinned()
                edited.append(file.path)
            except ConfigError as error:
                left.append(str(error))
        rows += found
    return References(rows=tuple(rows), files=len(files), edited=tuple(edited), left=tuple(left))


def _locked(workspace: Workspace, named: Path | None) -> Locked:
    """The commits that are locked, by repository: of models and of what loading them fetches."""
    folder, home = workspace.folder.absolute(), workspace.environment.home
    own = settings.find(folder, (), home=home).path
    path = named or lockfile.find(folder, (), home=home, settings=own)
    if path is None or not (named or path.exists()):
        return Locked()
    lock = lockfile.load(path)
    return Locked(commits=_commits(lock), code=_code(lock))


def _code(lock: Lock) -> Mapping[str, tuple[str, ...]]:
    """By repository the commits of what it runs of others."""
    return {
        entry.repo: tuple(one.commit for one in entry.members if one.brings == "code")
        for entry in lock.models()
        if entry.repo
    }


def _commits(lock: Lock) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in lock.entries:
        if entry.repo and entry.commit and entry.part is not Part.ANCESTOR:
            known = (*found.get(entry.repo, ()), entry.commit)
            found[entry.repo] = tuple(dict.fromkeys(known))
    return found


def _files(folder: Path, paths: Sequence[Path]) -> Iterator[_File]:
    """Every file to read, once, in the order of its path below each of the named ones."""
    seen: set[str] = set()
    for top in paths:
        place = folder / top
        if not os.path.lexists(place):
            raise ConfigError("expected a file or folder, found nothing", path=str(top))
        found = list(_below(place)) if place.is_dir() else [place]
        if not found:
            message = "has no file of Python, YAML, shell or Dockerfile: name another path"
            raise ConfigError(message, path=str(top))
        for path in found:
            real = os.path.realpath(path.parent) + os.sep + path.name
            if real not in seen:
                seen.add(real)
                yield _File(path=path, top=place)


def _below(top: Path) -> Iterator[Path]:
    """The files below a folder that a reader knows; links to folders are not followed."""
    for parent, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
        for name in sorted(names):
            path = Path(parent) / name
            if form_of(name, b"" if "." in name else _head(path)):
                yield path


def _head(path: Path) -> bytes:
    try:
        return _bytes(path, HEAD)
    except OSError:
        return b""


def _bytes(path: Path, limit: int) -> bytes:
    """The beginning of a regular file; OSError for anything else, a pipe too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return stream.read(limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """One file, read and held against what is locked; local folders are none of a Hub's."""

    file: _File
    folder: Path
    locked: Locked

    def rows(self) -> list[Row]:
        """The rows of the file as it is; one that says why if it cannot be read."""
        try:
            return self._judged(self._document(_bytes(self.file.path, LONGEST)))
        except OSError as error:
            return [unread(self.file.shown, f"it cannot be read: {error.strerror}")]
        except Malformed as error:
            return [unread(self.file.shown, str(error))]

    def pinned(self) -> list[Row]:
        """The rows of the file after whatever is certain was pinned in it; ConfigError."""
        place = self.file.path
        self._refuse()
        try:
            with alone_in(place.parent):
                data = _bytes(place, LONGEST)
                document = self._document(data)
                before = self._judged(document)
                wanted = {n: row.expected for n, row in enumerate(before) if row.fixable}
                kept = self._numbers(document)
                after, done = document.pinned({kept[n]: commit for n, commit in wanted.items()})
                if after is None:
                    return before
                write_bytes(place, after)
        except (OSError, Malformed) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f"cannot be written: {reason}", path=self.file.shown) from None
        fixed = {n for n, number in enumerate(kept) if number in done}
        rows = self._judged(self._document(after))
        return [replace(row, fixed=n in fixed) for n, row in enumerate(rows)]

    def _refuse(self) -> None:
        """ConfigError where another's file may lie there: a link, or one outside of the path."""
        path, shown = self.file.path, self.file.shown
        if path.is_symlink():
            raise ConfigError("is a link, which is neither followed nor replaced", path=shown)
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.file.top)):
            raise ConfigError("lies outside of the path that was named", path=shown)
        if path.stat().st_nlink > 1:
            raise ConfigError("has a second name (a hard link): edit it by hand", path=shown)

    def _document(self, data: bytes) -> Document:
        form = form_of(self.file.path.name, data[:HEAD])
        if form is None:
            raise Malformed(
                "no reader knows this kind of file: name Python, YAML, shell, Dockerfile"
            )
        return Document.of(form, data)

    def _numbers(self, document: Document) -> list[int]:
        """The references of a document that no local folder answers to."""
        found = enumerate(document.references)
        return [n for n, one in found if not (one.repo and (self.folder / one.repo).is_dir())]

    def _judged(self, document: Document) -> list[Row]:
        every = document.references
        return [judged(self.file.shown, every[n], self.locked) for n in self._numbers(document)]
