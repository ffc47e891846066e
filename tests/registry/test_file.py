"""Registries on disk: what is read, from where, and what is refused."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.registry import load, load_all
from provenance.registry.file import LIMIT, read_table
from provenance.trust import Registry
from tests import hostile

REGISTRY = """
version = 1
name = "acme-security"
[[sigstore]]
name = "acme"
trusted_root = "roots/acme.json"
[[org]]
name = "Acme AI"
namespaces = ["acme"]
[[org.signer]]
name = "lab"
identity = "lab@example.org"
issuer = "https://accounts.example.org/login"
sigstore = "acme"
roles = ["publisher"]
"""
ROOT = '{"tlogs": []}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "security"
    (inside / "roots").mkdir(parents=True)
    (inside / "trust.toml").write_text(REGISTRY)
    (inside / "roots" / "acme.json").write_text(ROOT)
    (tmp_path / "secret.json").write_text(ROOT)
    return inside


def refusal(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value


@pytest.mark.parametrize("name", ["trust.toml", "."])
def test_a_file_or_its_folder_is_the_registry(folder: Path, name: str) -> None:
    registry = load(folder / name)
    instance = registry.sigstore("acme")
    assert instance is not None
    assert instance.trusted_root == ROOT
    assert registry.sources == ("trust.toml",)
    assert [signer.name for _, signer in registry.publishers("acme/x")] == ["lab"]


@pytest.mark.parametrize(
    ("root", "says"),
    [
        ("../secret.json", "outside"),
        ("roots/../../secret.json", "outside"),
        ("/etc/passwd", "outside"),
        ("link.json", "outside"),
        ("loop", "cannot be read"),
        ("missing.json", "No such file"),
        ("roots", "not a regular file"),
        ("pipe", "not a regular file"),
        ("a\\u0000b", "not a path"),
        ("bytes.json", "not UTF-8"),
        ("trust.toml", "not JSON"),
    ],
)
def test_a_trusted_root_lies_in_the_registrys_folder(folder: Path, root: str, says: str) -> None:
    (folder / "link.json").symlink_to("../secret.json")
    (folder / "loop").symlink_to("loop")
    (folder / "bytes.json").write_bytes(b"\xff")
    os.mkfifo(folder / "pipe")
    (folder / "trust.toml").write_text(REGISTRY.replace("roots/acme.json", root))
    error = refusal(folder)
    assert error.path == "trust.toml: sigstore[0].trusted_root"
    assert says in str(error)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"version = ", "not TOML"),
        (b"version = 1\nversion = 1\n", "not TOML"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"a = " + b"9" * 5000, "not TOML"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = 2027-02-30", "not TOML"),
    ],
)
def test_what_is_not_toml_is_refused(folder: Path, data: bytes, says: str) -> None:
    (folder / "trust.toml").write_bytes(data)
    error = refusal(folder)
    assert error.path == "trust.toml"
    assert says in str(error)


def test_what_is_too_large_is_refused(folder: Path) -> None:
    with (folder / "trust.toml").open("wb") as stream:
        stream.truncate(LIMIT + 1)
    assert "more than 16 MiB" in str(refusal(folder))


@pytest.mark.parametrize("name", ["missing.toml", "missing/trust.toml", "x" * 5000, "loop"])
def test_what_cannot_be_read_is_refused(folder: Path, name: str) -> None:
    (folder / "loop").symlink_to("loop")
    assert "cannot be read" in str(refusal(folder / name))


def test_a_pipe_does_not_hold_it_up(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "not a regular file" in str(refusal(folder / "pipe"))


def test_errors_lead_into_the_file(folder: Path) -> None:
    (folder / "trust.toml").write_text(REGISTRY.replace("https://", "ftp://"))
    assert refusal(folder).path == "trust.toml: org[0].signer[0].issuer"


def test_no_beginning_of_a_registry_raises_anything_else(folder: Path) -> None:
    read = 0
    for data in hostile.truncations(REGISTRY.encode()):
        (folder / "trust.toml").write_bytes(data)
        try:
            read += isinstance(load(folder), Registry)
        except ConfigError:
            continue
    assert 0 < read < 50


def test_several_registries_are_one(folder: Path) -> None:
    registry = load_all(["security", "builtin"], folder.parent).registry
    assert registry.sources == ("trust.toml", "builtin")
    assert registry.owner("acme/x") is not None
    assert registry.owner("ibm-granite/x") is not None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("https://example.org/trust", "expected a path"),
        ("http://example.org/trust", "expected a path"),
        ("", "empty"),
        ("missing.toml", "cannot be read"),
        ("model/trust.toml", "inside the model"),
        ("link", "inside the model"),
        ("security/../model", "inside the model"),
    ],
)
def test_what_is_no_registry_of_the_callers_is_refused(folder: Path, name: str, says: str) -> None:
    base = folder.parent
    (base / "model").mkdir()
    (base / "model" / "trust.toml").write_text('version = 1\nname = "mine"\n')
    (base / "link").symlink_to("model")
    with pytest.raises(ConfigError, match=says):
        load_all([name], base, judged=[base / "model"])


def test_no_registry_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no registry"):
        load_all([], tmp_path)


def test_a_table_is_what_tomllib_reads(folder: Path) -> None:
    assert read_table(folder / "trust.toml") == tomllib.loads(REGISTRY)
