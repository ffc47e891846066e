"""Files that were measured once, by their SHA-256, in a folder of the user's own cache.

A large file is a clone or a hard link of one in the Hub's cache where the file system allows it,
else a copy. While its stamp stays as it was when it was hashed, it is not hashed again; what may be
written by anybody else is copied, never linked. Small files are copied, and hashed each time.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import partial
from pathlib import Path

from provenance.errors import Malformed, SourceError
from provenance.formats import json as strict
from provenance.model import File
from provenance.source.ahead import LARGE
from provenance.source.files import write_bytes
from provenance.source.layout import Entry, small
from provenance.source.links import OPEN, clone, copy, link, others_may_write
from provenance.source.measure import Budget, Measured, measure
from provenance.source.progress import About, Progress, Silent
from provenance.source.room import check_room

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of the last change of content and of anything, in ns."""

BLOBS, INCOMING, STAMPS, EVIDENCE = "sha256", "incoming", "stamps.json", "evidence"
MAX_STAMPS = 64 << 20
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

BESIDE = (
    "set XDG_CACHE_HOME to a folder on the disk of the Hub's cache: files that only you may write "
    "to are linked there, and nothing is copied"
)
Make = Callable[[Path], bool]
Wrong = tuple[File, File | None]
"""A file that was meant, and what lay in its place, if that could be read."""


@contextmanager
def opened(folder: Path, progress: Progress) -> Iterator[Store]:
    """The store in a folder, made if need be; nobody else who asks has it until the block ends.

    SourceError where the folder is another user's, others may write there, or it has no locks.
    """
    base = folder.parent
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (status := os.lstat(base)).st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode):
        base.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS_WRITE)
    own_folder(base)
    own_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder, progress)
        for name in (BLOBS, INCOMING, EVIDENCE):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        for left in (folder / INCOMING).iterdir():
            left.unlink()
        yield Store(folder)
    finally:
        os.close(descriptor)


