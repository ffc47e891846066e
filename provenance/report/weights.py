"""Two models' weights beside each other as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isfinite

from provenance.drift import Beside
from provenance.drift.comparison import Comparison
from provenance.report.common import printable
from provenance.report.grid import Cell, Grid, Stack, brief, grid_of, legend, percent, sign, summed
from provenance.report.human import DIM, DOUBT, PLAIN, SHORT_COMMIT, Line, Span, wrapped
from provenance.weights.changes.change import UNCHANGED, Change
from provenance.weights.compared import Side
from provenance.weights.kinship import Kinship
from provenance.weights.merging import Merge

VERSION = 1
LABEL, WORDS, FEWEST_WORDS = 24, 21, 12
"""Columns of a module's name, and of what is said behind its cells."""
TEN = 10
"""Layers between two numbers of the ruler, and in the shortest line of a picture."""
SHOWN = 24
"""Tensors outside of layers that a terminal shows; all of them are in the other forms."""
GAP = "  "
SHORT_DIGEST = 23
"""Characters of `sha256:<hex>`."""
LIMIT = "a change map says where and how much, not what a change does"


def comparison_lines(compared: Comparison, *, width: int = 100) -> Iterator[Line]:
    """What was compared, what it comes to, and the picture, in at most `width` columns."""
    yield (Span(f"{printable(compared.derived.name)} beside {printable(compared.base.name)}"),)
    for title, text in facts(compared):
        first, *rest = wrapped(text, " " * 12, width)
        yield Span(f"  {title:<10}", DIM), Span("".join(span.text for span in first).lstrip())
        yield from rest
    grid = grid_of(compared.changes.changes)
    for stack in grid.stacks:
        yield from _stack(stack, width)
    yield from _others(grid, width)
    if grid.left:
        yield (Span(f"  and {grid.left} more: --format json has them all", DIM),)
    yield ()
    yield from _legend(grid, width)
    yield from wrapped(LIMIT, GAP, width, DIM)


def facts(compared: Comparison) -> Iterator[tuple[str, str]]:
    """What is said above the picture, each with its title."""
    yield "base", side(compared.base)
    yield "derived", side(compared.derived)
    yield "kinship", f"{compared.kinship.kind}: {compared.kinship.words}"
    yield "changes", compared.summary
    yield from (("beside", text) for text in _beside(compared.beside))
    if compared.merge:
        yield "merge", _merge(compared.merge)
    if deep := _deep(compared):
        yield "deep", f"{deep} (experimental)"


def _beside(found: Sequence[Beside]) -> Iterator[str]:
    """What is equal in one line, then one for each thing that is not."""
    if equal := ", ".join(one.subject for one in found if one.equal):
        yield f"as the base's: {equal}"
    for one in found:
        if one.added:
            yield f"{one.subject}: {one.words}, and says more: {one.quoted}"
        elif not one.equal:
            yield f"{one.subject}: {one.words}"


def side(one: Side) -> str:
    """Which bytes a model was, as far as it is known; JSON has the digests in full."""
    name = f"{one.name}@{one.commit[:SHORT_COMMIT]}" if one.commit else one.name
    return f"{name}, {one.manifest[:SHORT_DIGEST]}" if one.manifest else name


def _merge(merge: Merge) -> str:
    terms = " + ".join(f"{one.coefficient:.2f} {one.base}" for one in merge.shares)
    return f"{terms}; {percent(merge.residual)} of the norm is left"


def _deep(compared: Comparison) -> str:
    found = compared.kinship.deep
    if found is None:
        return compared.unlooked
    base = compared.base.name
    return f"{percent(found.rate)} of {found.units:,} hidden units of {base} were found again"


