"""The folder in which the evidence on a fleet lies, and the verdicts on it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.fleet.checksums import has_checksum, with_checksum
from provenance.source.files import NO_LOCKS, write_bytes

EVIDENCE, HEADS, EDGES, FILES, VERDICTS = "evidence", "heads", "edges", "files", "verdicts"
RUN = "run.json"
LOCK = ".lock"
PART = re.compile(r"part-([0-9]{6,12})-([0-9a-f]{32})\.parquet")
DIGITS = 32
INDEXES = (EDGES, FILES)
"""What is derived from each part of evidence, and can be made again from it."""
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
            step = f"`{cls(root=root).command('gather LIST')}` makes one"
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

    def names_in(self, *folder: str) -> tuple[str, ...]:
        """What lies in a folder, in order; nothing where there is no such folder.

        Raises SourceError for one that nobody lets us read.
        """
        place = self.place(*folder)
        try:
            return tuple(sorted(os.listdir(place)))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise SourceError(f"{place}: cannot be read: {error.strerror}") from None

    def named(self, *folder: str) -> tuple[Part, ...]:
        """The parts of which a folder has a file, that of evidence where none is named, whatever is
        in it; in their order."""
        found = map(PART.fullmatch, self.names_in(*(folder or (EVIDENCE,))))
        return tuple(sorted(Part(number=int(one[1]), digest=one[2]) for one in found if one))

    def parts(self, *, whole: bool = True) -> tuple[Part, ...]:
        """The parts of evidence that are what was written, or those that are not, in their order.

        Raises SourceError for one that nobody lets us read.
        """
        return tuple(part for part in self.named() if self.stands(part, EVIDENCE) is whole)

    def gone(self) -> tuple[Part, ...]:
        """The parts that have an index and no evidence any more, in their order."""
        indexed = {part for folder in INDEXES for part in self.named(folder)}
        return tuple(sorted(indexed.difference(self.named())))

    def stands(self, part: Part, *folder: str) -> bool:
        """Whether a folder has the file on a part as it was written, for this part.

        Raises SourceError for one that nobody lets us read.
        """
        place = self.place(*folder, part.name)
        if not place.exists():
            return False
        data = read(place)
        if folder == (EVIDENCE,):
            return Part.of(part.number, data) == part
        return has_checksum(data, _bound(part, folder))

    def derive(self, data: bytes, part: Part, *folder: str) -> None:
        """A folder has this file on a part, with its checksum; SourceError as of `write`."""
        self.write(with_checksum(data, _bound(part, folder)), *folder, part.name)

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
            raise SourceError(self.lost(part))
        return data

    def lost(self, part: Part) -> str:
        """What is said of a part whose evidence is not what it was."""
        again = f"`{self.command('gather')}` asks for its models again"
        return f"{broken(self.place(EVIDENCE, part.name))}: {again}"

    def sweep(self, *names: str) -> None:
        """What was written aside in a folder by somebody who is long gone is there no more, as far
        as it can be removed."""
        folder = self.place(*names)
        for entry in os.scandir(folder) if folder.is_dir() else ():
            # Another process may be about to rename it, or own it.
            with suppress(OSError):
                if entry.name.startswith(".") and time.time() - entry.stat().st_mtime > STALE:
                    Path(entry.path).unlink()

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Nobody else gathers into the store meanwhile; ConfigError where somebody does.

        SourceError where nothing may be written. The lock ends with its process, however that ends.
        """
        place = self.place(LOCK)
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise SourceError(f"{place}: cannot be written: {error.strerror}") from None
        try:
            _take(descriptor, self.root)
            yield
        finally:
            os.close(descriptor)

    def is_gathered_into(self) -> bool:
        """Whether somebody gathers into the store now, as far as its file system knows locks."""
        try:
            descriptor = os.open(self.place(LOCK), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            flock(descriptor, LOCK_SH | LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError)
        finally:
            os.close(descriptor)
        return False

    def command(self, verb: str) -> str:
        """The command of this store, as it is typed."""
        return f"provenance fleet {verb} --store {shlex.quote(str(self.root))}"


def _bound(part: Part, folder: tuple[str, ...]) -> str:
    """What a file on a part is called in its checksum: the verdicts of one run may be taken over by
    another."""
    return f"{folder[0]}/{part.name}"


def _take(descriptor: int, root: Path) -> None:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        message = "another `provenance fleet gather` writes there: wait for it to end"
        raise ConfigError(message, path=str(root)) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def read(place: Path) -> bytes:
    """The bytes of a file, or SourceError."""
    try:
        return place.read_bytes()
    except OSError as error:
        raise SourceError(f"{place}: cannot be read: {error.strerror}") from None


def broken(place: Path) -> str:
    """What is said of a file that is not what it was; whoever says it knows what to type."""
    found = "others" if place.exists() else "no file"
    return f"{place}: expected the bytes that were written, found {found}"
