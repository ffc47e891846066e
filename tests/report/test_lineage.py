"""Every drawing of a lineage has the parents that lead nowhere too, each above who states it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import unescape
from itertools import combinations

import pytest

from provenance.case.case import Case
from provenance.claims.reference import LOCAL_PATH, UNNAMED
from provenance.lineage import Edge, Graph, Node, Tier, Unresolved
from provenance.report import FORMATS, Details, Summary
from provenance.report.drawing import HEIGHT, WIDTH, drawing
from provenance.report.graph import LABEL, MOST_LOST, branching, dot, mermaid, path, title
from provenance.report.lineage import table
from provenance.workspace.ancestors import ways_to
from tests.checks import ancestors
from tests.report.values import summary, verdict

BOT, SFT, BASE = "acme/bot", "acme/sft", "acme/base"
Pairs = list[tuple[str, str]]
Read = Callable[[Graph], Pairs]


def stated(child: str, text: str) -> Unresolved:
    reason = LOCAL_PATH if text else UNNAMED
    return Unresolved(
        child=child,
        text=text,
        reason=reason,
        places=("README.md:3 (base_model)",),
        path="README.md",
    )


GRAPH = Graph(
    model=BOT,
    nodes=(Node(key=BOT), Node(key=SFT), Node(key=BASE)),
    edges=(
        Edge(child=BOT, parent=SFT, tier=Tier.DECLARED),
        Edge(child=SFT, parent=BASE, tier=Tier.DECLARED),
    ),
    unresolved=(
        stated(BOT, "./local/ckpt"),
        stated(SFT, ""),
        stated(SFT, "D:/models/a"),
        stated("acme/elsewhere", "../b"),
    ),
)
DRAWN = {(BOT, "./local/ckpt"), (SFT, UNNAMED), (SFT, "D:/models/a"), (BOT, "../b")}
"""What stands above whom; where nobody is drawn who states it, above the model."""

MERMAID_NODE = re.compile(r'  (n\d+)\["([^",]+)')
MERMAID_LOST = re.compile(r'  u\d+\["([^"]+)"\] -\.->\|"not resolved"\| (n\d+)')
DOT_NODE = re.compile(r'  "(\? \d+)" \[label="([^"]+)", style=dashed\];')
DOT_EDGE = re.compile(r'  "(\? \d+)" -> "([^"]+)" \[label="not resolved", style=dashed\];')
ROW = re.compile(r'<span class="tier">not resolved</span> (\S+) ← ([^<]+)</li>')


def of_model(graph: Graph) -> Summary:
    return replace(summary(verdict(BOT)), shown={BOT: Details(graph=graph)})


def from_tree(graph: Graph) -> Pairs:
    names, found = [graph.model], []
    for branch in branching(graph):
        words = "".join(span.text for span in branch.line)
        names.append(words.partition("  ")[0])
        if "? not resolved" in words:
            found.append((names[branch.below], words))
    return found


def from_mermaid(graph: Graph) -> Pairs:
    return of_mermaid(mermaid(graph))


def of_mermaid(text: str) -> Pairs:
    names = dict(MERMAID_NODE.findall(text))
    return [(names[below], label) for label, below in MERMAID_LOST.findall(text)]


def from_dot(graph: Graph) -> Pairs:
    text = dot(graph)
    labels = dict(DOT_NODE.findall(text))
    return [(child, labels[own]) for own, child in DOT_EDGE.findall(text)]


def from_page(graph: Graph) -> Pairs:
    page = FORMATS["html"].write(of_model(graph))
    rows = [(child, unescape(said)) for child, said in ROW.findall(page)]
    assert page.count('<g class="node lost">') == len(rows)
    return rows


def from_markdown(graph: Graph) -> Pairs:
    return of_mermaid(FORMATS["markdown"].write(of_model(graph)))


READERS: Mapping[str, Read] = {
    "tree": from_tree,
    "mermaid": from_mermaid,
    "dot": from_dot,
    "html": from_page,
    "markdown": from_markdown,
}
every_drawing = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


def meant(found: Pairs) -> set[tuple[str, str]]:
    """The pairs, of what is said of each parent only what was written."""
    texts = {text for _, text in DRAWN}
    return {(child, text) for child, said in found for text in texts if text in said}


@every_drawing
def test_what_leads_nowhere_stands_above_who_states_it(
    read: Read,
) -> None:
    found = read(GRAPH)
    assert (len(found), meant(found)) == (len(DRAWN), DRAWN)


@every_drawing
def test_it_is_drawn_where_there_is_nothing_else(
    read: Read,
) -> None:
    alone = replace(GRAPH, nodes=(Node(key=BOT),), edges=(), unresolved=GRAPH.unresolved[:1])
    assert meant(read(alone)) == {(BOT, "./local/ckpt")}


@every_drawing
def test_of_very_many_the_rest_is_counted(
    read: Read,
) -> None:
    many = tuple(stated(BOT, f"./ckpt-{number}") for number in range(MOST_LOST + 7))
    found = read(replace(GRAPH, unresolved=many))
    assert len(found) == MOST_LOST + 1
    assert "7 more, not resolved" in found[-1][1]


def test_a_program_reads_all_of_each() -> None:
    hint = replace(GRAPH.unresolved[0], hint=True, part="unet", likely="acme/ckpt")
    (row,) = json.loads(table(replace(GRAPH, unresolved=(hint,))))["unresolved"]
    assert row == {
        "rule": "ancestry/loaded-from-path",
        "child": BOT,
        "part": "unet",
        "text": "./local/ckpt",
        "where": "README.md:3 (base_model)",
        "message": LOCAL_PATH,
        "likely": "acme/ckpt",
    }
    every = json.loads(table(GRAPH))["unresolved"]
    assert {(one["child"], one["text"]) for one in every} == {
        (one.child, one.text) for one in GRAPH.unresolved
    }


def test_what_else_is_known_of_it_is_said() -> None:
    hint = replace(GRAPH.unresolved[0], hint=True, part="unet", likely="acme/ckpt")
    for read in READERS.values():
        ((_, said),) = read(replace(GRAPH, unresolved=(hint,)))
        for words in (LOCAL_PATH, "for unet", "written by a program", "perhaps acme/ckpt"):
            assert words in said


WAYS = {
    "of the model's": (stated(BOT, "./x"), ["└ ./x  ? not resolved  claimed in README.md:3"]),
    "of an ancestor's": (
        stated(SFT, "./x"),
        ["└ acme/sft  ? declared", "└ ./x  ? not resolved  claimed in README.md:3"],
    ),
    "of one who is not drawn": (stated("acme/elsewhere", "./x"), ["└ ./x  ? not resolved"]),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_to_a_parent_that_leads_nowhere_is_told(name: str) -> None:
    one, steps = WAYS[name]
    (way,) = ways_to(replace(GRAPH, unresolved=(one,)), "./x")
    lines = ["".join(span.text for span in line).strip() for line in path(1, way, GRAPH)]
    assert lines[:2] == ["path 1, weakest link: ? not resolved", BOT]
    told = [line for line in lines if line.startswith("└")]
    assert [line.startswith(step) for line, step in zip(told, steps, strict=True)] == [True] * len(
        steps
    )
    assert lines[-1] == LOCAL_PATH


def test_what_no_hub_has_is_named_once() -> None:
    given = ancestors.model("base_model: someone/base", known=[ancestors.gone("someone/base")])
    graph = Case.heard(given, ancestors.POLICY, ancestors.REGISTRY).graph
    assert graph.by_key["someone/base"].missing == ABSENT


def test_the_way_to_what_no_hub_has_says_so() -> None:
    nodes = (Node(key=BOT), Node(key=SFT, missing=ABSENT), Node(key=BASE))
    graph = replace(GRAPH, nodes=nodes)
    (way,) = ways_to(graph, SFT)
    lines = ["".join(span.text for span in line).strip() for line in path(1, way, graph)]
    assert lines[-1] == ABSENT


ABSENT = "the Hub has no such repository"
ABOUT = {
    "there": (Node(key=BOT, repo=BOT, publisher="Acme"), "published by Acme"),
    "not there": (
        Node(key=BOT, repo=BOT, publisher="Acme", missing=ABSENT),
        f"{ABSENT}; the name belongs to Acme",
    ),
    "not looked at": (
        Node(key=BOT, repo=BOT, publisher="Acme", by_digest=True),
        "known by its digests alone; the name belongs to Acme",
    ),
}


@pytest.mark.parametrize("name", ABOUT)
def test_what_no_hub_has_is_not_called_published(name: str) -> None:
    node, said = ABOUT[name]
    assert [span.text for span in title(node)] == [BOT, f"  {said}"]


SAID_BESIDE: Mapping[str, Callable[[Graph], str]] = {
    "tree": lambda graph: "".join(s.text for branch in branching(graph) for s in branch.line),
    "mermaid": mermaid,
    "dot": dot,
    "picture": lambda graph: "; ".join(line.word for line in drawing(graph).lines),
    "html": lambda graph: FORMATS["html"].write(of_model(graph)),
}


@pytest.mark.parametrize("form", SAID_BESIDE)
@pytest.mark.parametrize(
    ("text", "hint", "said", "unsaid"),
    [
        ("./local/ckpt", False, "not resolved", "perhaps none"),
        ("./local/ckpt", True, "not resolved", "perhaps none"),
        ("", False, "not resolved", "perhaps none"),
        ("", True, "perhaps none", "not resolved"),
    ],
    ids=["a path", "a path that a program left", "no name", "a program that knew no name"],
)
def test_every_drawing_has_one_word_for_what_leads_nowhere(
    form: str, text: str, hint: bool, said: str, unsaid: str
) -> None:
    lost = replace(stated(BOT, text), hint=hint)
    drawn = SAID_BESIDE[form](
        Graph(model=BOT, nodes=(Node(key=BOT),), edges=(), unresolved=(lost,))
    )
    assert said in drawn
    assert unsaid not in drawn
    assert "from, declared" not in drawn


def test_a_box_says_why_nothing_is_known_of_it_and_cuts_no_word() -> None:
    gone = Node(key=BASE, missing="the Hub has no such repository")
    graph = replace(GRAPH, nodes=(Node(key=BOT), Node(key=SFT), gone), unresolved=())
    page = unescape(FORMATS["html"].write(of_model(graph)))
    assert f"<title>{BASE}: the Hub has no such repository</title>" in page
    assert ">the Hub has no such…</text>" in page


@pytest.mark.parametrize(("word", "count"), [("gone", 90), ("a-very-long-word-of-a-publisher", 30)])
def test_a_label_is_cut_at_a_word(word: str, count: int) -> None:
    node = Node(key=BOT, publisher=" ".join([word] * count))
    drawn = mermaid(Graph(model=BOT, nodes=(node,), edges=()))
    (label,) = re.findall(r'n0\["([^"]+)"\]', drawn)
    assert len(label) <= LABEL
    assert label.endswith(f" {word}…")


def test_each_box_has_its_place_above_who_states_it() -> None:
    many = tuple(stated(SFT, f"./ckpt-{number}") for number in range(MOST_LOST + 7))
    picture = drawing(replace(GRAPH, unresolved=(*GRAPH.unresolved[:1], *many)))
    for one, other in combinations(picture.boxes, 2):
        assert abs(one.x - other.x) > WIDTH or abs(one.y - other.y) > HEIGHT
    for box in picture.boxes:
        assert 0 <= box.x <= picture.width - WIDTH
        assert 0 <= box.y <= picture.height - HEIGHT
    by_name = {box.name: box for box in picture.boxes}
    for line in picture.lines:
        assert by_name[line.edge.parent].y < by_name[line.edge.child].y
    assert len(picture.lines) == len(picture.boxes) - 1
