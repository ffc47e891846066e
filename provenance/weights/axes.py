"""Which shape a weight has and which of its axes is the residual stream's, by the whole model.

Every stack of layers has its own width: the length that most of its matrices have where their names
say that the stream is. What the names leave open is settled by the shapes of the same model: where
matrices that one program stores alike are wider than they may be, all of them are turned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.weights.forms.form import Hint, Shape
from provenance.weights.forms.packings import FORMS
from provenance.weights.names import Use, meanings
from provenance.weights.pieces import Piece
from provenance.weights.roles import role_of
from provenance.weights.stored import Stored

SMALLEST = 16
"""Of a residual axis: below it no statistic says anything."""
FREE = ("bitsandbytes", "packed", "MLX")
"""Forms that leave open what shape a weight has."""
NORM = re.compile(r"norm|ln_|layer_norm")
HEADS = re.compile(r"[qk]_(?:layer)?norm")
"""Norms of a head and not of the stream."""
SURE, LIKELY = 2, 1
Widths = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Unfit:
    """A weight whose tensors cannot be read, and why."""

    name: str
    why: str


def shaped(some: Sequence[Piece], vectors: Iterable[Stored]) -> tuple[list[Piece], list[Unfit]]:
    """The pieces with their form, shape and axis, and what has no form that fits."""
    found: list[Piece] = []
    unfit: list[Unfit] = []
    free: list[Piece] = []
    for piece in some:
        if piece.weight.forms and piece.weight.forms[0] in FREE:
            free.append(piece)
        elif (fitted := _fitted(piece, Hint())) is not None:
            found.append(fitted)
        else:
            unfit.append(_unfit(piece))
    widths = _widths(found, vectors, {piece.group for piece in some})
    for piece, fitted in _freed(free, widths):
        if fitted is None:
            unfit.append(_unfit(piece))
        else:
            found.append(fitted)
    turned = _turned(found, widths)
    return [_placed(piece, widths, turned) for piece in found], unfit


def _unfit(piece: Piece) -> Unfit:
    packing = piece.weight.packing or piece.weight.main.dtype
    return Unfit(piece.weight.name, f"unreadable packing: {packing}")


def _fitted(piece: Piece, hint: Hint) -> Piece | None:
    main, beside = piece.weight.main, piece.weight.beside
    if not main.size:
        return None
    for name in piece.weight.forms:
        if shape := FORMS[name].shape(main, beside, hint):
            return _counted(piece, name, shape)
    return None


def _counted(piece: Piece, form: str, shape: Shape) -> Piece:
    """With its shape; of a stack with that of one matrix."""
    rows, columns = shape
    first = piece.weight.main.shape[0]
    stack = piece.known.stack and len(piece.weight.main.shape) > 2 and first and not rows % first
    count = first if stack else 1
    return replace(
        piece, form=form, rows=rows // count, columns=columns, count=count, high=rows, wide=columns
    )


def _freed(free: Sequence[Piece], widths: Widths) -> Iterable[tuple[Piece, Piece | None]]:
    """Those of a free shape: what reads the stream first, since its width says how it is packed."""
    groups: Counter[int] = Counter()
    bits: Counter[int] = Counter()
    for piece in sorted(free, key=lambda one: one.known.use is Use.WRITES):
        hint = Hint(
            width=widths.get(piece.group, 0),
            writes=piece.known.use is Use.WRITES,
            group=max(groups, key=lambda n: groups[n], default=0),
            bits=max(bits, key=lambda n: bits[n], default=0),
        )
        fitted = _fitted(piece, hint)
        if fitted and fitted.columns == hint.width and fitted.form != "bitsandbytes":
            scales = piece.weight.beside[0].size // max(1, fitted.rows * fitted.count)
            groups[fitted.columns // max(1, scales)] += 1
            bits[32 * piece.weight.main.shape[-1] // fitted.columns] += 1
        yield piece, fitted


def _widths(found: Iterable[Piece], vectors: Iterable[Stored], groups: set[str]) -> Widths:
    counted: dict[str, Counter[int]] = {group: Counter() for group in groups}
    for piece in found:
        axis = _natural(piece)
        if axis is not None:
            counted[piece.group][piece.shape[axis]] += SURE
            if piece.known.use is not Use.TABLE:
                counted[piece.group][piece.shape[1 - axis]] += LIKELY
    single = next(iter(groups)) if len(groups) == 1 else None
    norms = [(role_of(v.name, v.path.rpartition("/")[0])[0], v) for v in vectors if _is_norm(v)]
    known = meanings(role for role, _ in norms)
    for role, vector in norms:
        group = known[role].group if single is None else single
        if group in counted:
            counted[group][vector.size] += SURE
    return {
        group: max(some, key=lambda n: (some[n], n), default=0) for group, some in counted.items()
    }


def _is_norm(one: Stored) -> bool:
    return len(one.shape) == 1 and bool(NORM.search(one.name)) and not HEADS.search(one.name)


def _natural(piece: Piece) -> int | None:
    """The residual axis where outputs come first, as the name says it."""
    if piece.known.use in (Use.INNER, Use.POSITION):
        return None
    axis = 0 if piece.known.use is Use.WRITES else 1
    return 1 - axis if FORMS[piece.form].turned or piece.weight.main.turned else axis


def _turned(found: Iterable[Piece], widths: Widths) -> set[tuple[str, str]]:
    """The families of each group that keep inputs first: what is not square says so."""
    said: Counter[tuple[str, str]] = Counter()
    for piece in found:
        axis, width = _natural(piece), widths.get(piece.group, 0)
        if axis is None or piece.rows == piece.columns or not piece.family:
            continue
        if width in piece.shape:
            said[piece.group, piece.family] += 1 if piece.shape[axis] != width else -1
    return {family for family, count in said.items() if count > 0}


def _placed(piece: Piece, widths: Widths, turned: set[tuple[str, str]]) -> Piece:
    axis, width = _natural(piece), widths.get(piece.group, 0)
    if axis is None:
        return piece
    if (piece.group, piece.family) in turned:
        axis = 1 - axis
    if piece.known.use is Use.TABLE and piece.shape[axis] >= SMALLEST:
        # A table may be narrower than the stream: then its own axis is what copies share.
        other = piece.shape[1 - axis] == width != piece.shape[axis]
        return replace(piece, axis=1 - axis if other else axis)
    if width < SMALLEST:
        return piece
    fits = next((a for a in (axis, 1 - axis) if piece.shape[a] == width), None)
    return piece if fits is None else replace(piece, axis=fits)
