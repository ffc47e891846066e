"""Long JSON objects, member by member: the same values as at once, and the same refusals."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from provenance.errors import Malformed
from provenance.formats import json_members
from provenance.formats.json_members import members

OBJECTS: tuple[dict[str, Any], ...] = (
    {},
    {"a": 1},
    {"a": [1, [2], {"b": None}], "c": "\u00fc\U0001f600"},
    {"list": []},
    {"list": [{"x": 1}, 2, "three", None, [4]], "after": True},
    {"number": 12345678901234567890, "list": [1.5e300, -0.0]},
    {"\n": "\\u0041", "long": "x" * 5000, "list": ["y" * 3000] * 5},
)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
@pytest.mark.parametrize("number", range(len(OBJECTS)))
@pytest.mark.parametrize("indent", [None, 2])
def test_members_are_those_of_the_whole(
    number: int, size: int, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_members, "CHUNK", size)
    meant = OBJECTS[number]
    text = f" {json.dumps(meant, indent=indent, ensure_ascii=False)}\n".encode()
    found = list(members(BytesIO(text), apart={"list"}))
    assert [value for key, value in found if key == "list"] == meant.get("list", [])
    assert {key: value for key, value in found if key != "list"} == {
        key: value for key, value in meant.items() if key != "list"
    }


def test_what_is_apart_and_no_list_comes_whole() -> None:
    assert list(members(BytesIO(b'{"a": {"b": 1}}'), apart={"a"})) == [("a", {"b": 1})]


REFUSED = (
    (b"", "expected '{'"),
    (b"[]", "expected '{'"),
    (b"{", "expected a key"),
    (b"{,}", "expected a key"),
    (b'{"a":1,}', "expected a key"),
    (b"{1:2}", "expected a key"),
    (b'{"a" 1}', "expected ':'"),
    (b'{"a":1 "b":2}', "expected ','"),
    (b'{"a":1}x', "expected the end"),
    (b'{"a":[1,2', "the text ends there"),
    (b'{"list":[1,]}', "not JSON"),
    (b'{"list":[1 2]}', "expected ','"),
    (b'{"a":1,"a":2}', "stands twice"),
    (b'{"a":{"b":1,"b":2}}', "stands twice"),
    (b'{"a":"\\ud800"}', "surrogate"),
    (b'{"a":"\xff"}', "not UTF-8"),
    (b'{"a":"x', "not JSON"),
    (b'{"a":' + b"1" * 40 + b"}", "40 digits"),
    (b'{"a":' + b"[" * 200_000, "nested too deep"),
    (b'\xef\xbb\xbf{"a":1}', "expected '{'"),
)


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_what_is_no_object_is_malformed(data: bytes, message: str) -> None:
    with pytest.raises(Malformed) as refused:
        list(members(BytesIO(data), apart={"list"}))
    assert message in str(refused.value)


def test_one_value_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_members, "CHUNK", 16)
    monkeypatch.setattr(json_members, "MAX_VALUE", 1000)
    with pytest.raises(Malformed, match="longer than 1,000 characters"):
        list(members(BytesIO(b'{"a": "' + b"x" * 10_000 + b'"}')))
