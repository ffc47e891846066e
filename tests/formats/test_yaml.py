"""Front matter, strictly: what is read, what is refused, and that nothing hostile takes long."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import yaml


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"---\na: b\n---\n", {"a": "b"}),
        (b"\xef\xbb\xbf---\r\na: [x, y]\r\n---\r\n# T", {"a": ["x", "y"]}),
        (b"---\na: {b: null}\n...\n", {"a": {"b": None}}),
        (b"--- \na: 'x'\n---", {"a": "x"}),
        (b"---\n---\n", {}),
        (b"# no front matter\n---\na: b\n---\n", None),
        (b"", None),
        (b"\n---\na: b\n---\n", {"a": "b"}),
        (b" \t\r\n\xc2\xa0\n---\na: b\n---\n", {"a": "b"}),
        (b"---\ra: b\rc: d\r---\r# T\r", {"a": "b", "c": "d"}),
        (b"---\r\na: b\r---\n", {"a": "b"}),
        (b"---\n---\na: b\n---\n", {"a": "b"}),
        (b"words\n---\na: b\n---\n", None),
    ],
)
def test_front_matter_is_a_table_between_two_fences(data: bytes, value: object) -> None:
    assert yaml.front_matter(data) == value


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (b"a: &x 1\nb: *x", "alias"),
        (b"a: 1\na: 2", "duplicate-key"),
        (b"a: !!python/object/apply:os.system [id]", "malformed"),
        (b"a: !x 1", "tag"),
        (b"? [a]\n: b", "malformed"),
        (b"- a\n- b", "malformed"),
        (b"just text", "malformed"),
        (b"a: [", "malformed"),
        (b"a: \xff", "malformed"),
        (b"a: 2024-13-45", "malformed"),
        (b"a: " + b"[" * 10_000, "malformed"),
        (b"a: " + b"x" * (1 << 20), "limit"),
        (b"<<: {a: 1}\nb: &c {x: 1}\nd: *c", "alias"),
    ],
)
def test_what_could_mean_two_things_is_refused(text: bytes, slug: str) -> None:
    with pytest.raises(Malformed) as caught:
        yaml.front_matter(b"---\n" + text + b"\n---\n")
    assert caught.value.slug == slug


def test_a_fence_that_is_never_closed_is_refused() -> None:
    with pytest.raises(Malformed, match="without an end"):
        yaml.front_matter(b"---\na: b\n")


@given(st.binary(max_size=300))
def test_nothing_else_is_raised(data: bytes) -> None:
    with suppress(Malformed):
        yaml.front_matter(b"---\n" + data + b"\n---\n")
