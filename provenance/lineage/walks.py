"""Walks over a graph of names, in time that grows with its edges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Edges = Mapping[str, Collection[str]]


def reached(edges: Edges, start: Iterable[str]) -> frozenset[str]:
    """Every name that a walk from one of `start` meets, itself only if a walk comes back to it."""
    met: set[str] = set()
    waiting = list(start)
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in met:
                met.add(name)
                waiting.append(name)
    return frozenset(met)


def circles(edges: Edges) -> frozenset[str]:
    """The names from which a walk comes back to where it began.

    They are the strongly connected components of more than one name, or of one that names itself
    (Tarjan 1972, without recursion).
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    found: set[str] = set()
    for start in edges:
        waiting = [] if start in order else [(start, iter(edges.get(start, ())))]
        while waiting:
            name, parents = waiting[-1]
            if name not in order:
                order[name] = low[name] = len(order)
                open_[name] = None
            for parent in parents:
                if parent not in order:
                    waiting.append((parent, iter(edges.get(parent, ()))))
                    break
                if parent in open_:
                    low[name] = min(low[name], order[parent])
            else:
                waiting.pop()
                if waiting:
                    below = waiting[-1][0]
                    low[below] = min(low[below], low[name])
                if low[name] == order[name]:
                    found |= _component(open_, name, edges)
    return frozenset(found)


def _component(open_: dict[str, None], name: str, edges: Edges) -> set[str]:
    """The names that were opened since `name`, closed now; none if that is one not on a circle."""
    members = set()
    while name not in members:
        members.add(open_.popitem()[0])
    return members if len(members) > 1 or name in edges.get(name, ()) else set()


def paths(edges: Edges, start: str, end: str, most: int) -> tuple[tuple[str, ...], ...]:
    """At most so many walks from `start` to `end` that meet nobody twice, the shortest first."""
    useful = reached(_turned(edges), [end]) | {end}
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [(start,)]
    while waiting and len(found) < most:
        path = waiting.pop(0)
        if path[-1] == end and len(path) > 1:
            found.append(path)
            continue
        for name in sorted(edges.get(path[-1], ())):
            if name in useful and name not in path and len(waiting) < 10_000:
                waiting.append((*path, name))
    return tuple(found)


def _turned(edges: Edges) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {}
    for name, parents in edges.items():
        for parent in parents:
            turned.setdefault(parent, set()).add(name)
    return turned
