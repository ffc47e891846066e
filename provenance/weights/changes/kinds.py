"""What kind of change a difference is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from provenance.weights.changes.buffers import said_of
from provenance.weights.changes.change import (
    BESIDE,
    BEYOND,
    MOVED,
    OUTSIDE,
    UNCHANGED,
    Change,
    Kind,
    no_numbers,
    runs_of,
)
from provenance.weights.changes.delta import Delta, Side, measured, same_bytes
from provenance.weights.changes.factors import Scales, adapted_change
from provenance.weights.changes.filling import is_filled
from provenance.weights.changes.fitting import Fitted, fitted
from provenance.weights.changes.fitting import Scales as Moved
from provenance.weights.changes.four_bit import FOLLOWING, rounded_first
from provenance.weights.changes.lattice import Lattice, lattice
from provenance.weights.changes.outside import Held
from provenance.weights.changes.pairs import Pair, Place
from provenance.weights.changes.pieces import Piece
from provenance.weights.changes.rank import DIGITS, is_low, rank, standing
from provenance.weights.changes.rounding import FAR, bits_of, farthest
from provenance.weights.changes.straying import rows_beyond, strays
from provenance.weights.changes.turning import Turned, lies_turned
from provenance.weights.names import Use, use_of
from provenance.weights.stored import Reader, Unreadable
from provenance.weights.values import Floats

FEW = 4
"""Of the rows one of so many, or fewer, are a few."""
OTHERS = ", of other values"
"""What is said of rows that were added, and are neither zeros nor the mean nor one of the rest."""
LEARNT = frozenset({"GPTQ", "packed"})
"""Forms of tools that let one value take up what rounding did to another: no noise."""
SAMPLED, ROWS = 1 << 16, 16
"""Values, and rows, of which is told whether they are quantised."""


def change_of(
    pair: Pair,
    base_reader: Reader,
    reader: Reader,
    scales: Scales,
    moved: Mapping[Place, Moved] | None = None,
) -> Change:
    """How the derivative's piece of a pair differs from the base's; `scales` are those of an
    adapter's factors, `moved` says by what a quantiser multiplied matrices."""
    if pair.base is None or pair.derived is None:
        return _alone(pair, reader)
    change = _named(pair, pair.base, pair.derived)
    try:
        base = Side(piece=pair.base, reader=base_reader)
        own = Side(piece=pair.derived, reader=reader)
        if pair.adapts:
            return adapted_change(change, base, own, scales)
        place = (pair.derived.role, pair.derived.numbers)
        found = _between(change, fitted(base, own, (moved or {}).get(place)), own)
        return _moved(pair, found if found.kind in UNCHANGED else _with_values(found, own))
    except Unreadable as error:
        return replace(change, kind=Kind.UNREADABLE, detail=str(error))


def _alone(pair: Pair, reader: Reader) -> Change:
    """What was added or left out."""
    piece = pair.derived or pair.base
    if piece is None:
        raise ValueError("a pair of nothing")
    kind = Kind.ADDED if pair.base is None else Kind.REMOVED
    change = Change(name=piece.name, role=piece.role, numbers=piece.numbers, kind=kind)
    if _packed(pair):
        return replace(change, kind=Kind.UNREADABLE, detail=piece.why)
    return _with_values(change, Side(piece=piece, reader=reader))


def _named(pair: Pair, base: Piece, own: Piece) -> Change:
    """A change between two pieces of which nothing is known yet but their names."""
    of = base if pair.adapts else own
    change = Change(
        name=own.name, base=base.name, role=of.role, numbers=of.numbers, kind=Kind.REMOVED
    )
    if pair.head is None:
        return change
    other = own if pair.head is base else base
    words = f"{BESIDE} {other.name}"
    return replace(change, name=pair.head.name, role=pair.head.role, numbers=(), detail=words)


def _moved(pair: Pair, change: Change) -> Change:
    """With a word on a layer that stands elsewhere than in the base."""
    if pair.base is None or pair.derived is None or pair.base.numbers == pair.derived.numbers:
        return change
    words = (change.detail, f"{MOVED}{pair.base.name}")
    return replace(change, detail="; ".join(word for word in words if word))


