"""The characters of a card as a page shows them."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from provenance.formats.unseen import SPACES, UNSEEN

REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
OF_NAMES = re.compile(r"[\w/.:@\s-]")
WIDE = {
    code: plain
    for code in (*range(0xFF01, 0xFF5F), 0x2044, 0x2215, 0xFE52, 0xFE63)
    if OF_NAMES.fullmatch(plain := unicodedata.normalize("NFKC", chr(code)).replace("\u2215", "/"))
}
"""Other forms of the characters of which names are made; of marks none, which would be markup."""


def seen(text: str) -> str:
    """The text without what nobody sees; spaces and the characters of names in their plain form."""
    if "&" in text:
        text = REFERENCE.sub(_referred, text)
    if text.isascii():
        return text
    text = SPACES.sub(" ", text.translate(WIDE))
    return UNSEEN.sub(lambda found: found[0] if found[0] in "\n\t" else "", text)


def _referred(found: re.Match[str]) -> str:
    """The character that is referred to, if it is one of names or a space; of markup none is."""
    text = unescape(found[0])
    if text == found[0] or not (OF_NAMES.fullmatch(text) or UNSEEN.fullmatch(text)):
        return found[0]
    return " " if text.isspace() else text
