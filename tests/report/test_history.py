"""What a report says of how a model was made: each fact, what is doubtful, what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from provenance.lineage import Edge, Graph, Made, Node, Tier
from provenance.report import FORMATS, Details, Summary
from provenance.report.graph import branching, facts
from provenance.report.history import MOST, Row, in_short, rows, table, title
from provenance.report.human import Detail, human
from provenance.wire.training import MANIFEST, Material, Method, Parent, Step
from tests import forge
from tests.report.values import summary, verdict

BOT, BASE = "acme/bot", "acme/base"
COMMIT, DIGEST = "0123456789ab" + "c" * 28, "d" * 64
DATA = Material(
    kind="dataset",
    uri=f"https://example.org/data@{COMMIT}",
    digest=(("gitCommit", COMMIT),),
    notes=(("rows", 12),),
)
CODE = Material(
    kind="code",
    uri="git+https://example.org/train",
    digest=(("gitCommit", COMMIT),),
    notes=(("dirty", False),),
)


def made(**said: Any) -> Made:
    """The bot from the base, with what is said beside that."""
    step = Step(
        model=BOT,
        method=Method.SFT,
        subjects={"model.safetensors": DIGEST},
        parents=(Parent(repo=BASE, commit=COMMIT, manifest=f"sha256:{DIGEST}"),),
        **said,
    )
    return Made(child=BOT, step=step, attested="Acme (trainer)", bundle="claims.jsonl:1")


PATH = (("path", "train.py"),)
SILENT = Row(label="not stated", doubt="data, code, parameters, environment")
UNTIMED = Row(label="time", doubt="not verified")
UNVERIFIED = Parent(repo=BASE, manifest=f"sha256:{DIGEST}", unverified=True)
# What is said, and the rows beside that nothing else is.
FACTS: Mapping[str, tuple[Mapping[str, Any], Row]] = {
    "data at a commit": (
        {"materials": (DATA,)},
        Row(label="data", text="https://example.org/data, at 0123456789ab, 12 rows"),
    ),
    "data by digest": (
        {"materials": (Material(kind="dataset", uri="a.jsonl", digest=(("sha256", DIGEST),)),)},
        Row(label="data", text="a.jsonl, sha256 dddddddddddd…"),
    ),
    "data that nothing pins": (
        {"materials": (replace(DATA, digest=(), notes=()),)},
        Row(label="data", text=f"https://example.org/data@{COMMIT}", doubt="not pinned"),
    ),
    "code that is clean": (
        {"materials": (CODE,)},
        Row(label="code", text="git+https://example.org/train, at 0123456789ab, clean"),
    ),
    "code that is not": (
        {"materials": (replace(CODE, notes=(("dirty", True),)),)},
        Row(
            label="code",
            text="git+https://example.org/train, at 0123456789ab",
            doubt="with changes in no commit",
        ),
    ),
    "code that may be": (
        {"materials": (replace(CODE, notes=()),)},
        Row(
            label="code",
            text="git+https://example.org/train, at 0123456789ab",
            doubt="perhaps with changes in no commit",
        ),
    ),
    "code beside files in no commit": (
        {"materials": (replace(CODE, notes=(("dirty", False), ("untracked", 3))),)},
        Row(
            label="code",
            text="git+https://example.org/train, at 0123456789ab, clean",
            doubt="beside 3 files in no commit",
        ),
    ),
    "a script by digest": (
        {"materials": (Material(kind="code", digest=(("sha256", DIGEST),), notes=PATH),)},
        Row(label="code", text="train.py, sha256 dddddddddddd…"),
    ),
    "a folder": (
        {
            "materials": (
                Material(
                    kind="checkpoint",
                    digest=((MANIFEST, DIGEST),),
                    notes=(("files", 4), ("path", "out/checkpoint-8"), ("step", 8)),
                ),
            )
        },
        Row(label="checkpoint", text="out/checkpoint-8, manifest dddddddddddd…, 4 files, step 8"),
    ),
    "a container": (
        {
            "materials": (
                Material(
                    kind="container",
                    uri=f"docker://ghcr.io/acme/t@sha256:{DIGEST}",
                    digest=(("sha256", DIGEST),),
                ),
            )
        },
        Row(label="container", text="docker://ghcr.io/acme/t, sha256 dddddddddddd…"),
    ),
    "a kind that nobody knows": (
        {"materials": (Material(kind="a" * 99, uri="x"),)},
        Row(label=f"{'a' * 15}…", text="x", doubt="not pinned"),
    ),
    "parameters, the telling first": (
        {"parameters": json.dumps({"a": 1, "b": [2], "c": 3, "d": 4, "learning_rate": 1e-05})},
        Row(label="parameters", text="learning_rate 1e-05, a 1, b [2], c 3 and 1 more"),
    ),
    "an environment of tables": (
        {"environment": json.dumps({"os": "Linux", "more": {"torch": "2.9", "python": "3.12"}})},
        Row(label="environment", text="python 3.12, os Linux, torch 2.9"),
    ),
    "who ran it": (
        {"builder": "pkg:pypi/trl@1.16.0", "versions": (("trl", "1.16.0"),)},
        Row(label="ran by", text="pkg:pypi/trl@1.16.0, trl 1.16.0"),
    ),
    "the trainer": ({"trainer": "trl.SFTTrainer"}, Row(label="trainer", text="trl.SFTTrainer")),
    "the run": ({"invocation": "urn:uuid:1"}, Row(label="run", text="urn:uuid:1")),
    "what else came of it": (
        {"byproducts": (Material(kind="trainer_state.json"),)},
        Row(label="beside", text="trainer_state.json"),
    ),
    "its own times": (
        {"started": forge.NOW, "finished": forge.NOW + timedelta(hours=1)},
        Row(
            label="time",
            text=f"{forge.NOW:%Y-%m-%d %H:%M} to {forge.NOW + timedelta(hours=1):%Y-%m-%d %H:%M} "
            "UTC, as it says",
            doubt="not verified",
        ),
    ),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_is_told_with_what_is_doubtful(name: str) -> None:
    said, row = FACTS[name]
    missing = [word for word in SILENT.doubt.split(", ") if word != row.label]
    silent = replace(SILENT, doubt=", ".join(missing))
    expected = [row, *([UNTIMED] if row.label != "time" else []), silent]
    assert sorted(rows(made(**said)), key=str) == sorted(expected, key=str)


def test_a_time_that_somebody_else_vouches_for_is_told_as_that() -> None:
    (row, _) = rows(replace(made(), stamped=forge.NOW))
    assert row == Row(label="time", text=f"signed by {forge.NOW:%Y-%m-%d %H:%M} UTC, verified")


def test_an_unverified_parent_is_said_first() -> None:
    one = made()
    (row, *_) = rows(replace(one, step=replace(one.step, parents=(UNVERIFIED,))))
    assert row == Row(label="parent", text=BASE, doubt="recorded with an unverified parent")


def test_of_many_materials_the_rest_is_counted() -> None:
    many = tuple(replace(DATA, uri=f"urn:{number}") for number in range(MOST + 7))
    labels = [row.label for row in rows(made(materials=many))]
    assert labels.count("data") == MOST
    assert Row(label="more", text="7 materials, all in JSON") in rows(made(materials=many))


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        ((Parent(repo=BASE, commit=COMMIT),), f"from {BASE}@0123456789ab, "),
        ((Parent(manifest=f"sha256:{DIGEST}"),), "from sha256:dddddddddddd…, "),
        ((), "from nothing, "),
        (tuple(Parent(repo=f"a/{n}") for n in range(7)), "from a/0, a/1, a/2, a/3 and 3 more, "),
    ],
)
def test_a_step_is_called_by_what_it_made_from_what(parents: tuple[Parent, ...], said: str) -> None:
    one = made()
    words = title(replace(one, step=replace(one.step, parents=parents)))
    assert words == f"{BOT} by sft {said}attested by Acme (trainer) in claims.jsonl:1"


GRAPH = Graph(
    model=BOT,
    nodes=(Node(key=BOT), Node(key=BASE)),
    edges=(Edge(child=BOT, parent=BASE, tier=Tier.ATTESTED, method="sft", unverified=True),),
    made=(
        made(materials=(DATA, replace(DATA, uri="urn:loose", digest=()))),
        made(materials=(replace(DATA, uri="urn:second"),)),
    ),
)


def of_model(graph: Graph) -> Summary:
    return replace(summary(verdict(BOT)), shown={BOT: Details(graph=graph)})


def in_full(graph: Graph) -> str:
    lines = human(of_model(graph), detail=Detail.FULL)
    return "\n".join("".join(span.text for span in line) for line in lines)


def tree(graph: Graph) -> str:
    own = [row.words for row in facts(graph, graph.model)]
    below = [row.words for one in branching(graph) for row in one.facts]
    return "\n".join([*own, *below])


TOLD: Mapping[str, Callable[[Graph], str]] = {
    "in full": in_full,
    "tree": tree,
    "html": lambda graph: unescape(FORMATS["html"].write(of_model(graph))),
    "markdown": lambda graph: FORMATS["markdown"].write(of_model(graph)).replace("\\", ""),
    "json": lambda graph: FORMATS["json"].write(of_model(graph)),
}
PROGRAMS = {"json": "urn:second", "html": "urn:second"}
"""The forms that have every statement, and not only that which says most."""


@pytest.mark.parametrize("form", TOLD)
def test_every_form_that_has_room_tells_what_went_in(form: str) -> None:
    told = TOLD[form](GRAPH)
    assert "https://example.org/data" in told
    assert "urn:loose" in told
    assert "pinned" in told
    assert ("urn:second" in told) is (form in PROGRAMS)


@pytest.mark.parametrize("form", ["human", "sarif", "github"])
def test_a_form_that_has_none_stays_short(form: str) -> None:
    assert "urn:loose" not in FORMATS[form].write(of_model(GRAPH))


def test_of_a_long_history_the_rest_is_counted() -> None:
    many = tuple(replace(made(), child=f"acme/m{number}") for number in range(MOST + 7))
    told = list(in_short(replace(GRAPH, made=many)))
    assert len(told) == MOST + 1
    assert told[-1] == ("and 7 more steps", "all in JSON")
    assert len(table(replace(GRAPH, made=many))) == MOST + 7


def test_what_nobody_attests_is_told_nowhere() -> None:
    bare = replace(GRAPH, made=())
    assert (facts(bare, BOT), list(in_short(bare)), table(bare)) == ((), [], [])
    assert "not stated" not in in_full(bare)


def test_a_program_reads_all_of_a_statement() -> None:
    said = made(
        materials=(DATA, CODE),
        parameters='{"a": {"b": [1, null]}}',
        environment='{"python": "3.12"}',
        started=forge.NOW,
        byproducts=(DATA,),
    )
    (row,) = table(replace(GRAPH, made=(replace(said, stamped=forge.NOW),)))
    assert json.loads(json.dumps(row)) == {
        "model": BOT,
        "method": "sft",
        "relation": "finetune",
        "trainer": "",
        "attested": "Acme (trainer)",
        "bundle": "claims.jsonl:1",
        "verified_time": forge.NOW.isoformat(),
        "started": forge.NOW.isoformat(),
        "finished": None,
        "parents": [
            {
                "repo": BASE,
                "commit": COMMIT,
                "manifest": f"sha256:{DIGEST}",
                "files": 0,
                "unverified": False,
            }
        ],
        "materials": [document(DATA), document(CODE)],
        "parameters": {"a": {"b": [1, None]}},
        "environment": {"python": "3.12"},
        "builder": "",
        "versions": {},
        "invocation": "",
        "byproducts": [document(DATA)],
    }


def document(material: Material) -> dict[str, object]:
    return {
        "kind": material.kind,
        "uri": material.uri,
        "digest": dict(material.digest),
        "pinned": True,
        "notes": dict(material.notes),
    }
