"""What no reader may choke on: values in the place of any node, and texts that stop short."""

from __future__ import annotations

import random
from collections.abc import Iterator


def _deep(levels: int) -> list[object]:
    nested: list[object] = []
    for _ in range(levels):
        nested = [nested]
    return nested


HOSTILE: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    2**64,
    10**400,
    1.5,
    float("nan"),
    "",
    "a\x00\n\u202e*",
    "../../etc/passwd",
    "x" * 100_000,
    [],
    {"": None, "unknown": [{}]},
    _deep(200),
)
"""Fifteen values, one of each way to be wrong: type, sign, size, emptiness, depth."""

Path = tuple[str | int, ...]
SEED = 20_261_128


def nodes(tree: object, path: Path = ()) -> Iterator[Path]:
    """The path of every node of nested tables and lists, the whole tree's first."""
    yield path
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from nodes(value, (*path, name))
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from nodes(value, (*path, position))


def replaced(tree: object, path: Path, value: object) -> object:
    """A copy of `tree` with `value` at `path`; what lies beside the path is shared, not copied.

    The last name may be new to its table.
    """
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(tree, dict):
        return tree | {name: replaced(tree[name], rest, value) if rest else value}
    if isinstance(tree, list) and isinstance(name, int):
        return [*tree[:name], replaced(tree[name], rest, value), *tree[name + 1 :]]
    raise TypeError(f"no node at {path}")


def without(tree: object, path: Path) -> object:
    """A copy of `tree` in which the table at the end of `path` lacks the last name."""
    name, rest = path[0], path[1:]
    if isinstance(tree, dict) and not rest:
        return {other: value for other, value in tree.items() if other != name}
    if isinstance(tree, dict):
        return tree | {name: without(tree[name], rest)}
    if isinstance(tree, list) and isinstance(name, int):
        return [*tree[:name], without(tree[name], rest), *tree[name + 1 :]]
    raise TypeError(f"no node at {path}")


def mutations(tree: object) -> Iterator[tuple[Path, object]]:
    """Every tree that differs from `tree` in one node, replaced by one hostile value."""
    for path in nodes(tree):
        for value in HOSTILE:
            yield path, replaced(tree, path, value)


def sampled(tree: object, count: int) -> list[tuple[Path, object]]:
    """So many of the mutations, by lot and the same ones at every run."""
    return random.Random(SEED).sample(list(mutations(tree)), count)


def truncations(data: bytes, n: int = 100) -> Iterator[bytes]:
    """The beginnings of `data`, cut at `n` points spread evenly, never the whole."""
    for cut in sorted({len(data) * step // n for step in range(n)}):
        yield data[:cut]
