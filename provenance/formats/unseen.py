"""What nobody sees in a text, by a list kept here: no verdict depends on an interpreter's tables.

From Unicode 17: the controls (Cc), formats (Cf), separators (Zl, Zp), private use (Co) and
surrogates (Cs); what UAX 44 calls Default_Ignorable_Code_Point, reserved ones too; and what is
drawn as nothing though it is filed under letters and symbols. A code point without a character yet
is not unseen: a newer table may have a picture for it.
"""

from __future__ import annotations

import re
import unicodedata

UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
    "]"
)
SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""Every space (Zs) but that of ASCII."""

NEW_CASES = re.compile(
    "[\u1c89\u1c8a\u2c2f\u2c5f\ua7c0\ua7c1\ua7cb-\ua7dc\u019b\u0264"
    "\U00010570-\U000105bb\U00010d50-\U00010d85\U00016ea0-\U00016ed3]"
)
"""Letters whose other case only came after Unicode 13, the oldest table that is run here."""


def shows(text: str) -> bool:
    """Whether nothing in the text is unseen; spaces of any kind are seen."""
    return UNSEEN.search(text) is None


def folded(text: str) -> str:
    """The text as file systems without case, or with one normal form, compare it.

    Case by the letters of Unicode 13, composition by Unicode 3.2: the same on every interpreter.
    """
    if text.isascii():
        return text.lower()
    normal = unicodedata.ucd_3_2_0.normalize("NFC", text)
    apart = (c if NEW_CASES.match(c) else c.casefold() for c in normal)
    return unicodedata.ucd_3_2_0.normalize("NFC", "".join(apart))
