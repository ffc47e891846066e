"""Extended headers of pax, strictly: what each key may change, and for which reader.

POSIX.1-2017 pax, and what star, GNU tar, libarchive and the tools of containers add to it.

Only keys are passed by that change neither name, bytes nor kind of a member for anybody. What is
not known here is said of its member; a global header, which speaks of all members, may not have it.
"""

from __future__ import annotations

import re

from provenance.errors import Malformed

RECORD = re.compile(rb"([1-9][0-9]{0,6}) ")
NAMES = frozenset({"path", "linkpath", "size"})
"""What every reader takes from the header before a member."""
SPARSE = "GNU.sparse."
NUMBERED = re.compile(
    r"[amc]time|[ug]id|LIBARCHIVE\.creationtime|APPLE\.[a-z]+time|SCHILY\.(?:dev|ino|nlink)"
)
NUMBER = re.compile(rb"-?[0-9]{1,20}(?:\.[0-9]{0,20})?")
PLAIN = re.compile(
    r"[ug]name|comment|SCHILY\.fflags|SCHILY\.acl\.(?:access|default|ace)|RHT\.security\.selinux"
    r"|MSWINDOWS\.(?:fileattr|rawsd)"
)
"""With the numbered ones: times, owners, rights, devices, by which no member is another one."""
CHARSETS = {
    "charset": (b"ISO-IR 10646 2000 UTF-8", b"BINARY"),
    "hdrcharset": (b"ISO-IR 10646 2000 UTF-8", b"BINARY"),
}
ATTRIBUTE = re.compile(r"(?:SCHILY|LIBARCHIVE)\.xattr\.(.*)", re.DOTALL)
PLAIN_ATTRIBUTE = re.compile(
    r"security\..+|system\.(?:posix_acl_(?:access|default)|nfs4_acl)"
    r"|user\.(?!overlay\.|fuseoverlayfs\.|containers\.).+"
    r"|com\.apple\.(?!decmpfs$|ResourceFork$).+",
    re.DOTALL,
)
"""Extended attributes that no file system takes for an order: overlayfs (trusted.overlay.*,
user.overlay.*) and fuse-overlayfs lead a folder elsewhere by theirs, macOS keeps bytes in two."""


def records(data: bytes) -> dict[str, bytes]:
    """What an extended header says, by its keys; Malformed where two readers could differ."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        length = RECORD.match(data, at)
        if not length:
            raise Malformed("a pax record has no length")
        end = at + int(length[1])
        record = data[length.end() : end]
        name, equals, value = record[:-1].partition(b"=")
        if not equals or record[-1:] != b"\n" or end > len(data):
            raise Malformed("a pax record does not end where it says")
        key = name.decode("utf-8", "backslashreplace")
        if key in found:
            raise Malformed(f"a pax header says {key[:80]!r} twice")
        if key in NAMES and not value:
            raise Malformed(f"a pax header has an empty {key}, which some readers pass over")
        found[key], at = value, end
    return found


def check_global(data: bytes) -> None:
    """A header of all members changes none of them; else Malformed."""
    said = records(data)
    if found := [key for key in sorted(said) if key in NAMES or _is_strange(key, said[key])]:
        names = ", ".join(repr(key[:80]) for key in found[:4])
        raise Malformed(f"a global header sets {names} of all members")


def strange(said: dict[str, bytes]) -> tuple[str, ...]:
    """The keys by which some reader may take the member for another one, in order."""
    return tuple(key for key in sorted(said) if key not in NAMES and _is_strange(key, said[key]))


def _is_strange(key: str, value: bytes) -> bool:
    if key in CHARSETS:
        return value not in CHARSETS[key]
    if attribute := ATTRIBUTE.fullmatch(key):
        return not PLAIN_ATTRIBUTE.fullmatch(attribute[1])
    if NUMBERED.fullmatch(key):
        return not NUMBER.fullmatch(value)
    return not PLAIN.fullmatch(key)
