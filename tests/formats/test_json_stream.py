"""Long JSON, followed by a window: the same is refused as of short JSON, and nothing is held."""

from __future__ import annotations

import io
import json
import random
import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.formats import json_stream
from provenance.formats.json_stream import spoken

SPEAKS = re.compile("auto_map")
GOOD = {
    "empty object": b"{}",
    "empty list": b" [ ] ",
    "one text": b'"a"',
    "one number": b"-1.5e+10",
    "words": b"[true, false, null]",
    "constants": b"[NaN, Infinity, -Infinity]",
    "nested": b'{"a": [1, {"b": []}, "c"], "d": {}}',
    "escapes": rb'{"a\n\u00e9": "\ud83d\ude00"}',
    "long numbers": b"[" + b"1" * 32 + b", 2]",
    "long fraction": b"[0." + b"1" * 100 + b"]",
    "umlaut": '{"ä": "🩵"}'.encode(),
}
BAD = {
    "duplicate key": b'{"a": 1, "a": 2}',
    "duplicate key in a list": b'[{"a": 1, "b": 2, "a": 3}]',
    "duplicate key by an escape": rb'{"a": 1, "\u0061": 2}',
    "huge number": b"[" + b"1" * 33 + b"]",
    "huge negative number": b"[1, -" + b"1" * 32 + b", 2]",
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "not UTF-8": b'{"a": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "two values": b"{} {}",
    "cut": b'{"a": [1, 2',
    "cut text": b'{"a": "b',
    "nothing": b"  ",
    "trailing comma": b"[1,]",
    "comma in an empty object": b"{,}",
    "no colon": b'{"a" 1}',
    "no comma": b"[1 2]",
    "wrong bracket": b"[1}",
    "closed twice": b"[]]",
    "key without quotes": b"{a: 1}",
    "number as a key": b"{1: 1}",
    "control in a text": b'["\x01"]',
    "unknown escape": rb'["\x"]',
    "half a pair": rb'["\ud800"]',
    "half a pair among others": rb'["a", "\ud800", "b"]',
    "leading zero": b"[01]",
    "lone minus": b"[-]",
}


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda size: f"window {size}")
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the window ends, the answer is the same."""
    monkeypatch.setattr(json_stream, "CHUNK", request.param)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD.keys())
def test_what_is_json_is_followed(data: bytes) -> None:
    strict.loads(data, constants=True)
    assert spoken(io.BytesIO(data), SPEAKS) == ()


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_what_is_refused_whole_is_refused_in_pieces(
    data: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", size)
    with pytest.raises(Malformed):
        strict.loads(data, constants=True)
    with pytest.raises(Malformed):
        spoken(io.BytesIO(data), SPEAKS)


@pytest.mark.usefixtures("window")
def test_keys_are_found_however_deep_and_escaped() -> None:
    data = json.dumps({"a": [{"Auto_map": 1}, {"b": {"auto_map": {}}}], "c_auto_map": "auto_map"})
    escaped = data.replace('"auto_map":', r'"\u0061uto_map":').encode()
    assert spoken(io.BytesIO(escaped), SPEAKS) == ("auto_map", "c_auto_map")


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(values, st.booleans(), st.integers(1, 50))
def test_it_agrees_with_the_reader_of_short_json(value: Any, plain: bool, cut: int) -> None:
    text = json.dumps(value, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    for data in (text, text[:-cut], text[:cut] + text[cut + 1 :]):
        assert refused(data) is refused_whole(data)


def refused(data: bytes) -> bool:
    try:
        spoken(io.BytesIO(data), SPEAKS)
    except Malformed:
        return True
    return False


def refused_whole(data: bytes) -> bool:
    try:
        strict.loads(data, constants=True)
    except Malformed:
        return True
    return False


class Rows(io.BytesIO):
    """A list of tokens as long as is asked for, and nowhere held."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._rows = self._made(count)

    def _made(self, count: int) -> Iterator[bytes]:
        noise = random.Random(1)
        yield b'{"vocab": ['
        for number in range(count):
            text = noise.randbytes(9).hex()
            yield f'{{"rank": {number}, "token_bytes": "{text}", "token_str": null}},'.encode()
        yield b"{}]}"

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """To its beginning alone."""
        return 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Some rows."""
        return b"".join(row for row, _ in zip(self._rows, range(2_000), strict=False))


def test_it_holds_a_window_of_a_long_list() -> None:
    tracemalloc.start()
    try:
        assert spoken(Rows(60_000), SPEAKS) == ()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 << 20
