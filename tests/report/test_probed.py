"""A report on a probe shows whatever a model says and calls, and does nothing with it."""

from __future__ import annotations

import json

import pytest

from provenance.report.probed import (
    Cell,
    Found,
    Picture,
    Probed,
    Probing,
    Row,
    probed_json,
    probed_lines,
    probed_page,
)
from tests.report.test_inert import ALLOWED, HOSTILE, Tags

MORE = frozenset({"h2", "script"})


def probed(text: str, findings: int = 1) -> Probed:
    """A report with `text` wherever somebody else may write one."""
    found = Found(
        kind="outside",
        scenario=text,
        where=text,
        called=text,
        usual=text,
        words=text,
        asked=5,
        different=3,
        contexts=2,
        chance=0.0000123,
    )
    cells = (Cell(sign=".", said=text), Cell(sign="x", said=text))
    return Probed(
        model=text,
        manifest="sha256:0",
        result=Probing.FAILED,
        said=text,
        suite=text,
        suite_digest="0",
        contexts=2,
        contexts_digest="1",
        left_out=7,
        server=text,
        told=True,
        against=text,
        rows=(Row(scenario=text, asked=10, answered=9, usual=text, outside=1),),
        found=(found,) * findings,
        unanswered=((text, 1),),
        pictures=(Picture(title=text, columns=("01", text), rows=((text, cells),)),),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_text(text: str) -> None:
    page = Tags(probed_page(probed(text)))
    plain = Tags(probed_page(probed("plain")))
    assert page.tags == plain.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in plain.attributes]
    assert set(page.tags) <= ALLOWED["html"] | MORE
    lines = ["".join(span.text for span in line) for line in probed_lines(probed(text))]
    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert json.loads(probed_json(probed(text)))["found"][0]["words"] == text


def test_what_is_said_of_a_probe() -> None:
    lines = ["".join(span.text for span in line) for line in probed_lines(probed("one"))]
    assert lines[0] == "✗ one  failed"
    assert "  contexts  2; 7 more of the same values left out" in lines
    told = "  server    one (running already: it was only told which model answers)"
    assert told in lines
    counted = "    counts   3 of 5 answers in 2 contexts, by chance with p < 1e-05 (corrected)"
    assert counted in lines


def test_a_long_list_is_cut_for_a_terminal_alone() -> None:
    many = probed("one", findings=50)
    lines = ["".join(span.text for span in line) for line in probed_lines(many)]
    assert "  and 30 more: --format json has them all" in lines
    assert len(json.loads(probed_json(many))["found"]) == 50
