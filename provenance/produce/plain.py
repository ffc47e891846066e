"""What a program knows of itself as what JSON can say, and any reader of JSON reads back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from provenance.errors import ConfigError
from provenance.formats.json import MAX_DIGITS

DEEPEST = 24
"""Tables and lists within each other: the readers of in-toto follow no more than 100 messages, of
which each level takes up to three, and a statement has some of its own."""
MOST = 100_000
"""Values in one table."""


def table(values: Mapping[Any, object], path: str = "") -> dict[str, object]:
    """The table as JSON can say it, or ConfigError, whose path begins with `path`.

    Names become text, and so do NaN, infinities, numbers too long for readers, dates and whatever
    else is no value of JSON; half of a surrogate pair is spelled out. Refused: bytes, two names
    that are one as text, and what is nested too deep, as what holds itself is.
    """
    room = [MOST]
    return _table(values, path, 0, room)


def _table(
    values: Mapping[Any, object], path: str, depth: int, room: list[int]
) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in values.items():
        name = _name(key)
        where = f"{path}.{name[:80]}" if path else name[:80]
        if name in found:
            raise ConfigError("two names are the same as text: rename one", path=where)
        found[name] = _plain(value, where, depth + 1, room)
    return found


def _plain(value: object, path: str, depth: int, room: list[int]) -> object:
    room[0] -= 1
    if depth > DEEPEST:
        raise ConfigError(f"is nested deeper than {DEEPEST} levels", path=path)
    if room[0] < 0:
        raise ConfigError(f"more than {MOST:,} values: leave out what is data", path=path)
    if isinstance(value, bytes | bytearray | memoryview):
        raise ConfigError("holds bytes, which JSON cannot say: leave it out", path=path)
    if isinstance(value, Mapping):
        return _table(value, path, depth, room)
    if isinstance(value, AbstractSet):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{n}]", depth + 1, room) for n, item in enumerate(value)]
    return _single(value)


def _single(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 10**MAX_DIGITS else _digits(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _constant(value)
    return _text(value)


def _digits(value: int) -> str:
    """A long number; hexadecimal, since the interpreter writes no decimal of any length."""
    return hex(value)


def _constant(value: float) -> str:
    return json.dumps(float(value))


def _name(key: object) -> str:
    """A name as JSON writes it: `true`, `null` and numbers as there."""
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(_single(key)).strip('"')
    return _text(key)


def _text(value: object) -> str:

    text = value.isoformat() if isinstance(value, datetime | date | time) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()
