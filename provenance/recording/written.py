"""The files that a program names in its own text, and in what it holds while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, islice
from types import CodeType, FrameType

MOST = 10_000
"""Texts that are looked at."""
LONGEST = 1024


def files_named(frame: FrameType | None) -> tuple[str, ...]:
    """The regular files whose paths stand in the programs that have called, the nearest first."""
    texts = chain.from_iterable(_texts(one) for one in _callers(frame))
    return tuple(dict.fromkeys(text for text in islice(texts, MOST) if _is_file(text)))


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _texts(frame: FrameType) -> Iterator[str]:
    yield from (value for value in list(frame.f_locals.values()) if isinstance(value, str))
    yield from _written(frame.f_code)


def _written(part: object) -> Iterator[str]:
    """The texts in a constant: a list of them is one, and so is a function that is defined."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        yield from chain.from_iterable(map(_written, part))
    elif isinstance(part, CodeType):
        yield from _written(part.co_consts)


def _is_file(text: str) -> bool:
    try:
        return 0 < len(text) < LONGEST and os.path.isfile(text)
    except ValueError:
        return False
