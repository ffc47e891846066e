"""Walks over graphs of names, against the slow and obvious answers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.walks import circles, paths, reached

NAMES = st.sampled_from("abcdef")
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=4), max_size=6)


@given(GRAPHS)
def test_a_circle_is_whatever_a_walk_comes_back_to(graph: dict[str, set[str]]) -> None:
    assert circles(graph) == {name for name in graph if name in reached(graph, [name])}


@given(GRAPHS, NAMES, NAMES)
def test_every_path_is_one_and_meets_nobody_twice(
    graph: dict[str, set[str]], start: str, end: str
) -> None:
    found = paths(graph, start, end, 10_000)
    assert len(set(found)) == len(found)
    assert [len(path) for path in found] == sorted(len(path) for path in found)
    for path in found:
        assert (path[0], path[-1]) == (start, end)
        assert len(set(path)) == len(path)
        assert all(after in graph[before] for before, after in pairwise(path))
    assert bool(found) is (end != start and end in reached(graph, [start]))


def test_a_long_chain_needs_no_deep_stack() -> None:
    chain = {str(n): [str(n + 1)] for n in range(50_000)}
    assert circles(chain) == frozenset()
    assert len(reached(chain, ["0"])) == 50_000
    assert circles({**chain, "50000": ["0"]}) == {str(n) for n in range(50_001)}
