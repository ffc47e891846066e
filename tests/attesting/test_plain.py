"""Whatever a program knows becomes JSON that every reader reads back as the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.formats import json
from provenance.produce.plain import DEEPEST, table


class Kind(Enum):
    ONE = "one"


VALUES: tuple[tuple[object, object], ...] = (
    (float("nan"), "NaN"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
    (1e-5, 1e-5),
    (True, True),
    (None, None),
    (10**31, 10**31),
    (16**40, "0x1" + "0" * 40),
    (date(2026, 1, 1), "2026-01-01"),
    (datetime(2026, 1, 1, 2, tzinfo=UTC), "2026-01-01T02:00:00+00:00"),
    (Kind.ONE, "one"),
    (PurePosixPath("a/b"), "a/b"),
    ((1, [float("nan")]), [1, ["NaN"]]),
    ({"b", "a"}, ["a", "b"]),
    ("half \ud800", "half \\ud800"),
    (
        {1: "a", None: "b", False: "c", float("inf"): "d"},
        {"1": "a", "null": "b", "false": "c", "Infinity": "d"},
    ),
)


@pytest.mark.parametrize(("value", "plain"), VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_it_is_read_back(value: object, plain: object) -> None:
    made = table({"x": value})
    assert made == {"x": plain}
    assert json.loads(json.compact(made)) == made


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


def circular() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["again"] = [found]
    return found


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"x": b"\0"}, "holds bytes"),
        ({"x": {1: "a", "1": "b"}}, "two names"),
        (nested(DEEPEST + 1), "nested deeper"),
        (circular(), "nested deeper"),
        ({"x": list(range(200_000))}, "more than 100,000 values"),
    ],
    ids=["bytes", "twice", "deep", "circular", "many"],
)
def test_what_json_cannot_say_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        table(values, "parameters")
