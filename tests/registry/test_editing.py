"""An edit of a registry's file loses neither the file, nor a byte of it, nor another's edit."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w

from provenance.errors import ConfigError
from provenance.formats.toml import appended
from provenance.registry.editing import Book
from tests import forge

TEXT = tomli_w.dumps(forge.registry(forge.org("Acme", forge.signer("release"))))
LAB = {"name": "Lab", "namespaces": ["lab"]}


def with_lab(text: str) -> str:
    return appended(text, ("org",), LAB)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "trust.toml"
    place.write_text(TEXT)
    return place


def test_the_mark_of_windows_editors_their_breaks_and_the_mode_stay(file: Path) -> None:
    kept = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    file.write_bytes(kept)
    file.chmod(0o640)
    Book.opened(file).edit(with_lab)
    now = file.read_bytes()
    assert (now.startswith(b"\xef\xbb\xbf"), file.stat().st_mode & 0o777) == (True, 0o640)
    assert now.count(b"\n") == now.count(b"\r\n") > kept.count(b"\n")


def test_a_link_is_not_followed_or_replaced(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    with pytest.raises(ConfigError, match="is a link"):
        Book.opened(link).edit(with_lab)
    assert (link.is_symlink(), file.read_text()) == (True, TEXT)


def test_what_another_wrote_meanwhile_is_not_lost(file: Path) -> None:
    book = Book.opened(file)
    theirs = Book.opened(file).edit(with_lab).new
    with pytest.raises(ConfigError, match="changed by another meanwhile"):
        book.edit(lambda text: text + "# ours\n")
    assert file.read_text() == theirs
