"""Settings in sections: the same pairs as the standard reader has, in time that grows evenly."""

from __future__ import annotations

import configparser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.formats import sections

HEADERS = ["[a]", "[b]", "[a.b] x", "[DEFAULT]", " [c]", "[", "[]"]
PAIRS = ["k = 1", "k:2", " k2 = v = w", "\tk3 = #1", "k4 =", "@k = ${x}", "K = 1", "=", "x"]
LINES = st.sampled_from([*HEADERS, *PAIRS, "  more", "# no", "; no", "", " "])


class Exact(configparser.ConfigParser):
    """The standard reader, whose keys stay as they are written."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def standard(text: str) -> dict[tuple[str, ...], dict[str, str]] | None:
    parser = Exact(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {tuple(name.split(".")): dict(parser.items(name)) for name in parser.sections()}


@given(st.lists(LINES, max_size=9).map("\n".join))
@example("[a]\nk = 1\n\n\n  more\n\n")
@example("[DEFAULT]\nk = x\n[DEFAULT]\nk2 = y\n[a]\nk = z")
@example("[a]\nk = 1\n# between\n  more")
def test_what_the_standard_reader_has_is_found(text: str) -> None:
    expected = standard(text)
    if expected is None:
        return
    found = {one.path: dict(one.pairs) for one in sections.ini(text.encode())}
    assert found.pop((sections.DEFAULT,)) is not None
    assert found.pop((sections.ABOVE,)) is not None
    plain = {path: {k: str(v) for k, v in pairs.items()} for path, pairs in found.items()}
    assert plain == {path: dict(pairs) for path, pairs in expected.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k = 1", 1),
        ('k = "text"', "text"),
        ("k = bare text", "bare text"),
        ('k = {"a": [1,\n  2]}', {"a": [1, 2]}),
        ("k = [not json]", "[not json]"),
        ("k = ${a.b}", "${a.b}"),
    ],
)
def test_a_value_is_what_json_says_or_its_text(text: str, value: object) -> None:
    above = next(one for one in sections.ini(text.encode()) if one.path == (sections.ABOVE,))
    assert dict(above.pairs) == {"k": value}


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"[a]\n[a]", "twice"),
        (b"a = 1\na = 2", "twice"),
        (b"a", "malformed"),
        (b"= 1", "malformed"),
        (b"a = \xff", "malformed"),
        (b"#" * (sections.MAX_INI + 1), "limit"),
    ],
)
def test_a_text_that_is_no_ini_is_malformed(data: bytes, slug: str) -> None:
    with pytest.raises(Malformed) as caught:
        sections.ini(data)
    assert caught.value.slug == slug


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"a", "malformed"),
        (b"a = \xff", "malformed"),
        (b"a" + b".a" * 100 + b" = 1", "limit"),
        (b"x = {a" + b" . 'a'" * 100 + b" = 1}", "limit"),
        (b"#" * (sections.MAX_TOML + 1), "limit"),
    ],
)
def test_a_text_that_is_no_toml_is_malformed(data: bytes, slug: str) -> None:
    with pytest.raises(Malformed) as caught:
        sections.toml(data)
    assert caught.value.slug == slug


def test_toml_is_read_with_any_line_ends_and_a_mark() -> None:
    assert sections.toml(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 2\r\n") == {"a": 1, "b": {"c": 2}}
