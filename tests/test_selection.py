"""Patterns: which files the caller asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import ConfigError
from provenance.selection import matches

YES = [
    ("*.json", "config.json"),
    ("*", ".hidden"),
    ("**", "a/b/c"),
    ("**/x.json", "x.json"),
    ("**/x.json", "a/b/x.json"),
    ("**/**/x", "a/x"),
    ("onnx/", "onnx/a/b"),
    ("onnx/**", "onnx/a"),
    ("a/**/z", "a/z"),
    ("a/**/z", "a/b/c/z"),
    ("a**z", "a/b/z"),
    ("mod?l", "model"),
    ("[a-c].txt", "b.txt"),
    ("[!a-c].txt", "d.txt"),
    ("[]].txt", "].txt"),
    ("[[]x]", "[x]"),
    ("[^a]", "^"),
    ("a+b(c).txt", "a+b(c).txt"),
    ("a\nb", "a\nb"),
]
NO = [
    ("*.json", "sub/config.json"),
    ("*.json", "config.JSON"),
    ("*.json", "config.json.bak"),
    ("*.json", "config.json\n"),
    ("x.json", "a/x.json"),
    ("**/x.json", "ax.json"),
    ("onnx/", "onnx"),
    ("onnx/**", "onnx2/a"),
    ("a?b", "a/b"),
    ("a[!x]b", "a/b"),
    ("a[.-0]b", "a/b"),
    ("[!a-c].txt", "b.txt"),
    ("a.c", "abc"),
]
BAD = ["", "/", "/a", "a//b", "./a", "../a", "a/..", "a\\b", "[", "[]", "[a", "[!]", "[z-a]", "//"]


@pytest.mark.parametrize(("pattern", "path"), YES)
def test_matches(pattern: str, path: str) -> None:
    assert matches(path, [pattern], [])
    assert not matches(path, [], [pattern])
    assert not matches(path, [pattern], [pattern])


@pytest.mark.parametrize(("pattern", "path"), NO)
def test_does_not_match(pattern: str, path: str) -> None:
    assert not matches(path, [pattern], [])
    assert matches(path, [], [pattern])


def test_nothing_asked_is_everything() -> None:
    assert matches("any/thing", [], [])


@pytest.mark.parametrize("pattern", BAD)
@pytest.mark.parametrize("name", ["include", "exclude"])
def test_bad_patterns_are_errors_with_their_place(name: str, pattern: str) -> None:
    patterns = {"include": ["zzz"], "exclude": ["zzz"]} | {name: ["fine", pattern]}
    with pytest.raises(ConfigError) as caught:
        matches("a", **patterns)
    assert caught.value.path == f"{name}[1]"


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_pattern_is_read_or_refused(pattern: str, path: str) -> None:
    try:
        chosen = matches(path, [pattern], [])
    except ConfigError:
        return
    assert chosen is not matches(path, [], [pattern])


@given(st.from_regex(r"[\w. ()+^$|{}-]{1,12}(/[\w. ()+^$|{}-]{1,12}){0,2}", fullmatch=True))
def test_a_plain_path_matches_itself_alone(path: str) -> None:
    if {".", ".."} & set(path.split("/")):
        return
    assert matches(path, [path], [])
    assert not matches(path + "x", [path], [])
    assert not matches("x/" + path, [path], [])
