"""Names that mislead a reader or a file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.source.names import alone, is_ordinary, oddities
from tests import forge
from tests.source.gather import gather, seen

ODD = {
    "newline": ("a\nb", "name"),
    "nul": ("a\x00b", "name"),
    "delete": ("a\x7fb", "name"),
    "escape": ("a\x1b[2Jb", "name"),
    "backslash": ("a\\b", "name"),
    "bidi": ("a\u202egnp.exe", "name"),
    "zero width": ("a\u200bb", "name"),
    "no-break space": ("a\u00a0b", "name-space"),
    "narrow space": ("Screenshot at 3.00\u202fPM.png", "name-space"),
    "tag": ("a\U000e0041b", "name"),
    "private use": ("a\ue000b", "name"),
    "reserved and ignorable": ("a\u2065b", "name"),
    "line separator": ("a\u2028b", "name"),
    "hangul filler": ("a\u3164b", "name"),
    "variation selector": ("a\ufe0fb", "name"),
    "byte order mark": ("\ufeffa", "name"),
    "surrogate": ("a\udcffb", "name"),
    "trailing dot": ("a.", "name"),
    "trailing space": ("a ", "name"),
    "trailing dot in a folder": ("a./b", "name"),
    "stream": ("a:b", "name"),
    "device": ("CON", "name"),
    "device with suffix": ("sub/nul.txt", "name"),
    "numbered device": ("com1.json", "name"),
    "long": ("a" * 256, "name"),
    "long path": ("/".join(["abcdefgh"] * 120), "name"),
    "parent": ("../a", "name"),
    "absolute": ("/etc/passwd", "name"),
    "here": ("./a", "name"),
    "policy": ("provenance.toml", "reserved-name"),
    "lock": ("sub/Provenance.Lock", "reserved-name"),
    "registry": ("trust.toml", "reserved-name"),
    "attestations": ("sub/Attestations/a/b.json", "reserved-name"),
    "git": (".GIT/config", "special-name"),
    "short git": ("git~1/config", "special-name"),
    "cache": (".Cache/huggingface/x", "special-name"),
    "signature": ("Model.SIG", "special-name"),
    "bundle": ("a.Sigstore.JSON", "special-name"),
}


@pytest.mark.parametrize(("path", "code"), ODD.values(), ids=ODD.keys())
def test_odd(path: str, code: str) -> None:
    found = list(oddities([path, "plain.txt"]))
    assert [(seen.code, seen.path) for seen in found] == [(code, path)]
    assert found[0].detail


@pytest.mark.parametrize(
    "path",
    [
        "model-00001-of-00002.safetensors",
        "sub/tokenizer (copy).json",
        "modèle.txt",
        "模型/配置.json",
        "\U0001fa75.png",
        "not yet a letter \U000e1000.txt",
        "\u0378.txt",
        ".gitattributes",
        "consolidated.pth",
        "attestations",
        "a" * 255,
        "model.sig",
        "a+b=c@d,e~f.txt",
    ],
)
def test_plain(path: str) -> None:
    assert list(oddities([path])) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.txt", "a.txt"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("Sub/a", "sub/a"),
        ("\u212b", "\u00e5"),
    ],
)
def test_collisions(one: str, other: str) -> None:
    found = {(seen.code, seen.path) for seen in oddities([one, other])}
    assert found == {("name-collision", max(one, other))}


@given(st.lists(st.text(alphabet=st.characters(), min_size=1, max_size=20), unique=True))
def test_any_names_whatever_their_order(names: list[str]) -> None:
    assert list(oddities(names)) == list(oddities(reversed(names)))


PIECES = (*"ab1._-/A ~", "con", "com1", "nul.txt", "attestations", "trust.toml", "provenance.lock")
PIECES += (".git", ".cache", "model.sig", "claims.jsonl", "git~1", "\u200b", "ordinary-name")


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
def test_a_glance_misses_nothing_that_a_closer_look_sees(path: str) -> None:
    assert not (is_ordinary(path) and list(alone(path)))


@pytest.mark.parametrize("path", ["config.json", "a/b-c/model-00001-of-00002.safetensors", "_"])
def test_most_names_take_no_closer_look(path: str) -> None:
    assert is_ordinary(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.txt")).write_bytes(b"")
    evidence = gather(tmp_path)
    assert [code for code, _ in seen(evidence)] == ["name"]
    assert evidence.manifest.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (b"[project]\nname = 'x'", False),
        (b"[tool.ruff]", False),
        (b"tool = 3", False),
        (b"[tool.provenance]", True),
        (b'["tool"."prov\\u0065nance"]', True),
        (b"tool = {provenance = {}}", True),
        (b"not toml", True),
        (b"\xff", True),
        (b"x = " + b"[" * 100_000, True),
    ],
)
def test_a_project_that_would_configure_its_judge(tmp_path: Path, text: bytes, odd: bool) -> None:
    forge.write(tmp_path, {"sub/PyProject.toml": text})
    found = ("reserved-name", "sub/PyProject.toml") in seen(gather(tmp_path))
    assert found is odd


def test_a_project_too_large_to_read_is_reported(tmp_path: Path) -> None:
    forge.write(tmp_path, {"pyproject.toml": b"#" * (5 << 20) + b"\n[tool.provenance]"})
    assert ("reserved-name", "pyproject.toml") in seen(gather(tmp_path))
