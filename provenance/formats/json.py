"""JSON, strictly: what two parsers could read differently is refused (RFC 8259, section 4)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

from provenance.errors import Malformed
from provenance.formats.encoding import MARK, decoded

MAX_DIGITS = 32
SHOWN = 24


def loads(data: bytes, *, constants: bool = False) -> object:
    """The value of a UTF-8 JSON text, or Malformed.

    Refused beyond the grammar: duplicate keys, NaN and infinities, numbers of more than
    32 digits, nesting as deep as the interpreter's stack, lone surrogates, a byte order mark.
    `constants` admits NaN and the two infinities, which Python writes into the configurations of
    real models.
    """
    text = decoded(data)
    if text.startswith(MARK):
        raise Malformed("it begins with a byte order mark, which JSON has not: store it without")
    try:
        value: object = decoder(constants=constants).decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON{_place(error)}") from None
    except RecursionError:
        raise Malformed("JSON nested too deep") from None
    except UnicodeEncodeError:
        raise Malformed("a string holds half of a surrogate pair") from None
    return value


def decoder(*, constants: bool) -> json.JSONDecoder:
    """What reads JSON by these rules; its errors are those of `json`, or Malformed."""
    return json.JSONDecoder(
        object_pairs_hook=_object,
        parse_constant=float if constants else _constant,
        parse_int=_integer,
    )


def _place(error: json.JSONDecodeError) -> str:
    """Where reading stopped, and what stands there."""
    found = error.doc[error.pos : error.pos + SHOWN]
    stands = f"found {found!r}" if found else "the text ends there"
    return f" at line {error.lineno}, column {error.colno}: {stands}"


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise Malformed(f"the key {twice[:80]!r} stands twice in one object", slug="duplicate-key")
    return table


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Malformed(f"a number of {len(digits)} digits")
    return int(digits)


def compact(document: Mapping[str, object]) -> bytes:
    """A document of ours in UTF-8, without white space: what is signed."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def on_one_line(data: bytes | str) -> bytes:
    """JSON of ours or that was read already on one line, in ASCII, as `.jsonl` files have it."""
    return json.dumps(json.loads(data), separators=(",", ":")).encode()
