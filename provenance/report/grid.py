"""A change map as a picture: the modules of a model by its layers, and a cell for each pair.

A cell shows one sign for all tensors of a module in a layer (the experts of a mixture are many):
that of the greatest change. Signs tell the kinds apart without any colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from statistics import median

from provenance.weights.changes.change import UNCHANGED, Change, Kind

SIGNS: Mapping[Kind, str] = {
    Kind.IDENTICAL: ".",
    Kind.CAST: "c",
    Kind.QUANTIZED: "q",
    Kind.PRUNED: "p",
    Kind.ROWS: "=",
    Kind.LOW_RANK: "r",
    Kind.RESHAPED: "s",
    Kind.DENSE: "░▒▓█*",
    Kind.REMOVED: "-",
    Kind.ADDED: "+",
    Kind.UNREADABLE: "?",
}
"""From the least change to the greatest; of a dense one a sign for each step of its size,
and one where that is not told."""
STEPS = (0.01, 0.05, 0.2)
"""Relative sizes at which the next shade begins."""
SIZES = ("below 1 %", "1 to 5 %", "5 to 20 %", "20 % and more")
DIGITS = 9
"""The highest rank that has a sign of its own."""
WORDS: Mapping[Kind, str] = {
    Kind.CAST: "cast: the same values in another type",
    Kind.QUANTIZED: "quantised",
    Kind.PRUNED: "pruned: zeros where the base has none",
    Kind.ROWS: "some rows",
    Kind.LOW_RANK: "low rank",
    Kind.RESHAPED: "of another shape",
    Kind.REMOVED: "removed",
    Kind.ADDED: "added",
}
"""What the legend says, where it is more than the kind."""
LAYERS, MODULES, OTHERS = 512, 256, 1_000
"""Of a picture; what is beyond is counted. A model has some hundred layers and some ten modules."""
ORDER = tuple(SIGNS)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The tensors of one module in one layer; at least one."""

    changes: tuple[Change, ...]

    @cached_property
    def greatest(self) -> Change:
        """The one that the cell shows."""
        return max(self.changes, key=weight)

    @property
    def sign(self) -> str:
        """One character for it."""
        return sign(self.greatest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A module: its name, and a cell for every layer of the stack, None where it is not there."""

    name: str
    cells: tuple[Cell | None, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """Those of all layers."""
        return tuple(change for cell in self.cells if cell for change in cell.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Layers that lie above each other (`model.layers`), ascending, and the modules of them."""

    name: str
    layers: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The picture: stacks of layers, and the tensors that are in none, those that changed first.

    `left` is how many tensors are not in it, because it has more layers or modules than fit.
    """

    stacks: tuple[Stack, ...]
    others: tuple[Change, ...]
    left: int = 0

    @property
    def shown(self) -> Iterator[Change]:
        """The change behind every sign."""
        for stack in self.stacks:
            yield from (cell.greatest for row in stack.rows for cell in row.cells if cell)
        yield from self.others


def grid_of(changes: Sequence[Change]) -> Grid:
    """The picture of a change map."""
    stacks: dict[str, dict[str, dict[str, list[Change]]]] = {}
    others: list[Change] = []
    for change in changes:
        stack, layered, module = change.role.partition("#")
        if layered and change.numbers:
            rows = stacks.setdefault(stack.rstrip("."), {})
            cells = rows.setdefault(module.lstrip("."), {})
            cells.setdefault(change.numbers[0], []).append(change)
        else:
            others.append(change)
    others.sort(key=lambda one: one.kind in UNCHANGED)
    found = tuple(_stack(name, rows) for name, rows in stacks.items())
    drawn = sum(len(cell.changes) for s in found for r in s.rows for cell in r.cells if cell)
    others_shown = tuple(others[:OTHERS])
    return Grid(stacks=found, others=others_shown, left=len(changes) - drawn - len(others_shown))


def _stack(name: str, rows: Mapping[str, Mapping[str, Sequence[Change]]]) -> Stack:
    numbers = {number for cells in rows.values() for number in cells}
    layers = tuple(sorted(numbers, key=lambda number: (len(number), number))[:LAYERS])
    return Stack(
        name=name,
        layers=layers,
        rows=tuple(
            Row(
                name=module.removesuffix(".weight") or name,
                cells=tuple(Cell(changes=tuple(cells[n])) if n in cells else None for n in layers),
            )
            for module, cells in list(rows.items())[:MODULES]
        ),
    )


def weight(change: Change) -> tuple[int, float, int]:
    """By what one change is greater than another."""
    return ORDER.index(change.kind), change.relative, change.rank or 0


def step(change: Change) -> int:
    """Which step of size a change has, from 0."""
    return sum(change.relative >= least for least in STEPS)


def sign(change: Change) -> str:
    """The character of a change; a low rank is its number up to DIGITS."""
    if change.kind is Kind.DENSE:
        return SIGNS[Kind.DENSE][-1 if change.relative == 0 else step(change)]
    if change.kind is Kind.LOW_RANK and change.rank and change.rank <= DIGITS:
        return str(change.rank)
    return SIGNS[change.kind]


def legend(shown: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """A change for every sign that occurs, and what the sign means; the least change first."""
    found = {(ORDER.index(one.kind), _position(one)): one for one in shown}
    for _, one in sorted(found.items(), key=lambda item: item[0]):
        words = WORDS.get(one.kind, one.kind)
        if one.kind is Kind.DENSE:
            words = f"dense, {SIZES[step(one)] if one.relative else 'size not told'}"
        elif one.kind is Kind.LOW_RANK and sign(one) == str(one.rank):
            words = f"rank {one.rank}"
        yield one, words


def _position(change: Change) -> int:
    """Where a sign stands among those of its kind."""
    signed = sign(change)
    return int(signed) - DIGITS if signed.isdigit() else 1 + SIGNS[change.kind].index(signed)


def percent(value: float) -> str:
    """A share of 1 in words."""
    shown = 100 * value
    if not isfinite(shown):
        return "beyond measure"
    if 0 < shown < 0.05:
        return "below 0.1 %"
    return f"{shown:.1f} %" if shown < 10 else f"{shown:,.0f} %"


def brief(change: Change) -> str:
    """What became of a tensor, in a phrase."""
    words = [_kinds([change]), change.detail]
    if change.kind not in UNCHANGED and change.relative:
        words.append(percent(change.relative))
    return ", ".join(filter(None, words))


def told(change: Change) -> str:
    """The same in full."""
    words = brief(change)
    if change.kind not in UNCHANGED and change.relative:
        words += " of the base's norm"
    if change.share:
        words += f", {percent(change.share)} of the values differ"
    return words


def summed(changes: Sequence[Change]) -> str:
    """What became of a module, in a few words: `1/4 rank 1, 1.0 %` of one layer of four."""
    changed = [one for one in changes if one.kind not in UNCHANGED]
    if not changed:
        return max(changes, key=weight).kind
    part = f"{len(changed)}/{len(changes)} " if len(changed) < len(changes) else ""
    size = median(one.relative for one in changed)
    return f"{part}{_kinds(changed)}" + (f", {percent(size)}" if size else "")


def _kinds(changed: Sequence[Change]) -> str:
    kinds, ranks = {one.kind for one in changed}, [one.rank for one in changed if one.rank]
    if kinds == {Kind.LOW_RANK} and ranks:
        return f"rank {min(ranks)}" + (f"-{max(ranks)}" if max(ranks) > min(ranks) else "")
    return str(changed[0].kind) if len(kinds) == 1 else "mixed"