def _stack(stack: Stack, width: int) -> Iterator[Line]:
    """The picture of a stack; one with more layers than fit is continued below."""
    names = [ended(name, LABEL) for name in (stack.name, *(row.name for row in stack.rows))]
    label = max(map(len, names))
    room = width - len(GAP) * 3 - label
    in_one = room - len(stack.layers) >= FEWEST_WORDS
    fitting = len(stack.layers) if in_one else max(TEN, (room - WORDS) // TEN * TEN)
    words = [_fitting(summed(row.changes), room - fitting) for row in stack.rows]
    for begin in range(0, len(stack.layers), fitting):
        part = slice(begin, begin + fitting)
        yield ()
        yield (Span(f"{GAP}{names[0]:<{label}}{GAP}{_ruler(stack.layers[part])}", DIM),)
        for row, name, said in zip(stack.rows, names[1:], words, strict=True):
            is_last = begin + fitting >= len(stack.layers)
            start, end = Span(f"{GAP}{name:<{label}}{GAP}"), Span(f"{GAP}{said}" * is_last, DIM)
            yield (start, *map(_cell, row.cells[part]), end)


def _fitting(words: str, room: int) -> str:
    """The words, without the size of the change where that does not fit."""
    return words if len(words) <= room else words.partition(",")[0][:room]


def _cell(cell: Cell | None) -> Span:
    return Span(cell.sign, _tone(cell.greatest)) if cell else Span(" ")


def ended(name: str, most: int) -> str:
    """A name that may be anything, or its end where it is long: that is what tells names apart."""
    shown = printable(name)
    return shown if len(shown) <= most else f"…{shown[1 - most :]}"


def _ruler(layers: tuple[str, ...]) -> str:
    """The number of every tenth layer above its column, and of the last where there is room."""
    drawn = ""
    for at in sorted({*range(0, len(layers), TEN), len(layers) - 1}):
        if not drawn or at > len(drawn):
            drawn = f"{drawn:<{at}}{printable(layers[at])[:TEN]}"
    return drawn


def _others(grid: Grid, width: int) -> Iterator[Line]:
    if not grid.others:
        return
    yield ()
    yield (Span(f"{GAP}outside of layers", DIM),)
    shown = grid.others[:SHOWN]
    names = [ended(one.name, width // 2) for one in shown]
    label = max(map(len, names))
    for one, name in zip(shown, names, strict=True):
        said = printable(brief(one))[: width - label - len(GAP) * 3]
        start, end = Span(f"{GAP}{sign(one)} ", _tone(one)), Span(f"{GAP}{said}", DIM)
        yield start, Span(f"{name:<{label}}"), end
    if len(grid.others) > SHOWN:
        more = f"and {len(grid.others) - SHOWN} more: --format json has them all"
        yield (Span(f"{GAP}{more}", DIM),)


def _legend(grid: Grid, width: int) -> Iterator[Line]:
    """Every sign that occurs with its words, as many on a line as fit."""
    line = ""
    for one, words in legend(grid.shown):
        entry = f"{GAP}{sign(one)} {words}"
        if line and len(line) + len(entry) > width:
            yield (Span(line, DIM),)
            line = ""
        line += entry
    if line:
        yield (Span(line, DIM),)


def _tone(change: Change) -> str:
    """Nothing here is good or bad: what is as it was stands back, what changed steps forward."""
    return DIM if change.kind in UNCHANGED else DOUBT if change.rank else PLAIN


def comparison_json(compared: Comparison) -> str:
    """All of it as one JSON document in ASCII."""
    document = {
        "version": VERSION,
        "base": asdict(compared.base),
        "derived": asdict(compared.derived),
        "kinship": kinship_table(compared.kinship),
        "summary": compared.summary,
        "beside": [asdict(one) | {"equal": one.equal} for one in compared.beside],
        "merge": _merge_table(compared.merge) if compared.merge else None,
        "experimental": _deep(compared) or None,
        "changes": [_change(one) for one in compared.changes.changes],
    }
    return json.dumps(document, indent=1, allow_nan=False)


def kinship_table(kinship: Kinship) -> dict[str, object]:
    """One kinship with its numbers."""
    whole = kinship.relation.whole
    return {
        "base": kinship.base,
        "kind": kinship.kind,
        "words": kinship.words,
        "z": number(whole.z),
        "rho": number(whole.rho),
        "least": number(whole.least),
        "values": whole.values,
        "matrices": kinship.relation.paired,
        "copied": kinship.copied,
        "tensors": kinship.tensors,
    }


def _merge_table(merge: Merge) -> dict[str, object]:
    shares = [{"base": one.base, "coefficient": number(one.coefficient)} for one in merge.shares]
    return {"shares": shares, "residual": number(merge.residual)}


def _change(one: Change) -> dict[str, object]:
    return {
        "name": one.name,
        "base": one.base,
        "role": one.role,
        "layer": list(one.numbers),
        "kind": one.kind,
        "rank": one.rank,
        "relative": number(one.relative),
        "share": number(one.share),
        "detail": one.detail,
    }


def number(value: float) -> float | None:
    """A number that JSON has, to seven digits; None for one that it has not."""
    return float(f"{value:.7g}") if isfinite(value) else None