def _with_values(change: Change, own: Side) -> Change:
    """With a word on values that are those of a buffer, or zeros."""
    words = (change.detail, "" if change.kind is Kind.REMOVED else said_of(own, change.kind))
    return replace(change, detail="; ".join(word for word in words if word))


def _packed(pair: Pair) -> bool:
    return pair.derived is not None and pair.derived.why.startswith("unreadable packing")


def _between(change: Change, base: Side, own: Side) -> Change:
    if same_bytes(base, own):
        return replace(change, kind=Kind.IDENTICAL)
    if why := own.piece.why or base.piece.why:
        return replace(change, kind=Kind.UNREADABLE, detail=why)
    if lies_turned(base.piece, own.piece):
        base = Turned.of(base)
    one, two = base.piece.matrix, own.piece.matrix
    shapes = f"[{two.rows}, {two.columns}] of [{one.rows}, {one.columns}]"
    if (one.rows, one.columns) != (two.rows, two.columns):
        plain = base.piece.is_plain and own.piece.is_plain
        if one.columns == two.columns and min(one.rows, two.rows) > 1:
            return _grown(change, base, own)
        if base.piece.size != own.piece.size or not plain or 1 not in (one.rows, two.rows):
            return replace(change, kind=Kind.RESHAPED, detail=shapes)
    delta = measured(base, own)
    return _told(change, _judged(change, delta, base, own), delta)


def _told(change: Change, judged: Change, delta: Delta) -> Change:
    """The change with its numbers, and with a word on values that are none."""
    words = (change.detail, judged.detail, no_numbers(delta.odd))
    is_table = use_of(change.role) is Use.TABLE or BESIDE in change.detail
    return replace(
        judged,
        rows=runs_of(delta.lines.tolist()) if is_table else (),
        relative=float(f"{delta.relative:.6g}"),
        share=float(f"{delta.share:.6g}"),
        detail="; ".join(dict.fromkeys(word for word in words if word)),
    )


def _grown(change: Change, base: Side, own: Side) -> Change:
    """Rows were added behind those of the base, or left out there."""
    delta = measured(base, own)
    theirs, ours = base.piece.matrix.rows, own.piece.matrix.rows
    rest = f"{ours - theirs} added" if ours > theirs else f"{theirs - ours} left out"
    both = min(ours, theirs)
    with np.errstate(all="ignore"):
        rest += OTHERS if ours > theirs and not is_filled(own, theirs) else ""
    if own.piece.dtype not in DIGITS:
        bound = farthest(base, own.piece, _some_rows(base))
        if delta.relative <= bound and not _rows_beyond(delta, bound, own):
            delta = replace(delta, changed=0)
    words = f"{delta.rows} of {both} rows differ" if delta.changed else f"{both} rows identical"
    return _told(change, replace(change, kind=Kind.RESHAPED, detail=f"{words}, {rest}"), delta)


def _judged(change: Change, delta: Delta, base: Side, own: Side) -> Change:
    types = _types(base, own)
    if own.piece.dtype not in DIGITS and types:
        return _packed_in(replace(change, detail=types), delta, base, own)
    if isinstance(base, Fitted) and delta.relative < base.near:
        return replace(change, kind=Kind.CAST, detail="as its file keeps it")
    if not delta.changed:
        return replace(change, kind=Kind.CAST, detail=types or "the same numbers in other bytes")
    if delta.zeroed == delta.changed:
        return replace(change, kind=Kind.PRUNED, detail=f"{delta.share:.1%} set to zero")
    matrix = own.piece.matrix
    if matrix.rows > 1 and 0 < delta.rows * FEW <= matrix.rows:
        words = f"{delta.rows} of {matrix.rows} rows"
        count = min(delta.rows, _rank_of_part(delta))
        return _held(replace(change, kind=Kind.ROWS, detail=words), delta, base, own, count)
    if delta.relative <= FAR and (found := _quantized(base, own)):
        return _on_lattice(change, delta, base, own, found)
    return _ranked(change, delta, base, own)


