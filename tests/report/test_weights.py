"""Two models' weights beside each other: a picture that is read without colour, and a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import unescape
from typing import Any

import pytest

from provenance.cli.terminal import styled
from provenance.drift import Beside
from provenance.report.grid import legend, percent, sign, summed
from provenance.report.map import comparison_page
from provenance.report.pages import PARTS, allowed
from provenance.report.paper import PLAINER, Paper
from provenance.report.weights import LIMIT, comparison_json, comparison_lines
from provenance.weights.changes.change import Change, Kind
from tests.report.maps import MODULES, a_merge, change, comparison, hidden_edit, kinship, layered
from tests.report.test_inert import HOSTILE, Tags, commands

EDITED = layered(4, hidden_edit)
PICTURE = {
    "mlp.down_proj": (".1..", "1/4 rank 1, 1.0 %"),
    "mlp.up_proj": ("....", "identical"),
    "self_attn.q_proj": ("4444", "rank 4, 2.1 %"),
}
WIDTH = 80
LONGEST_NAME = "model.layers.0." + "x" * 500 + ".weight"


def shown(changes: Iterable[Change], width: int = WIDTH, **fields: Any) -> list[str]:
    """The lines of a terminal without colour."""
    lines = comparison_lines(comparison(changes, **fields), width=width)
    return styled(lines, Paper()).split("\n")


def dense(_: str, layer: int) -> dict[str, Any]:
    return {"kind": Kind.DENSE, "relative": (layer % 5) * 0.06, "share": 1.0}


@pytest.mark.parametrize("module", PICTURE)
def test_a_row_shows_each_layer_and_says_what_became_of_the_module(module: str) -> None:
    (row,) = (line for line in shown(EDITED) if line.split()[:1] == [module])
    signs, words = PICTURE[module]
    assert row.split(maxsplit=2)[1:] == [signs, words]


@pytest.mark.parametrize("layers", [1, 4, 32, 61, 126])
def test_every_layer_is_there_in_80_columns(layers: int) -> None:
    lines = shown(layered(layers, dense))
    assert max(map(len, lines)) <= WIDTH
    for module in MODULES:
        rows = [line.split()[1] for line in lines if line.split()[:1] == [module]]
        assert sum(map(len, rows)) == layers
    assert max(len(line.split()[1]) for line in lines if line.split()[:1] == [MODULES[0]]) <= 61


def test_a_model_of_32_layers_is_one_picture() -> None:
    lines = shown(layered(32, dense))
    assert sum(line.split()[:1] == ["model.layers"] for line in lines) == 1


SIGNS: dict[str, tuple[dict[str, Any], str]] = {
    "identical": ({}, "."),
    "cast": ({"kind": Kind.CAST}, "c"),
    "quantised": ({"kind": Kind.QUANTIZED}, "q"),
    "pruned": ({"kind": Kind.PRUNED, "relative": 0.3}, "p"),
    "rows": ({"kind": Kind.ROWS}, "="),
    "rank 9": ({"kind": Kind.LOW_RANK, "rank": 9}, "9"),
    "rank 10": ({"kind": Kind.LOW_RANK, "rank": 10}, "r"),
    "a rank nobody told": ({"kind": Kind.LOW_RANK}, "r"),
    "small": ({"kind": Kind.DENSE, "relative": 0.009}, "░"),
    "of no told size": ({"kind": Kind.DENSE, "relative": 0.0}, "*"),
    "larger": ({"kind": Kind.DENSE, "relative": 0.01}, "▒"),
    "large": ({"kind": Kind.DENSE, "relative": 0.05}, "▓"),
    "beyond measure": ({"kind": Kind.DENSE, "relative": float("inf")}, "█"),
    "no number": ({"kind": Kind.DENSE, "relative": float("nan")}, "░"),
    "reshaped": ({"kind": Kind.RESHAPED}, "s"),
    "added": ({"kind": Kind.ADDED, "base": ""}, "+"),
    "removed": ({"kind": Kind.REMOVED}, "-"),
    "unreadable": ({"kind": Kind.UNREADABLE}, "?"),
}


@pytest.mark.parametrize("name", SIGNS)
def test_a_kind_has_a_sign_which_the_legend_explains(name: str) -> None:
    fields, expected = SIGNS[name]
    one = change("model.layers.0.mlp.up_proj.weight", **fields)
    assert sign(one) == expected
    ((explained, words),) = legend([one])
    assert (explained, bool(words)) == (one, True)
    assert f"  {expected} {words}" in shown([one])
    json.loads(comparison_json(comparison([one])))
    assert comparison_page(comparison([one]))


def test_signs_differ_without_colour_and_in_ascii() -> None:
    signs = "".join(expected for _, expected in SIGNS.values())
    plain = [PLAINER.get(one, one) for one in dict.fromkeys(signs)]
    assert len(set(plain)) == len(plain)
    assert all(one.isascii() and len(one) == 1 for one in plain)


def test_the_greatest_of_many_experts_is_shown() -> None:
    experts = [change(f"model.layers.0.mlp.experts.{n}.up_proj.weight") for n in range(8)]
    edited = change(experts[5].name, kind=Kind.LOW_RANK, rank=2, relative=0.01)
    experts[5] = edited
    (row,) = (line for line in shown(experts) if "experts" in line)
    assert row.split(maxsplit=2)[1:] == ["2", "1/8 rank 2, 1.0 %"]
    assert f"{edited.name}: rank 2, 1.0 % of the base&#39;s norm (the greatest of 8 changes)" in (
        comparison_page(comparison(experts))
    )


SUMS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "identical": ([{}, {}], "identical"),
    "cast": ([{}, {"kind": Kind.CAST}], "cast"),
    "ranks": ([{"kind": Kind.LOW_RANK, "rank": r} for r in (8, 2)], "rank 2-8"),
    "mixed": ([{"kind": Kind.ADDED}, {"kind": Kind.DENSE}, {}], "2/3 mixed"),
}


@pytest.mark.parametrize("name", SUMS)
def test_a_module_is_summed_up(name: str) -> None:
    fields, expected = SUMS[name]
    assert summed([change(f"a.{n}.b", **one) for n, one in enumerate(fields)]) == expected


PERCENTS = [
    (0.0, "0.0 %"),
    (0.0001, "below 0.1 %"),
    (0.046, "4.6 %"),
    (0.12, "12 %"),
    (21.0, "2,100 %"),
    (float("inf"), "beyond measure"),
]


@pytest.mark.parametrize(("value", "words"), PERCENTS)
def test_a_share_in_words(value: float, words: str) -> None:
    assert percent(value) == words


def test_what_is_said_beside_the_picture() -> None:
    text = " ".join(" ".join(shown(EDITED, merge=a_merge(), unlooked="no tokens")).split())
    assert "base acme/base@cccccccccccc, sha256:" in text
    assert "kinship corroborated: statistically incompatible with independence from" in text
    assert "merge 0.90 acme/base + 0.10 b/other; 0.3 % of the norm is left" in text
    assert "deep no tokens (experimental)" in text
    assert text.endswith(LIMIT)


BESIDE = (
    Beside(subject="tokenizer"),
    Beside(subject="chat template", words="it is another", path="t.jinja", added=("Obey us.",)),
    Beside(subject="generation settings", words="temperature 0.7 → 0.6", replaced=True),
)


def test_what_stands_beside_the_weights_is_said_in_each_form() -> None:
    one = comparison(EDITED, beside=BESIDE)
    for text in (" ".join(shown(EDITED, beside=BESIDE)), unescape(comparison_page(one))):
        said = " ".join(text.split())
        assert "as the base's: tokenizer" in said
        assert "chat template: it is another, and says more: 'Obey us.'" in said
        assert "generation settings: temperature 0.7 → 0.6" in said
    table = json.loads(comparison_json(one))["beside"]
    assert [(row["subject"], row["equal"]) for row in table] == [
        ("tokenizer", True),
        ("chat template", False),
        ("generation settings", False),
    ]


@pytest.mark.parametrize("kin", [kinship("a/b"), kinship("a/b", noise=1e4)])
def test_nothing_here_claims_what_nobody_knows(kin: object) -> None:
    told = "\n".join(shown(EDITED, kinship=kin)).lower()
    page = comparison_page(comparison(EDITED, kinship=kin)).lower()
    for text in (told, page):
        assert not re.search(r"\bsafe\b|\bproves?\b|\bharmless\b|\bbackdoor\b", text)
    assert LIMIT in told
    assert LIMIT in page


def test_the_page_lets_only_its_own_style_and_script_hold() -> None:
    page = comparison_page(comparison(EDITED))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none';")
    assert all(f"'{allowed(part)}'" in policy for part in PARTS)
    assert not re.search(r"https?://|@import|url\(", page.replace("data:,", ""))


def test_the_page_tells_a_pointer_a_keyboard_and_a_reader() -> None:
    page = Tags(comparison_page(comparison(EDITED)))
    titles = {value for name, value in page.attributes if name == "title"}
    assert (
        "model.layers.1.mlp.down_proj.weight: rank 1, 1.0 % of the base's norm, "
        + ("90 % of the values differ")
        in titles
    )
    focused = [value for name, value in page.attributes if name == "tabindex"]
    assert (focused.count("0"), len(focused)) == (1, len(EDITED))
    assert "9 of 36 tensors changed" in page.everything


@pytest.mark.parametrize("text", [*HOSTILE, LONGEST_NAME, "\ud800", "#", "a.#.b", ""])
def test_a_name_that_may_be_anything_is_text(text: str) -> None:
    changes = [
        change(text, kind=Kind.ADDED, detail=text),
        Change(name=text, role=f"{text}.#.{text}", numbers=(text,), kind=Kind.DENSE, detail=text),
    ]
    beside = (Beside(subject="chat template", words=text or "other", path=text, added=(text,)),)
    lines = shown(changes, width=WIDTH, summary=text, beside=beside)
    assert all(line.isprintable() for line in lines)
    assert commands("\n".join(lines)) == []
    page = Tags(comparison_page(comparison(changes, summary=text, beside=beside)))
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    assert {value for name, value in page.attributes if name in ("href", "src")} == {"data:,"}
    assert (page.tags.count("script"), page.tags.count("img")) == (2, 0)
    assert json.loads(comparison_json(comparison(changes)))["changes"][0]["name"] == text


def test_twenty_thousand_tensors_make_no_endless_picture() -> None:
    every = [change(f"layers.{n}.m{n % 1000}.weight", kind=Kind.DENSE) for n in range(20_000)]
    lines = shown(every)
    assert len(lines) < 6_000
    (more,) = (
        line
        for line in lines
        if line.startswith("  and ") and line.endswith("more: --format json has them all")
    )
    assert int(more.split()[1]) > 10_000
    assert len(comparison_page(comparison(every))) < 6_000_000
