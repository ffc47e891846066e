"""What a file is, by its bytes alone: a name is a promise, and this is what it is held against.

The order is the order of harm: whatever some loader would run or unpack is recognised before what
the same bytes would be to a reader of data.
"""

from __future__ import annotations

import codecs
import re

from provenance.errors import Malformed
from provenance.formats import archive, compressed, gguf, npy, onnx, pickle
from provenance.model import Kind

HEAD = 65_536
TAIL = 65_558

EXECUTABLES = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xbe\xba\xfe\xca",
    b"\x00asm",
    b"dex\n03",
    b"!<arch>\n",
)
HDF5 = b"\x89HDF\r\n\x1a\n"
HDF5_OFFSETS = (0, 512, 1024, 2048, 4096, 8192, 16_384, 32_768)
LFS_POINTER = re.compile(
    rb"version https?://[^\n]{1,200}\n(?:[a-z0-9.-]+ [^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\n(?:[a-z0-9.-]+ [^\n]*\n)*size ([0-9]{1,19})\n?"
)
MAX_POINTER = 1_024
MAX_SAFETENSORS_LENGTH = 2**32
# C0 controls that no text holds: all but white space and ESC. No byte of a longer UTF-8 character
# is among them.
CONTROL = bytes((*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)))


def sniff(head: bytes, tail: bytes, size: int) -> Kind:
    """The kind of a file of `size` bytes with this head (`HEAD` bytes) and tail (`TAIL` bytes).

    A shorter file is its own head and tail. A zip is only known to be one: `archive.zip_kind` tells
    which.
    """
    if not size:
        return Kind.EMPTY
    return _harmful(head, tail, size) or _data(head, size) or _text(head, tail, size) or Kind.BINARY


def lfs_pointer(data: bytes) -> tuple[str, int] | None:
    """SHA-256 and size that a git-lfs pointer stands for, if that is what the bytes are."""
    found = LFS_POINTER.fullmatch(data) if len(data) < MAX_POINTER else None
    return (found[1].decode(), int(found[2])) if found else None


def _harmful(head: bytes, tail: bytes, size: int) -> Kind | None:
    if lfs_pointer(head):
        return Kind.LFS_POINTER
    if head.startswith(EXECUTABLES) or (head.startswith(b"MZ") and not _is_text(head, size)):
        return Kind.EXECUTABLE
    if archive.is_zip(head, tail, size):
        return Kind.ZIP
    if archive.is_tar(head):
        return Kind.TAR
    if not _is_safetensors(head) and compressed.is_compressed(head, whole=len(head) == size):
        return Kind.COMPRESSED
    if HDF5 in head and any(head.startswith(HDF5, offset) for offset in HDF5_OFFSETS):
        return Kind.HDF5
    if not _is_safetensors(head) and pickle.is_pickle(head, whole=len(head) == size):
        return Kind.PICKLE
    if _is_safetensors(head) and pickle.is_program(head):
        return Kind.PICKLE
    return Kind.SCRIPT if head.startswith(b"#!") else None


def _data(head: bytes, size: int) -> Kind | None:
    if head.startswith(gguf.MAGIC):
        return Kind.GGUF
    if head.startswith(npy.MAGIC):
        return _npy(head)
    if _is_safetensors(head):
        return Kind.SAFETENSORS
    return Kind.ONNX if onnx.is_onnx(head) and not _is_text(head, size) else None


def _npy(head: bytes) -> Kind | None:
    try:
        return Kind.NPY_OBJECTS if npy.parse(head).objects else Kind.NPY
    except Malformed:
        return None


def _is_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < MAX_SAFETENSORS_LENGTH


def _text(head: bytes, tail: bytes, size: int) -> Kind | None:
    whole = size <= len(head)
    if not _is_text(head, size) or not (whole or _is_text(_from_character(tail), len(tail))):
        return None
    return Kind.JSON if head.lstrip()[:1] in {b"{", b"["} else Kind.TEXT


def _is_text(data: bytes, size: int) -> bool:
    """Whether bytes are UTF-8 without control characters; the last character may be cut off."""
    if len(data.translate(None, CONTROL)) != len(data):
        return False
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data, final=len(data) >= size)
    except UnicodeDecodeError:
        return False
    return True


def _from_character(tail: bytes) -> bytes:
    """The tail from its first whole character on."""
    if len(tail) < TAIL:
        return tail
    start = next((n for n, byte in enumerate(tail[:4]) if byte & 0xC0 != 0x80), 0)
    return tail[start:]
