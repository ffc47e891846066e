"""JSON that is too long to be kept: followed to its end by a window, and held to the same rules.

What `json.loads` refuses is refused here too: bytes that are not UTF-8, whatever is outside the
grammar (RFC 8259), keys that stand twice, numbers of more than 32 digits, half surrogates.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats.json import MAX_DIGITS, decoder

CHUNK = 1 << 20
MAX_TOKEN = 4 << 20
MAX_DEPTH = 500
TRIES = 4
"""How often a value is taken for one that ends in the window before the window moves on."""

LOOKED_AHEAD = 4
"""Behind a number as many characters tell whether it goes on."""

MAX_KEYS = 1_000_000
"""Keys of all objects that are open at one time."""

SPACE = r"[ \t\n\r]*"
STRING = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"'
WORD = r"true|false|null|NaN|-?Infinity"
SHORT = rf"-?(?:0|[1-9][0-9]{{0,{MAX_DIGITS - 2}}})"
TOKEN = re.compile(
    rf"{SPACE}(?:(?P<sign>[{{}}\[\],:])|(?P<text>{STRING})"
    rf"|(?P<number>-?(?:0|[1-9][0-9]*)(?P<fraction>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?))"
    rf"|(?P<word>{WORD}))"
)
PLAIN_ROWS = re.compile(rf'(?:{SPACE}(?:{SHORT}|"[^"\\\x00-\x1f]*"|{WORD}){SPACE},){{1,1000}}')
"""Part of a list of short values, which needs no look at each."""

MEMBER = re.compile(
    rf'{SPACE}"(?P<key>[^"\\\x00-\x1f]*)"{SPACE}:{SPACE}'
    rf'(?:{SHORT}|"[^"\\\x00-\x1f]*"|{WORD}){SPACE},'
)
BLANK = re.compile(SPACE)
WHOLE = decoder(constants=True)

BEGIN, VALUE, KEY, COLON, AFTER, FIRST_KEY, FIRST_VALUE = range(7)


class Scan:
    """The keys of a JSON text that `speaks` matches, once `run` has followed it to its end."""

    def __init__(self, stream: BinaryIO, speaks: re.Pattern[str]) -> None:
        self._stream, self._speaks = stream, speaks
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._passed, self._ended = "", 0, 0, False
        self._open: list[set[str] | None] = []
        self._keys = 0
        self._tries = TRIES
        self._state = BEGIN
        self.found: dict[str, None] = {}

    def run(self) -> None:
        """Every byte was looked at and nothing is wrong with any, or Malformed."""
        self._stream.seek(0)
        while (token := self._next()) is not None:
            self._take(token)
        if self._open or self._state != AFTER:
            raise self._wrong("it ends before its end")

    def _next(self) -> re.Match[str] | None:
        """The next token, or None at the end."""
        while True:
            self._skip()
            token = TOKEN.match(self._text, self._at)
            if token and (self._ended or token.end() + LOOKED_AHEAD < len(self._text)):
                self._at = token.end()
                return token
            if self._ended:
                if self._text[self._at :].strip(" \t\n\r"):
                    raise self._wrong("no JSON")
                return None
            self._more()

    def _skip(self) -> None:
        """Past what can be told at one look: white space, short values, whole values."""
        at = -1
        while at != self._at:
            at = self._at = self._end_of(BLANK)
            if self._state in (KEY, FIRST_KEY):
                self._members()
            elif self._open and self._open[-1] is None and self._state in (VALUE, FIRST_VALUE):
                if (end := self._end_of(PLAIN_ROWS)) > at:
                    self._at, self._state = end, VALUE
                elif self._tries and self._text.startswith(("{", "["), at):
                    self._whole()
            elif self._state == AFTER and self._open and self._text.startswith(",", at):
                self._at, self._state = at + 1, VALUE if self._open[-1] is None else KEY

    def _end_of(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        return found.end() if found else self._at

    def _members(self) -> None:
        while member := MEMBER.match(self._text, self._at):
            self._key(member["key"])
            self._at, self._state = member.end(), KEY

    def _whole(self) -> None:
        """Past a value that ends in the window, if this is one."""
        try:
            value, end = WHOLE.raw_decode(self._text, self._at)
        except (json.JSONDecodeError, RecursionError):
            self._tries -= 1
            return
        text = self._text[self._at : end]
        if "\\" in text or self._speaks.search(text):
            self._look(value)
        self._at, self._state = end, AFTER

    def _look(self, value: object) -> None:
        """Into a value that may hold what is looked for, or half of a surrogate pair."""
        waiting = [value]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                self.found |= dict.fromkeys(filter(self._speaks.search, node))
                waiting += reversed(node.values())
                waiting += node
            elif isinstance(node, list):
                waiting += reversed(node)
            elif isinstance(node, str):
                self._check_pairs(node)

    def _more(self) -> None:
        if len(self._text) - self._at > MAX_TOKEN:
            raise self._wrong(f"one value is longer than {MAX_TOKEN} characters", slug="limit")
        data = self._stream.read(CHUNK)
        self._ended = not data
        try:
            fresh = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise self._wrong(f"not UTF-8: {error.reason}") from None
        self._tries = TRIES
        self._passed += self._at
        self._text, self._at = self._text[self._at :] + fresh, 0

    def _take(self, token: re.Match[str]) -> None:
        sign = token["sign"]
        if sign is None:
            self._scalar(token)
        elif sign in "{[" and self._state in (BEGIN, VALUE, FIRST_VALUE):
            self._begin(sign)
        elif sign in "}]":
            self._end(sign)
        elif sign == ":" and self._state == COLON:
            self._state = VALUE
        elif sign == "," and self._state == AFTER and self._open:
            self._state = VALUE if self._open[-1] is None else KEY
        else:
            raise self._wrong(f"no {sign!r} may stand there")

    def _begin(self, sign: str) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._wrong("JSON nested too deep")
        self._open.append(set() if sign == "{" else None)
        self._state = FIRST_KEY if sign == "{" else FIRST_VALUE

    def _end(self, sign: str) -> None:
        empty = FIRST_KEY if sign == "}" else FIRST_VALUE
        fits = self._open and (self._open[-1] is not None) == (sign == "}")
        if not fits or self._state not in (AFTER, empty):
            raise self._wrong(f"no {sign!r} may stand there")
        self._keys -= len(self._open.pop() or ())
        self._state = AFTER

    def _scalar(self, token: re.Match[str]) -> None:
        text, number = token["text"], token["number"]
        plain = self._plain(text) if text else ""
        if text and self._state in (KEY, FIRST_KEY):
            self._key(plain)
            self._state = COLON
        elif self._state in (BEGIN, VALUE, FIRST_VALUE):
            if number and not token["fraction"] and len(number) > MAX_DIGITS:
                raise self._wrong(f"a number of {len(number)} digits")
            self._state = AFTER
        else:
            raise self._wrong(f"no value may stand there: {token[0].strip()[:40]!r}")

    def _plain(self, text: str) -> str:
        """What a string says, without its escapes."""
        if "\\" not in text:
            return text[1:-1]
        value = str(json.loads(text))
        self._check_pairs(value)
        return value

    def _check_pairs(self, text: str) -> None:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise self._wrong("a string holds half of a surrogate pair") from None

    def _key(self, key: str) -> None:
        keys = self._open[-1]
        if keys is None or key in keys:
            raise self._wrong(
                f"the key {key[:80]!r} stands twice in one object", slug="duplicate-key"
            )
        keys.add(key)
        self._keys += 1
        if self._keys > MAX_KEYS:
            raise self._wrong(f"more than {MAX_KEYS} keys in one object", slug="limit")
        if self._speaks.search(key):
            self.found[key] = None

    def _wrong(self, message: str, *, slug: str = "malformed") -> Malformed:
        return Malformed(f"{message}, at character {self._passed + self._at}", slug=slug)


def spoken(stream: BinaryIO, speaks: re.Pattern[str]) -> tuple[str, ...]:
    """The keys of the JSON text, at any depth, that `speaks` matches, in its order; Malformed for
    a text that is none. No more than some MiB of it, and the keys that are open, are ever held."""
    scan = Scan(stream, speaks)
    scan.run()
    return tuple(scan.found)
