"""Binary forms that are data and nothing else, by how they begin: pictures, sound, fonts, tables.

Whatever begins in no way that is known here may be a container that nobody looked into.
"""

from __future__ import annotations

import codecs
import re

FORMS: dict[str, bytes] = {
    "pictures": rb"\x89PNG\r\n|\xff\xd8\xff|GIF8|BM.{4}\x00\x00\x00\x00|\x00\x00[\x01\x02]\x00"
    rb"|II\*\x00|MM\x00\*|8BPS",
    "sound and film": rb"RIFF.{4}|fLaC|OggS|ID3|\xff[\xe2-\xff]|FORM.{4}AIF|.{4}ftyp"
    rb"|\x1aE\xdf\xa3|#!AMR",
    "fonts": rb"wOF[F2]|\x00\x01\x00\x00\x00|OTTO|ttcf",
    "documents": rb"%PDF-",
    # Of llama.cpp: how many entries, then the length and the name of the first tensor.
    "importance matrices": rb".{2}\x00\x00[\x05-\x7f]\x00\x00\x00"
    rb"(?:blk\.[0-9]|output|token_embd|enc\.|dec\.)",
    "tables": rb"PAR1|ARROW1\x00|SQLite format 3\x00|Obj\x01|ORC",
}
MAGIC = re.compile(b"|".join(b"(?:" + form + b")" for form in FORMS.values()), re.DOTALL)
# sentencepiece.ModelProto: field 1 is a piece, whose own field 1 is its text.
PIECE = re.compile(rb"\x0a(?P<piece>[\x02-\x7f])\x0a(?P<text>[\x00-\x7d])", re.DOTALL)
CONTROLS = bytes((*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)))
FEW = 256


def is_familiar(head: bytes) -> bool:
    """Whether binary bytes begin as data of a known form, or are text but for a stray byte."""
    return MAGIC.match(head) is not None or _is_pieces(head) or _is_nearly_text(head)


def _is_pieces(head: bytes) -> bool:
    """Whether it begins with two pieces of a vocabulary, one behind the other."""
    first = PIECE.match(head)
    second = PIECE.match(head, 2 + first["piece"][0]) if first else None
    return all(found and found["text"] < found["piece"] for found in (first, second))


def _is_nearly_text(head: bytes) -> bool:
    """Text in another encoding, or a vocabulary with odd entries: hardly a control character."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _is_utf16(head)
    return len(head) - len(head.translate(None, CONTROLS)) <= len(head) // FEW


def _is_utf16(head: bytes) -> bool:
    try:
        text = head[: len(head) & ~1].decode("utf-16")
    except UnicodeDecodeError:
        return False
    return sum(not char.isprintable() and not char.isspace() for char in text) <= len(text) // FEW
