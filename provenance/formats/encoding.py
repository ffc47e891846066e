"""Text out of bytes, and in what other encoding it seems to be written where it is not UTF-8."""

from __future__ import annotations

import codecs

from provenance.errors import Malformed

MARK = "\ufeff"
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""How texts begin in other encodings; the longer marks first, which hold the shorter."""

LOOKED_AT = 4096


def decoded(data: bytes) -> str:
    """The text, or Malformed that says what it is written in instead."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        guess = wide(data) or "Latin-1 or another old encoding"
        raise Malformed(
            f"not UTF-8: {error.reason} at byte {error.start} (it may be {guess}): "
            "store it as UTF-8"
        ) from None


def wide(data: bytes) -> str:
    """The encoding with two or four bytes a character that this text seems to be in, or nothing."""
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return name
    zeros = data[:LOOKED_AT].count(0)
    if 4 * zeros < len(data[:LOOKED_AT]) or not zeros:
        return ""
    return "UTF-16" if 8 * zeros <= 5 * len(data[:LOOKED_AT]) else "UTF-32"
