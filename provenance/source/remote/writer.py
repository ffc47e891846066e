"""Where an admitted model may be put: exactly its bytes, its evidence, and where they came from.

Every writer keeps three promises. Each file is hashed again while it is read, and nothing usable is
there where one is not what was admitted. What others put in the place stays as it is. Whoever ends
a run in the middle leaves no tag and no import attestation, and the same run again completes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.model import Document
from provenance.source.evidence_files import split
from provenance.source.progress import Step
from provenance.source.remote.store import StoreOptions, module_of
from provenance.wire.bundle import Opened
from provenance.wire.imported import Imported, imported

WRITERS: Mapping[str, str] = {
    "oci": "provenance.source.oci.writing",
    "s3": "provenance.source.bucket.writing",
    "gs": "provenance.source.bucket.writing",
    "az": "provenance.source.bucket.writing",
    "file": "provenance.source.folder_writing",
}
"""By the scheme of a place the module whose `writer(source, options)` is a Writer."""
IMPORT = "import{}.intoto.jsonl"
CHUNK = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One admitted file: its path in the model, what it is, and where it lies here."""

    path: str
    size: int
    sha256: str
    place: Path

    def chunks(self, step: Step) -> Iterator[bytes]:
        """Its bytes; SourceError before the last of them where they are not the admitted ones."""
        digest, size = hashlib.sha256(), 0
        with self._opened() as stream, ThreadPoolExecutor(1) as hasher:
            chunk = stream.read(CHUNK)
            while chunk:
                size += len(chunk)
                hashed = hasher.submit(digest.update, chunk)
                following = stream.read(CHUNK) if size <= self.size else b""
                if not following:
                    hashed.result()
                    self._check(digest.hexdigest(), size)
                yield chunk
                hashed.result()
                step.advance(len(chunk))
                chunk = following
        self._check(digest.hexdigest(), size)

    def _opened(self) -> BinaryIO:
        try:
            return self.place.open("rb")
        except OSError as error:
            raise SourceError(f"{self.place}: {error.strerror or error}") from None

    def _check(self, sha256: str, size: int) -> None:
        if (sha256, size) != (self.sha256, self.size):
            raise SourceError(
                f"{self.place}: it changed since it was admitted: expected {self.sha256}, "
                f"{self.size} bytes; found {sha256}, {size} bytes. Nothing usable was published: "
                "find out who writes there, then `provenance fetch`"
            )


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is put into a store: the files, the `evidence` files beside them by name, and what the
    import attestation says, which `sign` makes once every file was hashed again. `counts` tells
    whether an attestation that lies there is as good as one that is made now.

    `tag` is what a registry is to call it; `replacing` says that an earlier promotion may give way.
    """

    name: str
    files: tuple[Item, ...]
    evidence: Mapping[str, bytes]
    said: Imported
    sign: Callable[[], bytes]
    counts: Callable[[Opened], bool]
    tag: str = ""
    replacing: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(item.size for item in self.files)

    @cached_property
    def key(self) -> str:
        """What two parcels share that are one and the same."""
        digest = hashlib.sha256(
            repr((sorted(self.said.subjects.items()), self.said.origin)).encode()
        )
        for name, data in sorted(self.evidence.items()):
            digest.update(repr((name, hashlib.sha256(data).hexdigest())).encode())
        return digest.hexdigest()

    @property
    def import_name(self) -> str:
        """How the file of the import attestation is called: as no file of the model is."""
        taken, number = {item.path for item in self.files}, 1
        while (name := IMPORT.format(f"-{number}" if number > 1 else "")) in taken:
            number += 1
        return name

    def attested(self) -> bytes:
        """The file of the import attestation, after those of earlier copies."""
        before = self.evidence.get(self.import_name, b"")
        return (
            before + (b"\n" if before and not before.endswith(b"\n") else b"") + self.sign() + b"\n"
        )

    def is_attested_in(self, data: bytes) -> bool:
        """Whether such a file says just this of just these files, by somebody who counts."""
        return any(
            self.said in _said([one]) and self.counts(Opened(document=one))
            for one in split(self.import_name, data)
        )

    @property
    def beside(self) -> Mapping[str, bytes]:
        """The evidence files but for that of the import attestation, which comes last."""
        return {name: data for name, data in self.evidence.items() if name != self.import_name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where a parcel lies: as it is typed, and its revision, which does not change; `already` says
    that it lay there before."""

    place: str
    revision: str
    already: bool = False


class Writer(Protocol):
    """One place in a store that a model is put into."""

    def deliver(self, parcel: Parcel) -> Delivered:
        """The parcel lies there, whole, and nothing else.

        ConfigError where something lies there that may not give way, SourceError for a file that is
        not what was admitted and where the store does not answer: nothing usable is there then.
        """


def writer(source: str, options: StoreOptions) -> Writer:
    """What puts models into a place such as `oci://host/repository`.

    ConfigError for a scheme that is not known, and where what writes there is not installed.
    """
    found: Writer = module_of(source, WRITERS).writer(source, options)
    return found


def said_in(name: str, data: bytes) -> tuple[Imported, ...]:
    """What the import statements of an evidence file say, whoever signed them."""
    return tuple(_said(split(name, data)))


def _said(documents: Iterable[Document]) -> Iterator[Imported]:
    for document in documents:
        statement = Opened(document=document).statement
        try:
            if not isinstance(statement, Malformed):
                yield imported(statement)
        except Malformed:
            continue


def foreign(place: str, paths: Iterable[str]) -> ConfigError:
    """That a place holds files of others."""
    message = f"holds files that promote did not put there: {_listed(paths)}. Name an empty place"
    return ConfigError(message, path=place)


def altered(place: str, paths: Iterable[str]) -> ConfigError:
    """That a place holds an earlier promotion, of which these files were changed or removed."""
    message = f"{_listed(paths)}: changed since promote put it there. Find out who did that"
    return ConfigError(f"{message}; add --replace to put this in its place", path=place)


def _listed(paths: Iterable[str]) -> str:
    found = sorted(paths)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def earlier(place: str) -> ConfigError:
    """That a place holds an earlier promotion."""
    message = "holds an earlier promotion: add --replace to put this in its place"
    return ConfigError(message, path=place)
