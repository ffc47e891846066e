"""What lies in an archive that a loader opens: its documents and code, read within bounds.

NeMo's `.nemo` is a tar; `.dduf` of diffusers, `.keras` and `.mar` of TorchServe are zips, and so
may be a file of any other name. Nothing is unpacked, and no archive in an archive is opened.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TypeVar

from provenance.errors import Malformed
from provenance.formats import archive
from provenance.formats.names import suffix_of
from provenance.formats.sniff import sniff
from provenance.model import Content, Kind

NAMED = frozenset({".dduf", ".keras", ".mar", ".nemo", ".tar", ".tgz", ".zip"})
"""Suffixes of what some loader opens as an archive, whatever it is."""
LOOKED_INTO = frozenset({Kind.KERAS_ZIP, Kind.TAR, Kind.ZIP})
MAX_MEMBERS = 256
MAX_MEMBER = 4 * 1024 * 1024
MAX_READ = 16 * 1024 * 1024
"""Bytes of all the members of one archive that are kept."""
MAX_STEPS = 64 * MAX_MEMBERS
"""How often an archive is read from, or sought in: a header that leads backwards never ends."""
MAX_HEADER = 8192
DIGITS = re.compile(rb"\d{33}")
BLOCK = 512
HEAD = 4096
NAME_AT = 30
"""Where a zip has the name of its first member (APPNOTE.TXT, 4.3.7)."""

Wanted = Callable[[str], bool]
T = TypeVar("T")


def holds(path: str, kind: Kind) -> bool:
    """Whether a file of this name and kind is an archive whose members count, read or not."""
    if kind in LOOKED_INTO:
        return True
    named = suffix_of(path) in NAMED or ".tar." in path.lower()
    return named and kind not in {Kind.EMPTY, Kind.LFS_POINTER, Kind.SAFETENSORS}


def look(stream: BinaryIO, path: str, kind: Kind, wants: Wanted, limit: int) -> tuple[Content, ...]:
    """The members of the archive, those whole whose name `wants` asks for; none of what is none.

    Malformed, with the slug `limit` where there are too many or too large ones, else `zip`.
    """
    if not holds(path, kind) or kind not in {*archive.ZIPS, Kind.TAR}:
        return ()
    stream.seek(0)
    tarred = archive.is_tar(stream.read(BLOCK))
    found = tuple(_kept(_tar(stream), wants, limit)) if tarred else ()
    if kind in archive.ZIPS and not (tarred and kind is Kind.TORCH_ZIP):
        # A tar that ends with the weights of a PyTorch zip looks like that one from its end.
        found += tuple(_kept(_zip(stream), wants, limit))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """One file in an archive: how many bytes it states, and what reads so many of them."""

    path: str
    size: int
    read: Callable[[int], bytes]


def _kept(members: Iterator[_Member], wants: Wanted, limit: int) -> Iterator[Content]:
    left, seen = min(limit, MAX_READ), set[str]()
    for member in members:
        if member.path in seen:
            raise Malformed(f"{member.path[:80]!r} stands twice in it", slug="zip")
        seen.add(member.path)
        if len(seen) > MAX_MEMBERS:
            raise Malformed(f"more than {MAX_MEMBERS} members", slug="limit")
        content = _content(member, whole=wants(member.path), left=left)
        left -= len(content.head)
        yield content


def _content(member: _Member, *, whole: bool, left: int) -> Content:
    most = min(left, MAX_MEMBER) if whole else HEAD
    head = member.read(most + 1)
    if whole and (len(head) > most or len(head) < member.size):
        detail = f"{member.path[:80]!r} in it has {member.size} bytes, at most {most} are read"
        raise Malformed(detail, slug="limit")
    kind = _kind(head, max(member.size, len(head)))
    return Content(path=member.path, kind=kind, head=head if whole else b"")


def _kind(head: bytes, size: int) -> Kind:
    """The kind by a member's beginning: of a zip by the name of its first member."""
    kind = sniff(head, head if size <= len(head) else b"", size)
    if kind is not Kind.ZIP:
        return kind
    length = int.from_bytes(head[NAME_AT - 4 : NAME_AT - 2], "little")
    return archive.zip_kind([head[NAME_AT : NAME_AT + length].decode("utf-8", "replace")])


def _zip(stream: BinaryIO) -> Iterator[_Member]:
    members = archive.Members(stream)
    sizes = members.sizes
    if len(sizes) > MAX_MEMBERS:
        raise Malformed(f"{len(sizes)} members, at most {MAX_MEMBERS} are read", slug="limit")
    for name, size in sizes:
        yield _Member(path=name, size=size, read=partial(members.read, name))


def _tar(stream: BinaryIO) -> Iterator[_Member]:
    guarded = _Guarded(stream)
    try:
        guarded.seek(0)
        with tarfile.open(fileobj=guarded, mode="r:") as opened:
            while entry := guarded.header(opened.next):
                yield from _of_tar(opened, entry)
            guarded.seek(opened.offset)
            if guarded.read(BLOCK).strip(b"\0"):
                raise ValueError("it goes on behind a header that is none")
    except (tarfile.TarError, RecursionError, *archive.REFUSALS) as error:
        raise Malformed(f"unreadable tar: {str(error)[:200]}", slug="zip") from None


def _of_tar(opened: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[_Member]:
    if entry.isdir():
        return
    content = opened.extractfile(entry) if entry.isreg() else None
    if content is None or entry.issparse():
        raise Malformed(f"{entry.name[:80]!r} in it is a link or a special file", slug="zip")
    yield _Member(path=entry.name.removeprefix("./"), size=entry.size, read=content.read)


class _Guarded(archive.Bounded):
    """A bounded stream that ends a reader who goes in circles, or reads headers that are no such.

    Those of plain names and times are short; long rows of digits are what makes the standard
    reader slow (CVE-2024-6232).
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._steps, self._in_header = 0, True

    def header(self, following: Callable[[], T]) -> T:
        """What `following` reads out of one header."""
        self._in_header = True
        found = following()
        self._in_header = False
        return found

    def read(self, size: int = -1) -> bytes:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ValueError("it leads in circles")
        if self._in_header and size > MAX_HEADER:
            raise ValueError(f"a header of {size} bytes, at most {MAX_HEADER} are read")
        data = super().read(size)
        if self._in_header and DIGITS.search(data):
            raise ValueError("a header with a number of more than 32 digits")
        return data
