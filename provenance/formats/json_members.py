"""A JSON object that is too long to be kept: its members one after another, by the same rules."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats.json import decoder

CHUNK = 1 << 20
MAX_VALUE = 16 << 20
"""Characters of one value that is handed out whole."""
MAX_KEYS = 100_000
LOOKED_AHEAD = 4
"""Behind a number as many characters tell whether it goes on."""
SHOWN = 24
BLANK = re.compile(r"[ \t\n\r]*")
READS = decoder(constants=True)


def members(stream: BinaryIO, apart: Collection[str] = ()) -> Iterator[tuple[str, object]]:
    """Each key with its value, in the order of the text; Malformed where it is none, by the rules
    of `json.loads` but that NaN and infinities are read.

    Of a list whose key is in `apart` each item comes by itself, so that no more than one is held.
    """
    text = _Text(stream)
    text.expect("{")
    keys: set[str] = set()
    while not (text.take("}") and not keys):
        key = text.value() if text.sign() == '"' else None
        if not isinstance(key, str):
            raise text.wrong("expected a key")
        if key in keys or len(keys) >= MAX_KEYS:
            raise text.wrong(f"the key {key[:80]!r} stands twice, or is one too many")
        keys.add(key)
        text.expect(":")
        if key in apart and text.take("["):
            yield from ((key, item) for item in text.items())
        else:
            yield key, text.value()
        if text.take("}"):
            break
        text.expect(",")
    if text.sign():
        raise text.wrong("expected the end")


class _Text:
    """The text that a stream holds, as far as it was read and is not yet passed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._passed, self._ended = "", 0, 0, False

    def sign(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._at = self._blank()
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, sign: str) -> bool:
        """Whether this character comes next; it is passed then."""
        found = self.sign() == sign
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        """This character comes next and is passed, or Malformed."""
        if not self.take(sign):
            raise self.wrong(f"expected {sign!r}")

    def items(self) -> Iterator[object]:
        """The items of a list whose bracket was passed."""
        if self.take("]"):
            return
        while True:
            yield self.value()
            if self.take("]"):
                return
            self.expect(",")

    def value(self) -> object:
        """The value that comes next, passed."""
        self.sign()
        size = CHUNK
        while True:
            while len(self._text) - self._at < size and not self._ended:
                self._more()
            found = self._whole()
            if found is not None:
                return found[0]
            if size > MAX_VALUE:
                raise self.wrong(f"one value is longer than {MAX_VALUE:,} characters, or wrong")
            size *= 2

    def _whole(self) -> tuple[object] | None:
        """The value, if it ends in what was read; None where more may end it."""
        try:
            value, end = READS.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if self._ended:
                self._at = error.pos
                raise self.wrong("not JSON") from None
            return None
        except RecursionError:
            raise self.wrong("JSON nested too deep") from None
        if end + LOOKED_AHEAD > len(self._text) and not self._ended:
            return None
        if self._text.find("\\u", self._at, end) >= 0:
            self._check_pairs(value)
        self._at = end
        return (value,)

    def _check_pairs(self, value: object) -> None:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise self.wrong("a string holds half of a surrogate pair") from None

    def _blank(self) -> int:
        found = BLANK.match(self._text, self._at)
        return found.end() if found else self._at

    def _more(self) -> None:
        data = self._stream.read(CHUNK)
        self._ended = not data
        try:
            fresh = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise self.wrong(f"not UTF-8: {error.reason}") from None
        self._passed += self._at
        self._text, self._at = self._text[self._at :] + fresh, 0

    def wrong(self, message: str) -> Malformed:
        """The error for what comes next."""
        found = self._text[self._at : self._at + SHOWN]
        stands = f"found {found!r}" if found else "the text ends there"
        return Malformed(f"{message} at character {self._passed + self._at}: {stands}")
