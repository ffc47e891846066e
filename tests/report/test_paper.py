"""What a terminal is sent: colour, links and characters, each only where it can show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.cli.terminal import styled
from provenance.report.human import GOOD, Span
from provenance.report.paper import Paper, address

URL = "https://hub.example/acme/bot"
LINE = ((Span("✓ ", GOOD), Span("bot", link=URL), Span(" → café")),)
KITTY = {"TERM": "xterm-kitty"}
PAPERS: dict[str, tuple[dict[str, str], bool, bool, bool]] = {
    "kitty": (KITTY, True, True, True),
    "no terminal": (KITTY, False, False, False),
    "NO_COLOR": ({**KITTY, "NO_COLOR": "1"}, True, False, False),
    "an empty NO_COLOR": ({**KITTY, "NO_COLOR": ""}, True, True, True),
    "dumb": ({"TERM": "dumb", "VTE_VERSION": "7000"}, True, False, False),
    "xterm": ({"TERM": "xterm-256color"}, True, True, False),
    "a new VTE": ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True, True, True),
    "an old VTE": ({"TERM": "xterm", "VTE_VERSION": "4999"}, True, True, False),
    "a VTE of words": ({"TERM": "xterm", "VTE_VERSION": "new"}, True, True, False),
    "iTerm": ({"TERM_PROGRAM": "iTerm.app"}, True, True, True),
    "Windows Terminal": ({"WT_SESSION": "x"}, True, True, True),
}


@pytest.mark.parametrize("name", PAPERS)
def test_colour_and_links_are_for_terminals_that_have_them(name: str) -> None:
    variables, terminal, colour, links = PAPERS[name]
    paper = Paper.of(variables, terminal=terminal, encoding="utf-8")
    assert (paper.colour, paper.links) == (colour, links)
    text = styled(LINE, paper)
    assert ("\x1b[32m" in text, f"\x1b]8;;{URL}\x1b\\" in text) == (colour, links)


ENCODINGS: dict[str, tuple[dict[str, str], str, str]] = {
    "UTF-8": ({}, "utf-8", "✓ bot → café"),
    "Latin-1": ({}, "iso-8859-1", "+ bot -> café"),
    "ASCII": ({}, "ascii", "+ bot -> caf\\xe9"),
    "LC_ALL=C": ({"LC_ALL": "C"}, "utf-8", "+ bot -> caf\\xe9"),
    "LC_ALL=C, but UTF-8": ({"LC_ALL": "C", "PYTHONUTF8": "1"}, "utf-8", "✓ bot → café"),
    "LC_ALL=C.UTF-8": ({"LC_ALL": "C.UTF-8"}, "utf-8", "✓ bot → café"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_locale_without_our_marks_gets_plainer_ones(name: str) -> None:
    variables, encoding, text = ENCODINGS[name]
    assert styled(LINE, Paper.of(variables, terminal=False, encoding=encoding)) == text


def test_a_link_leads_to_a_page_or_to_a_file_that_is_there(tmp_path: Path) -> None:
    place = tmp_path / "my model"
    place.mkdir()
    assert address(str(place)) == f"file://{tmp_path}/my%20model"
    assert address(URL) == URL
    for bad in ("nowhere", "https://x.example/\x1b]8;;", "https://x.example/a b", "javascript:1"):
        assert address(bad) == ""
