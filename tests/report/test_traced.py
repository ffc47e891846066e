"""Of which known model the weights of one are: the nearest first, or honestly none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.cli.terminal import styled
from provenance.report.paper import Paper
from provenance.report.traced import next_line, trace_json, trace_lines
from provenance.weights.compared import Copied, Side, Traced, nearest
from tests.report.maps import kinship
from tests.report.test_inert import HOSTILE, commands

KIN, STRANGER = kinship("acme/base"), kinship("else/where", noise=1e4)
WEAK = kinship("acme/cousin", noise=3.0)


def traced(**fields: Any) -> Traced:
    return Traced(model=Side(name="./bot", manifest="sha256:0"), **fields)


def shown(found: Traced) -> str:
    return " ".join(styled(trace_lines(found, width=80), Paper()).split())


def test_the_nearest_kin_comes_first_whatever_the_order() -> None:
    every = (STRANGER, WEAK, KIN)
    assert nearest(every) == nearest(reversed(every)) == (KIN, WEAK, STRANGER)


TOLD: dict[str, tuple[dict[str, Any], str, str]] = {
    "kin": (
        {"ranked": (KIN, STRANGER), "here": "acme/base"},
        "1. acme/base corroborated statistically incompatible with independence",
        "provenance compare acme/base ./bot",
    ),
    "kin whose weights are elsewhere": (
        {"ranked": (KIN,)},
        "leads to the base: type its folder",
        "provenance explain kinship",
    ),
    "kin of a model that says what it is": (
        {"ranked": (KIN,), "repo": "acme/bot"},
        "1. acme/base corroborated",
        "provenance verify ./bot",
    ),
    "weak": (
        {"ranked": (WEAK,), "here": "acme/cousin"},
        "1. acme/cousin weak relation",
        "compare acme/cousin ./bot",
    ),
    "none": (
        {"ranked": (STRANGER, STRANGER)},
        "none of 2 registered fingerprints: a correlation above",
        "",
    ),
    "one": (
        {"ranked": (STRANGER,)},
        "not of the one registered fingerprint: a correlation above",
        "",
    ),
    "a copy": (
        {"copies": (Copied(name="bot-1", same=2, files=3),), "here": "bot-1"},
        "2 of 3 files of weights are those of bot-1, which is locked",
        "provenance compare bot-1 ./bot",
    ),
    "a copy in other files": (
        {
            "copies": (Copied(name="bot-1", same=0, files=3, begin=5, sketched=8),),
            "here": "bot-1",
        },
        "tensors begin as those of bot-1, which is locked: 5 of the 8 that the lockfile keeps",
        "provenance compare bot-1 ./bot",
    ),
    "unread": ({"unread": ("the fingerprint of a/b: x",)}, "? the fingerprint of a/b: x", ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_was_found_and_what_to_type(name: str) -> None:
    fields, words, line = TOLD[name]
    found = traced(**fields)
    assert words in shown(found)
    assert next_line(found).endswith(line)
    assert bool(next_line(found)) is bool(line)


def test_five_are_shown_and_all_are_in_json() -> None:
    found = traced(ranked=tuple(kinship(f"acme/m{n}") for n in range(7)))
    assert "5. acme/m4" in shown(found)
    assert "6." not in shown(found)
    assert "and 2 more: --format json has them all" in shown(found)
    assert [one["base"] for one in json.loads(trace_json(found))["ranked"]][6] == "acme/m6"


def test_what_could_have_been_seen_is_the_worst_of_all() -> None:
    assert traced(ranked=(STRANGER,)).least == pytest.approx(8 / (9 * 22 * 64) ** 0.5)
    assert traced().least == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_that_may_be_anything_is_text(text: str) -> None:
    found = Traced(
        model=Side(name=text, manifest=text),
        ranked=(kinship(text),),
        copies=(Copied(name=text, same=1, files=1),),
        unread=(text,),
    )
    lines = styled(trace_lines(found, width=80), Paper())
    assert all(line.isprintable() for line in lines.split("\n"))
    assert commands(lines) == []
    assert json.loads(trace_json(found))["model"]["name"] == text
