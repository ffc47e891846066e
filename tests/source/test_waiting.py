"""Nothing waits for itself: whatever graph of ancestors a Hub shows, with however few threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from threading import Event

import pytest

from provenance.errors import SourceError
from provenance.model import Evidence
from provenance.refs import parse
from provenance.source.deadline import Deadline, Overdue
from provenance.source.hub import client
from provenance.source.hub.ancestors import with_ancestors
from provenance.source.hub.collect import collect
from provenance.source.together import side_by_side
from tests import forge
from tests.hub import Hub
from tests.hubs import card

LONG = 60.0
"""Seconds after which a test that hangs fails; none of them waits for it."""

Graph = Mapping[str, tuple[str, ...]]
"""The parents that each repository's card names; `top` is the model."""


def chain(length: int) -> Graph:
    return {"top": ("n0",), **{f"n{n}": (f"n{n + 1}",) for n in range(length)}}


def fan(width: int) -> Graph:
    return {"top": tuple(f"n{n}" for n in range(width))}


def diamonds(count: int) -> Graph:
    return {
        "top": ("n0", "n1"),
        **{f"n{n}": (f"n{n - n % 2 + 2}", f"n{n - n % 2 + 3}") for n in range(2 * count)},
    }


def circle(length: int) -> Graph:
    return {"top": ("n0",), **{f"n{n}": (f"n{(n + 1) % length}", "top") for n in range(length)}}


def tree(width: int, depth: int) -> Graph:
    """`width` chains of `depth`, each of whose nodes names all of the next row."""
    rows = [tuple(f"r{row}-{n}" for n in range(width)) for row in range(depth)]
    below = {name: rows[row + 1] for row in range(depth - 1) for name in rows[row]}
    return {"top": rows[0], **below}


GRAPHS: Mapping[str, Graph] = {
    "alone": {"top": ()},
    "one": fan(1),
    "seven": fan(7),
    "eight": fan(8),
    "many": fan(24),
    "chain": chain(12),
    "diamonds": diamonds(3),
    "circle": circle(5),
    "deep": tree(9, 2),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Every graph, each in an organisation of its own."""
    with Hub(tmp_path_factory.mktemp("hub")) as made:
        for org, graph in GRAPHS.items():
            names = dict.fromkeys([*graph, *(p for parents in graph.values() for p in parents)])
            for name in names:
                parents = ", ".join(f"{org}/{parent}" for parent in graph.get(name, ()))
                made.commit(
                    f"{org}/{name}",
                    {"README.md": card(f"base_model: [{parents}]"), "config.json": b"{}"},
                )
        yield made


def gather(asked: client.Hub, org: str) -> Evidence:
    found = collect(asked, parse(f"{org}/top"), at=forge.NOW)
    return with_ancestors(asked, found, [])


def expected(org: str) -> set[str]:
    named = {parent for parents in GRAPHS[org].values() for parent in parents} - {"top"}
    return {f"{org}/{name}" for name in named}


def known(found: Evidence) -> set[str]:
    return {ancestor.claimed for ancestor in found.ancestors if ancestor.evidence}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("org", GRAPHS)
def test_every_ancestor_is_met_whatever_the_graph(hub: Hub, org: str, workers: int) -> None:
    asked = client.Hub(endpoint=hub.url, workers=workers, deadline=Deadline(LONG))
    assert known(gather(asked, org)) == expected(org)


@pytest.mark.parametrize("workers", [1, 2])
def test_many_models_are_gathered_at_once(hub: Hub, workers: int) -> None:
    asked = client.Hub(endpoint=hub.url, workers=workers, deadline=Deadline(LONG))
    found = side_by_side(partial(gather, asked), GRAPHS)
    assert [known(evidence) for evidence in found] == [expected(org) for org in GRAPHS]


@pytest.mark.parametrize(("width", "depth"), [(1, 9), (9, 1), (3, 4)])
@pytest.mark.parametrize("workers", [1, 2])
def test_work_may_ask_for_work_of_the_same_kind(width: int, depth: int, workers: int) -> None:
    asked = client.Hub(endpoint="http://127.0.0.1:1", workers=workers, deadline=Deadline(LONG))

    def leaves(left: int) -> int:
        return sum(asked.each("nesting", leaves, [left - 1] * width)) if left else 1

    assert leaves(depth) == width**depth


def test_a_run_that_waits_too_long_says_for_what(hub: Hub) -> None:
    clock = iter(range(0, 10_000, 20))
    asked = client.Hub(endpoint=hub.url, deadline=Deadline(90, lambda: next(clock)))
    with pytest.raises(Overdue, match=r"90 seconds.* waited for .*seven/.*--deadline SECONDS"):
        gather(asked, "seven")


def test_what_never_answers_is_waited_for_no_longer_than_the_run() -> None:
    asked = client.Hub(endpoint="http://127.0.0.1:1", workers=1, deadline=Deadline(0.05))
    released = Event()
    try:
        with pytest.raises(Overdue, match=r"reading \(0 of 2 done\)"):
            asked.each("reading", lambda _: released.wait(LONG), [1, 2])
    finally:
        released.set()


def test_an_error_of_the_work_itself_is_no_deadline() -> None:
    def slow(_: int) -> None:
        raise TimeoutError("the work's own")

    asked = client.Hub(endpoint="http://127.0.0.1:1", deadline=Deadline(LONG))
    with pytest.raises(TimeoutError, match="the work's own"):
        asked.each("reading", slow, [1])


def test_a_download_is_bounded_by_its_bytes() -> None:
    now = [0.0]
    deadline = Deadline(10, lambda: now[0])
    now[0] = 500.0
    deadline.renew()
    deadline.check("more")
    now[0] = 511.0
    with pytest.raises(SourceError):
        deadline.check("more")
