"""Finding, reading and writing the caller's `provenance.lock`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.lock import Entry, Lock, dumps, loads
from provenance.registry.file import read_text
from provenance.source.files import alone_in, refuse_link, write
from provenance.workspace.settings import folders, is_own
from provenance.workspace.subjects import Subject

FILE_NAME = "provenance.lock"


def find(
    start: Path, judged: Sequence[Path], *, home: Path | None, settings: Path | None
) -> Path | None:
    """The lockfile beside the caller's `settings`, else the nearest from `start` upwards.

    None where there is none outside of every judged directory that is the caller's own; another
    user's is a ConfigError, since a lock that is passed over in silence protects nobody.
    """
    places = [settings.parent] if settings else folders(start, judged, home)
    for folder in places:
        file = folder / FILE_NAME
        if os.path.lexists(file):
            if not is_own(file, os.geteuid()):
                raise ConfigError(
                    "belongs to another user, or everybody may write it: name it with --lockfile "
                    "if it is yours",
                    path=str(file),
                )
            return file
    return None


def load(path: Path) -> Lock:
    """The lock of a file, or ConfigError with the path inside it."""
    return loads(read_text(path), source=path.name)


def save(path: Path, lock: Lock, *, known: Lock | None) -> bool:
    """The file holds the lock, which was made over `known`; whether it had to be written.

    ConfigError, and nothing written, where something else lies there than a lock of this version
    (a link too, whatever it leads to), or where a model has what no lockfile may hold (a name with
    a backslash, which was waived). SourceError where the file is not `known` any more: what another
    run has locked since would be lost.
    """
    text = dumps(lock)
    loads(text, source=path.name)
    refuse_link(path)
    try:
        with alone_in(path.parent):
            return _replaced(path, text, known)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(path)) from None


def answering(lock: Lock | None, subject: Subject) -> Entry | None:
    """The entry of a lockfile that is an answer to what is asked for of a Hub or store: one of the
    same repository, place and revision, and where the revision was typed, at just this commit."""
    entry = lock.named(subject.name) if lock and subject.place is None else None
    if entry is None or (entry.repo, entry.source) != (subject.ref.repo, subject.ref.source):
        return None
    asked = subject.ref.revision
    same = asked == entry.commit if subject.typed else asked in (entry.revision, entry.commit)
    return entry if same else None


def _replaced(path: Path, text: str, known: Lock | None) -> bool:
    present = load(path) if os.path.lexists(path) else None
    if present != known:
        raise SourceError(f"{path}: another run has changed it meanwhile: run this one again")
    if present and read_text(path) == text:
        return False
    write(path, text)
    return True
