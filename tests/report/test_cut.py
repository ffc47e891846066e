"""Texts for GitHub stay within what it takes, and what is left of them is whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from provenance.lock import Change
from provenance.report.cut import ROOM, within
from provenance.report.review import review_markdown
from provenance.review import Patch, Review, Section
from tests.report.test_inert import Tags

GITHUB = 65_536
MOST = ROOM + 600
REST = "See elsewhere."
BLOCKS = {
    "a fence": "intro\n```diff\n" + "+ x\n" * 4_000 + "```\n",
    "a longer fence": "````diff\n```\n" + "+ x\n" * 4_000 + "````\n",
    "a fold": "<details open><summary>m</summary>\n\n" + "- x\n" * 4_000 + "\n</details>\n",
    "a fence in a fold": "<details><summary>m</summary>\n\n```\n" + "x\n" * 4_000 + "```\n",
    "two bytes a letter": "ä\n" * 4_000,
    "one line": "x" * 9_000,
}


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS)
def test_a_text_is_cut_behind_a_line_closed_and_says_so(text: str) -> None:
    cut = within(text, MOST, REST)
    assert len(cut.encode()) <= MOST
    last = cut.rstrip().splitlines()[-1]
    assert last.startswith("**Cut here: ")
    assert last.endswith(REST)
    page = Tags(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(cut))
    assert "Cut here: " in page.shown
    assert page.tags.count("details") == text.count("<details")
    assert cut.count("</details>") == text.count("<details")


SMALL = "| a | b |\n|---|---|\n" + "| x | y |\n" * 40
SMALL_FENCE = "```diff\n+ one\n\n+ two\n```\n"


def test_what_is_cut_ends_with_a_whole_block() -> None:
    blocks = [f"## part {n}\n\n{SMALL}\n{SMALL_FENCE}" for n in range(40)]
    cut = within("\n".join(blocks), 6_000, REST)
    kept = cut.partition("**Cut here")[0].rstrip("\n")
    assert kept.endswith(("```", "| x | y |", *(f"## part {n}" for n in range(40))))
    whole = {len(SMALL.splitlines()) - 2, 0}
    tables = [part.count("| x | y |") for part in kept.split("|---|---|")[1:]]
    assert set(tables) <= whole
    assert len(tables) > 3
    assert kept.count("+ one") == kept.count("+ two")


@given(st.text(max_size=200))
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert within(text, ROOM, REST) == text


def patched(path: str, lines: int, letter: str = "x") -> Patch:
    return Patch(path=path, lines=tuple(f"+{letter * 80} {n}" for n in range(lines)))


@pytest.mark.parametrize(
    ("models", "lines", "letter"),
    [(1, 400, "x"), (17, 400, "x"), (200, 40, "ä"), (17, 400, "\U0001f600")],
)
def test_a_pull_requests_text_names_every_change(models: int, lines: int, letter: str) -> None:
    change = Change(name="model.safetensors", what="changed", old="1", new="2")
    reviews = [
        Review(
            name=f"acme/bot-{number}",
            sections=(
                Section(title="weights", changes=(change,)),
                Section(
                    title="templates",
                    patches=tuple(patched(f"t{n}.jinja", lines, letter) for n in range(9)),
                ),
            ),
        )
        for number in range(models)
    ]
    text = review_markdown(reviews)
    assert len(text.encode("utf-16-le")) // 2 <= GITHUB
    if models < 100:
        assert all(f"acme/bot-{number}`" in text for number in range(models))
        assert text.count("more letters of this difference") in (9 * models, 0)
    else:
        assert "**Cut here: " in text
    assert text.count("```") % 2 == 0
