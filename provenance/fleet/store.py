"""The folder in which the evidence on a fleet lies, and the verdicts on it."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.source.files import NO_LOCKS, write_bytes

EVIDENCE, HEADS, EDGES, FILES, VERDICTS = "evidence", "heads", "edges", "files", "verdicts"
RUN = "run.json"
LOCK = ".lock"
PART = re.compile(r"part-([0-9]{6,12})-([0-9a-f]{32})\.parquet")
DIGITS = 32
MAGIC = b"PAR1"
"""What a file of Parquet begins and ends with: one that was cut short does not."""
STALE = 3600.0
"""Seconds after which what was written aside belongs to nobody any more."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Part:
    """A file of evidence, by its place in the order in which they came and by its own digest."""

    number: int
    digest: str

    @property
    def name(self) -> str:
        """What its file, that of its indexes and those of verdicts on it are called."""
        return f"part-{self.number:06d}-{self.digest}.parquet"

    @classmethod
    def of(cls, number: int, data: bytes) -> Part:
        """The part that holds `data`."""
        return cls(number=number, digest=hashlib.sha256(data).hexdigest()[:DIGITS])


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStore:
    """A folder of the caller's; every file in it is written aside and renamed into place."""

    root: Path

    @classmethod
    def opened(cls, root: Path) -> FleetStore:
        """The store in a folder where `gather` made one, or ConfigError."""
        if not (root / EVIDENCE).is_dir():
            step = f"`provenance fleet gather LIST --store {root}` makes one"
            raise ConfigError(f"expected a store of evidence, found none: {step}", path=str(root))
        return cls(root=root)

    @classmethod
    def made(cls, root: Path) -> FleetStore:
        """The store in a folder, made if it is not there; ConfigError for one of another kind."""
        try:
            strange = root.exists() and not (root / EVIDENCE).is_dir() and any(root.iterdir())
            if strange:
                message = "holds other things: expected a store of evidence, or a new folder"
                raise ConfigError(message, path=str(root))
            for name in (EVIDENCE, HEADS, EDGES, FILES, VERDICTS):
                (root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot be used: {error.strerror}", path=str(root)) from None
        return cls(root=root)

    def place(self, *names: str) -> Path:
        """Where something of this name lies."""
        return self.root.joinpath(*names)

    def run(self, key: str) -> Path:
        """Where the verdicts of a run lie."""
        return self.place(VERDICTS, key)

    def parts(self, *, whole: bool = True) -> tuple[Part, ...]:
        """The parts of evidence that can be read, or those that cannot, in their order."""
        found = (PART.fullmatch(name) for name in os.listdir(self.place(EVIDENCE)))
        known = sorted(Part(number=int(one[1]), digest=one[2]) for one in found if one)
        return tuple(p for p in known if is_whole(self.place(EVIDENCE, p.name)) is whole)

    def write(self, data: bytes, *names: str) -> None:
        """The file holds `data`, whole and on disk; SourceError where it cannot be written."""
        place = self.place(*names)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(place, data)
        except OSError as error:
            raise SourceError(f"{place}: cannot be written: {error.strerror}") from None

    def evidence(self, part: Part) -> bytes:
        """The bytes of a part, which are those that it is called by, or SourceError."""
        place = self.place(EVIDENCE, part.name)
        data = read(place)
        if Part.of(part.number, data) != part:
            raise SourceError(broken(place))
        return data

    def sweep(self, *names: str) -> None:
        """What was written aside in a folder by somebody who is long gone is there no more."""
        folder = self.place(*names)
        for entry in os.scandir(folder) if folder.is_dir() else ():
            aside = entry.name.startswith(".") and entry.name != LOCK
            if aside and time.time() - entry.stat().st_mtime > STALE:
                Path(entry.path).unlink(missing_ok=True)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Nobody else gathers into the store meanwhile; ConfigError where somebody does.

        The lock ends with its process, however that ends.
        """
        descriptor = os.open(self.place(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _take(descriptor, self.root)
            yield
        finally:
            os.close(descriptor)


def _take(descriptor: int, root: Path) -> None:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        message = "another `provenance fleet gather` writes there: wait for it to end"
        raise ConfigError(message, path=str(root)) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def is_whole(place: Path) -> bool:
    """Whether the file is there and was not cut short."""
    try:
        with place.open("rb") as stream:
            begun = stream.read(len(MAGIC))
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 8))
            end = stream.read()
    except OSError:
        return False
    footer = int.from_bytes(end[:4], "little")
    return begun == end[4:] == MAGIC and footer + 12 <= size


def read(place: Path) -> bytes:
    """The bytes of a file, or SourceError."""
    try:
        return place.read_bytes()
    except OSError as error:
        raise SourceError(f"{place}: cannot be read: {error.strerror}") from None


def broken(place: Path) -> str:
    """What is said of a file of evidence that is not what it was."""
    return f"{place}: expected the bytes that were written, found others: `fleet gather` again"
