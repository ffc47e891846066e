"""One table of the forms of a report: options, manual, README and tests come out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from provenance.cli import cli
from provenance.report import FORMATS, Format
from tests.report.test_inert import READERS

README = Path(__file__).parents[2] / "README.md"


def said(*words: str) -> str:
    return CliRunner().invoke(cli, words, terminal_width=200).output


def test_every_form_is_read_back_with_hostile_texts_in_it() -> None:
    assert READERS.keys() == FORMATS.keys()


@pytest.mark.parametrize("command", ["verify", "lock"])
def test_every_form_can_be_asked_for(command: str) -> None:
    assert f"--format [{'|'.join(FORMATS)}|" in said(command, "--help")


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_the_manual_describes_every_form(form: Format) -> None:
    page = " ".join(said("explain", "formats").split())
    assert f"{form.name} ({form.media}, *.{form.suffix}) {form.about}" in page


def test_the_readme_lists_them() -> None:
    assert f"--format {'|'.join(FORMATS)}`" in README.read_text()