def _on_lattice(change: Change, delta: Delta, base: Side, own: Side, found: Lattice) -> Change:
    """What a quantiser left, in whatever type it was stored then; four bits that follow from the
    base are held to those."""
    strayed = found.strayed or strays(base, own, found)
    if found.words in FOLLOWING and base.piece.is_plain:
        first = rounded_first(base, own, delta.relative)
        if first and first.rank:
            return _ranked(change, delta, base, own)
        strayed = strayed or not first
    if not strayed:
        return replace(change, kind=Kind.QUANTIZED, detail=found.words)
    return replace(change, kind=Kind.DENSE, detail=f"{found.words}{BEYOND}")


def _ranked(change: Change, delta: Delta, base: Side, own: Side) -> Change:
    """By the rank of what was trained, beside a base that may have been rounded first."""
    if delta.part is None:
        return replace(change, kind=Kind.DENSE)
    change = _held(change, delta, base, own, _rank_of_part(delta))
    if _is_low(change, own):
        return replace(change, kind=Kind.LOW_RANK)
    first = rounded_first(base, own, delta.relative)
    if first and not first.rank:
        return replace(change, kind=Kind.QUANTIZED, rank=None, detail=first.words)
    if first:
        change = replace(change, rank=first.rank, detail=f"{first.words}{BEYOND}")
    return replace(change, kind=Kind.LOW_RANK if _is_low(change, own) else Kind.DENSE)


def _rank_of_part(delta: Delta) -> int:
    return 0 if delta.part is None else rank(delta.part, delta.ulps)


def _held(change: Change, delta: Delta, base: Side, own: Side, found: int) -> Change:
    """With the rank that a part of the change has, and that of rows which are of no such factors:
    every row is looked at."""
    outside = Held(base, own).outside(delta.lines, found) if base.piece.is_plain else None
    if outside is None:
        return replace(change, rank=found)
    words = (change.detail, f"{outside.rows} of {own.piece.matrix.rows} rows {OUTSIDE}")
    return replace(
        change, rank=max(found, outside.rank), detail="; ".join(word for word in words if word)
    )


def _is_low(change: Change, own: Side) -> bool:
    return is_low(change.rank or 0, own.piece.matrix.rows, own.piece.matrix.columns)


def _packed_in(change: Change, delta: Delta, base: Side, own: Side) -> Change:
    """What was done beside packing; a rank counts what stands out of the coarsest rounding."""
    bound = farthest(base, own.piece, _some_rows(base))
    matrix, beyond = own.piece.matrix, delta.relative > bound
    found = 0
    if delta.part is not None and beyond:
        found = rank(delta.part, 12 * bound * bound * delta.before / max(1, delta.compared))
    elif delta.part is not None and matrix.form not in LEARNT:
        found = standing(delta.part)
    if not beyond and not found:
        rows = _rows_beyond(delta, bound, own)
        words = f"{change.detail}{BEYOND}, in {rows} of {matrix.rows} rows"
        return replace(
            change,
            kind=Kind.DENSE if rows else Kind.QUANTIZED,
            detail=words if rows else change.detail,
        )
    change = replace(change, detail=f"{change.detail}{BEYOND}")
    if is_low(found, matrix.rows, matrix.columns):
        return replace(change, kind=Kind.LOW_RANK, rank=found)
    return replace(change, kind=Kind.DENSE)


def _rows_beyond(delta: Delta, bound: float, own: Side) -> int:
    return rows_beyond(delta.each, bound, bits_of(own.piece), own.piece.matrix.columns)


def _types(base: Side, own: Side) -> str:
    """From what type to what, where that is another one."""
    before, after = (side.piece.dtype or side.piece.matrix.form for side in (base, own))
    return f"{before} to {after}" if before != after else ""


def _quantized(base: Side, own: Side) -> Lattice | None:
    """By some whole rows of both."""
    columns = own.piece.matrix.columns
    if not 0 < columns <= SAMPLED or base.piece.matrix.columns != columns:
        return None
    return lattice(_some_rows(base), _some_rows(own))


def _some_rows(side: Side) -> Floats:
    """Rows all over it; none where they are too long."""
    rows, columns = side.piece.matrix.rows, side.piece.matrix.columns
    count = min(ROWS, rows, SAMPLED // max(1, columns))
    found = [side.values(at, at + columns) for at in _starts(count, rows, columns)]
    return np.stack(found) if found else np.zeros((0, 1), np.float32)


def _starts(count: int, rows: int, columns: int) -> list[int]:
    return [number * rows // count * columns for number in range(count)]
