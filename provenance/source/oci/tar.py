"""Tar as it streams: what each member is, strictly (POSIX.1-2017 pax, and GNU's long names).

What two readers could take for different members is refused: Go's, which registries' tools use,
Python's and GNU's agree on the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from provenance.errors import Malformed
from provenance.source.oci import pax

BLOCK = 512
LONGEST = 1 << 20
"""Bytes of a pax header or a long name."""
MOST = 1 << 62
POSIX, GNU = b"ustar\x0000", b"ustar  \x00"
OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
BASE_256, NEGATIVE = 0x80, 0xFF
NUMBERS = ((100, 108), (108, 116), (116, 124), (136, 148), (329, 337), (337, 345))
"""Where a header has its mode, owner, group, time and device."""


class Type(Enum):
    """What a member is."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    HARD_LINK = "a second name of a file"
    DEVICE = "a device or pipe"
    SPARSE = "a file with holes"


TYPES = {
    b"0": Type.FILE,
    b"\0": Type.FILE,
    b"1": Type.HARD_LINK,
    b"2": Type.LINK,
    b"3": Type.DEVICE,
    b"4": Type.DEVICE,
    b"5": Type.FOLDER,
    b"6": Type.DEVICE,
    b"S": Type.SPARSE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member: its bytes are `size` from `offset` on; `target` is where a link leads, and
    `strange` are the keys of its pax header by which some reader may take it for another one."""

    name: bytes
    type: Type
    size: int
    offset: int
    target: bytes = b""
    strange: tuple[str, ...] = ()


class Stream:
    """Bytes that come in pieces, taken in order; `at` is how many were."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.at = 0
        self._chunks, self._chunk, self._taken = chunks, b"", 0

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes; fewer where there are no more."""
        while count > 0:
            if self._taken == len(self._chunk):
                self._chunk, self._taken = next(self._chunks, b""), 0
                if not self._chunk:
                    return
            piece = self._chunk[self._taken : self._taken + count]
            self._taken += len(piece)
            self.at += len(piece)
            count -= len(piece)
            yield piece

    def take(self, count: int) -> bytes:
        """The next `count` bytes, or Malformed where there are not so many."""
        data = b"".join(self.pieces(count))
        if len(data) != count:
            raise Malformed(f"it ends early, after {self.at} bytes: the layer was cut")
        return data

    def skip(self, count: int) -> None:
        """The next `count` bytes are gone; Malformed as `take`."""
        gone = sum(len(piece) for piece in self.pieces(count))
        if gone != count:
            raise Malformed(f"it ends early, after {self.at} bytes: the layer was cut")


@dataclass(slots=True)
class _Said:
    """What is said of the next member before its header."""

    pax: dict[str, bytes] = field(default_factory=dict)
    name: bytes | None = None
    target: bytes | None = None


def members(stream: Stream) -> Iterator[Member]:
    """Each member; what of its bytes was not taken in between is skipped. Malformed for the rest.

    After the last one all that follows was read, and was nothing but zeros.
    """
    said = _Said()
    while (head := stream.take(BLOCK)) != bytes(BLOCK):
        _check_sum(head)
        _check_numbers(head)
        kind, size = head[156:157], _number(head[124:136], "size")
        if kind in (b"x", b"g", b"L", b"K"):
            _hear(said, kind, _body(stream, size))
            continue
        member = _member(head, kind, size, said, stream.at)
        said = _Said()
        yield member
        stored = member.size if member.type in (Type.FILE, Type.SPARSE) else 0
        stream.skip(member.offset + stored + -stored % BLOCK - stream.at)
    _check_end(stream, said)


def _check_end(stream: Stream, said: _Said) -> None:
    if said != _Said():
        raise Malformed("a header speaks of a member that does not follow")
    while piece := b"".join(stream.pieces(1 << 20)):
        if piece.strip(b"\0"):
            raise Malformed("bytes follow the end of the archive: some readers go on there")


def _body(stream: Stream, size: int) -> bytes:
    if size > LONGEST:
        raise Malformed(f"a header of {size} bytes, expected {LONGEST} or fewer")
    data = stream.take(size)
    stream.skip(-size % BLOCK)
    return data


def _hear(said: _Said, kind: bytes, data: bytes) -> None:
    if kind == b"x":
        if said.pax:
            raise Malformed("two pax headers before one member")
        said.pax = pax.records(data)
    elif kind == b"g":
        pax.check_global(data)
        if said != _Said():
            raise Malformed("a global header stands between a member and what is said of it")
    elif (said.name if kind == b"L" else said.target) is not None:
        raise Malformed("two long names before one member")
    elif not data.endswith(b"\0"):
        raise Malformed("a long name has no end")
    elif kind == b"L":
        said.name = data.rstrip(b"\0")
    else:
        said.target = data.rstrip(b"\0")


def _member(head: bytes, kind: bytes, size: int, said: _Said, offset: int) -> Member:
    if (said.name is not None and "path" in said.pax) or (
        said.target is not None and "linkpath" in said.pax
    ):
        raise Malformed("a member has a long name twice")
    name = said.pax.get("path", said.name if said.name is not None else _name(head))
    target = said.pax.get("linkpath", said.target if said.target is not None else head[157:257])
    if b"\0" in name.rstrip(b"\0") or not name.rstrip(b"\0"):
        raise Malformed("a member has no name, or one that ends twice")
    if "size" in said.pax:
        size = _decimal(said.pax["size"])
    type_ = TYPES.get(kind)
    if type_ is None:
        raise Malformed(f"a member of the unknown type {kind!r}")
    if any(key.startswith(pax.SPARSE) for key in said.pax):
        type_ = Type.SPARSE
    if size and type_ not in (Type.FILE, Type.SPARSE):
        raise Malformed(f"{type_.value} that holds bytes, which some readers take for a member")
    if type_ is Type.FILE and name.endswith(b"/"):
        if size:
            raise Malformed("a folder that holds bytes")
        type_ = Type.FOLDER
    found = name.rstrip(b"\0")
    return Member(
        name=found,
        type=type_,
        size=size,
        offset=offset,
        target=target.partition(b"\0")[0],
        strange=() if type_ is Type.SPARSE else pax.strange(said.pax),
    )


def _name(head: bytes) -> bytes:
    name, prefix = (part.partition(b"\0")[0] for part in (head[:100], head[345:500]))
    if not prefix:
        return name
    if head[257:265] != POSIX:
        raise Malformed("a name has a prefix, which this form of tar has not")
    return prefix + b"/" + name


def _check_sum(head: bytes) -> None:
    """The header's sum is right (the sum of its bytes, its own field taken for blanks)."""
    if sum(head[:148]) + 32 * 8 + sum(head[156:]) != _number(head[148:156], "sum"):
        raise Malformed("a header's sum is wrong: it is not a tar, or was changed")


def _number(data: bytes, what: str) -> int:
    """Octal digits, or GNU's base 256."""
    digits = OCTAL.fullmatch(data)
    if data[0] == BASE_256:
        value = int.from_bytes(data[1:], "big")
    elif digits:
        value = int(digits[1] or b"0", 8)
    else:
        raise Malformed(f"a header's {what} is not a number")
    if value > MOST:
        raise Malformed(f"a header's {what} is not a size")
    return value


def _check_numbers(head: bytes) -> None:
    """What nobody here uses is as others read it too: some stop where it is no number."""
    for start, end in NUMBERS:
        if head[start] not in (BASE_256, NEGATIVE) and not OCTAL.fullmatch(head[start:end]):
            raise Malformed("a header has letters where a number belongs")


def _decimal(data: bytes) -> int:
    if not re.fullmatch(b"0|[1-9][0-9]{0,18}", data):
        raise Malformed("a pax size is not a number")
    return int(data)