def own_folder(folder: Path) -> None:
    """The folder is there, this user's, and nobody else's to write to; or SourceError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or others_may_write(status):
        raise SourceError(
            f"{folder} is not a folder that only you can write to: remove it, or set "
            "XDG_CACHE_HOME to a folder of your own"
        )


def _lock(descriptor: int, folder: Path, progress: Progress) -> None:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        progress.note("another `provenance run` is being made ready: waiting for it")
        flock(descriptor, LOCK_EX)
    except OSError as error:
        raise SourceError(
            f"{folder} is on a file system without locks ({error.strerror}): set XDG_CACHE_HOME "
            "to a folder on a local disk"
        ) from None


class Store:
    """The files of a store, and the stamps of those that were measured; see `opened`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamps = dict(_read_stamps(folder / STAMPS))
        self._saved = dict(self._stamps)

    def place(self, digest: str) -> Path:
        """Where the file of this SHA-256 lies, if it is there."""
        return self.folder / BLOBS / digest[:2] / digest

    def is_known(self, file: File) -> bool:
        """Whether it lies here, large, and just as it was when it was hashed."""
        stamp = self._stamps.get(file.sha256)
        return stamp is not None and stamp == self._stamp(file.sha256) and stamp[2] == file.size

    def known(self, files: Iterable[File]) -> dict[str, str]:
        """The SHA-256 of the files that need not be hashed again, by path."""
        return {file.path: file.sha256 for file in files if self.is_known(file)}

    def linked(self, files: Iterable[File], folder: Path) -> dict[str, str]:
        """The SHA-256, by path, of the large files in a folder that are those of here, just as they
        were when they were hashed."""
        return {
            file.path: file.sha256
            for file in files
            if (stamp := self._stamps.get(file.sha256)) is not None
            and stamp == _stamp(folder / file.path)
            and stamp[2] == file.size
        }

    def lacking(self, files: Iterable[File]) -> tuple[File, ...]:
        """Those that do not lie here."""
        return tuple(file for file in files if not self.place(file.sha256).exists())

    def take(self, files: Iterable[File], sources: Mapping[str, str], progress: About) -> int:
        """The files lie here, not measured yet, from `sources` by path.

        The bytes of large files that had to be copied, because they could not be linked.
        SourceError where one cannot be read, or there is too little room.
        """
        once = {file.sha256: file for file in files}.values()
        rest = [file for file in once if not self._linked(file, sources[file.path])]
        check_room(progress.name, sum(file.size for file in rest), self.folder, BESIDE)
        copied = sum(file.size for file in rest if file.size > LARGE)
        step = progress.step("copying", copied) if copied else Silent()
        try:
            for file in rest:
                self._settle(file, partial(copy, sources[file.path], step=step))
        finally:
            step.end()
        return copied

    def check(self, files: Iterable[File], progress: Progress) -> tuple[Wrong, ...]:
        """Every one of these files, which lie here, has its digest, but for those that are
        returned, which lie here no longer. What is known is not hashed again."""
        todo = {file.sha256: file for file in files if not self.is_known(file)}
        before = {digest: self._stamp(digest) for digest in todo}
        rows = measure(
            [Entry(path=digest, place=str(self.place(digest))) for digest in todo],
            sizes=[stamp[2] if stamp else 0 for stamp in before.values()],
            needs=(),
            selected=frozenset(),
            budget=Budget(0, 0),
            progress=progress,
        )
        pairs = zip(todo.values(), rows, strict=True)
        wrong = [(file, row.file) for file, row in pairs if not self._is(file, row, before)]
        for file, _ in wrong:
            self._stamps.pop(file.sha256, None)
            self.place(file.sha256).unlink(missing_ok=True)
        self._save()
        return tuple(wrong)

    def _is(self, file: File, row: Measured, before: Mapping[str, Stamp | None]) -> bool:
        """Whether the file was measured as itself, and did not change; then it has a stamp."""
        stamp = before[file.sha256]
        same = row.file is not None and (row.file.sha256, row.file.size) == (file.sha256, file.size)
        if not same or stamp is None or stamp != self._stamp(file.sha256):
            return False
        if file.size > LARGE:
            _sync(self.place(file.sha256))
            self._stamps[file.sha256] = stamp
        return True

    def lay(self, file: File, place: Path) -> None:
        """The file lies at a new place: a large one linked, a small one as a copy."""
        blob = self.place(file.sha256)
        if file.size > LARGE:
            os.link(blob, place, follow_symlinks=False)
        else:
            copy(str(blob), place)

    @contextmanager
    def relinking(self) -> Iterator[None]:
        """Names of files here come and go meanwhile, and what was known stays known.

        Each name changes the time of a file's change, and nothing else of its stamp.
        """
        known = {d: stamp for d, stamp in self._stamps.items() if stamp == self._stamp(d)}
        try:
            yield
        finally:
            for digest, stamp in known.items():
                now = self._stamp(digest)
                if now is not None and now[:4] == stamp[:4]:
                    self._stamps[digest] = now
            self._save()

    def keep_evidence(self, name: str, bundles: Mapping[str, bytes]) -> None:
        """The evidence files of a snapshot, which no lockfile has digests of, are kept by name."""
        folder = self.folder / EVIDENCE / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, data in bundles.items():
            write_bytes(folder / path, data)

    def evidence(self, name: str, most: int) -> dict[str, bytes]:
        """The evidence files that were kept of a snapshot."""
        folder = self.folder / EVIDENCE / name
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        read = {place.name: small(str(place), most) for place in found}
        return {path: data for path, data in read.items() if data is not None}

    def _linked(self, file: File, source: str) -> bool:
        if file.size <= LARGE:
            return False
        return self._settle(file, partial(clone, source)) or self._settle(
            file, partial(link, source)
        )

    def _settle(self, file: File, make: Make) -> bool:
        """The file lies at its place if `make` made it, whole at every moment."""
        new, place = self.folder / INCOMING / file.sha256, self.place(file.sha256)
        new.unlink(missing_ok=True)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if made := make(new):
            os.replace(new, place)
        return made

    def _stamp(self, digest: str) -> Stamp | None:
        return _stamp(self.place(digest))

    def _save(self) -> None:
        here = {digest: stamp for digest, stamp in self._stamps.items() if self._stamp(digest)}
        if here != self._saved:
            write_bytes(self.folder / STAMPS, json.dumps(here, indent=0).encode())
            self._saved = here


def _stamp(place: Path) -> Stamp | None:
    try:
        now = os.lstat(place)
    except OSError:
        return None
    regular = stat.S_ISREG(now.st_mode)
    stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return stamp if regular else None


def _read_stamps(place: Path) -> Iterator[tuple[str, Stamp]]:
    """The stamps that were kept; none where they cannot be read: then everything is hashed."""
    data = small(str(place), MAX_STAMPS)
    try:
        found = strict.loads(data) if data else {}
    except Malformed:
        return
    for digest, stamp in found.items() if isinstance(found, dict) else ():
        match stamp:
            case [int(device), int(inode), int(size), int(content), int(anything)]:
                yield digest, (device, inode, size, content, anything)


def _sync(place: Path) -> None:
    """The bytes of the file are on disk for good."""
    descriptor = os.open(place, OPEN)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
