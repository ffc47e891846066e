"""Compressed files and containers, by how they begin: what is inside was not judged.

Those without a magic of their own are tried. What a trial cannot prove, or two bytes of magic,
tensors and tables begin with by chance too: such a file may be compressed, and nobody knows.
"""

from __future__ import annotations

import lzma
import re
import zlib

FORMS: dict[str, bytes] = {
    "gzip": rb"\x1f\x8b\x08",
    "compress": rb"\x1f\x9d[\x89-\x90]",
    "bzip2": rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)|BZ3v1",
    "xz": rb"\xfd7zXZ\x00",
    "lzma": rb"\x5d\x00\x00.{2}\xff{8}\x00",
    "lzip": rb"LZIP[\x00\x01]",
    "lzop": rb"\x89LZO\x00",
    "lrzip": rb"LRZI\x00",
    "lzfse": rb"bvx[-12n].{0,3}[\x00-\x08\x80-\xff]",
    "zstd": rb"[\x1e-\x28]\xb5\x2f\xfd|\x37\xa4\x30\xec",
    "lz4": rb"\x04\x22\x4d\x18|[\x02\x03]\x21\x4c\x18",
    "skippable frame": rb"[\x50-\x5f]\x2a\x4d\x18",
    "snappy": rb"\xff\x06\x00\x00sNaPpY|\x82SNAPPY\x00",
    "7z": rb"7z\xbc\xaf\x27\x1c",
    "rar": rb"Rar!\x1a\x07|RE~\x5e",
    "cab": rb"MSCF\x00\x00\x00\x00|ISc\(.{4}\x00",
    "cpio": rb"07070[12][0-9A-Fa-f]{104}|070707[0-7]{70}",
    "xar": rb"xar!\x00",
    "ar": rb"!<(?:arch|thin)>\n|<bigaf>\n",
    "rpm": rb"\xed\xab\xee\xdb",
    "lha": rb"..-l[hz][0-9ds]-",
    "ace": rb".{7}\*\*ACE\*\*",
    "zoo": rb".{20}\xdc\xa7\xc4\xfd",
    "zpaq": rb"zPQ[\x01\x02]|7kSt\xa0\x31",
    "stuffit": rb"SIT!.{6}rLau|StuffIt \(c\)",
    "wim": rb"MSWIM\x00\x00\x00",
    "squashfs": rb"(?:hsqs|sqsh|sqlz|shsq|qshs).{0,28}\x00",
    "cramfs": rb"\x45\x3d\xcd\x28|\x28\xcd\x3d\x45",
    "iso 9660": rb".{32769}CD001",
    "virtual disk": rb"QFI\xfb|KDMV[\x01-\x03]\x00|conectix\x00|vhdxfile",
    "blosc": rb"b2frame\x00|.{2}b2frame\x00",
}
"""How each begins."""

SHORT: dict[str, bytes] = {
    "pack and lzh": rb"\x1f[\x1e\xa0]",
    "binary cpio": rb"\xc7\x71.{19}[\x00-\x0f]|\x71\xc7.{18}[\x00-\x0f]",
    "arj": rb"\x60\xea.[\x00-\x0a]",
}
"""How others begin, and one of some ten thousand files of numbers."""

MAGIC = re.compile(b"|".join(b"(?:" + form + b")" for form in FORMS.values()), re.DOTALL)
SHORT_MAGIC = re.compile(b"|".join(SHORT.values()), re.DOTALL)
LZMA_HEADER = 13
MAX_LZMA_PROPERTIES = 225
MOST_DICTIONARY = 1 << 28
SAMPLE = 1 << 16
PRESET_DICTIONARY = 0x20
WINDOW = 1 << 15


def is_compressed(head: bytes, *, whole: bool = True) -> bool:
    """Whether a file that begins with `head` is compressed or a container, beyond doubt.

    `whole` says that `head` is the entire file.
    """
    return MAGIC.match(head) is not None or (_is_zlib_header(head) and _inflates(head, whole))


def may_be_compressed(head: bytes) -> bool:
    """Whether binary bytes begin as a compressed file does, and as numbers do by chance."""
    zlib_like = _is_zlib_header(head) and _is_deflated(head)
    return SHORT_MAGIC.match(head) is not None or zlib_like or _is_lzma(head)


def _is_zlib_header(head: bytes) -> bool:
    """Whether two bytes are a header of zlib, of any window (RFC 1950, section 2.2)."""
    first = head[0] if head else 0
    return first & 0x0F == 8 and first >> 4 < 8 and int.from_bytes(head[:2], "big") % 31 == 0


def _inflates(head: bytes, whole: bool) -> bool:
    """Whether it inflates to its checksum, or as far as a whole sample goes."""
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(head, SAMPLE)
    except zlib.error:
        return False
    return bool(data) and (reader.eof or not whole or len(data) == SAMPLE)


def _is_deflated(head: bytes) -> bool:
    """Whether what follows the header inflates without an error, whatever dictionary it needs."""
    begin = 6 if len(head) > 1 and head[1] & PRESET_DICTIONARY else 2
    try:
        zlib.decompressobj(-15, zdict=bytes(WINDOW)).decompress(head[begin:], SAMPLE)
    except zlib.error:
        return False
    return True


def _is_lzma(head: bytes) -> bool:
    """The header of LZMA alone: properties, a plausible dictionary, a size or none, then data."""
    if len(head) < LZMA_HEADER or head[0] >= MAX_LZMA_PROPERTIES:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    length = int.from_bytes(head[5:13], "little")
    plausible = dictionary & (dictionary - 1) == 0 or dictionary & 0xFFFFF == 0
    if dictionary < 1 << 12 or not plausible or not (length < 1 << 38 or length == 2**64 - 1):
        return False
    if dictionary > MOST_DICTIONARY:
        return True
    try:
        return bool(lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(head, 64))
    except lzma.LZMAError:
        return False
