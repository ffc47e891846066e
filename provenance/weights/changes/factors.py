"""An adapter's two factors as the low-rank change that they make of a base's weight."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, sqrt

import numpy as np

from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import CHUNK, Side, squared
from provenance.weights.changes.pieces import Piece
from provenance.weights.matrix import Matrix
from provenance.weights.roles import role_of
from provenance.weights.stored import Stored, Unreadable
from provenance.weights.values import DECODERS, decoded

FACTOR = re.compile(
    r"(?P<of>.+)\.lora_(?P<table>embedding_)?(?P<which>A|B|down|up)(?P<adapter>\.[^.]+)??(?:\.weight)?"
)
"""What peft and diffusers call them; of a table A and B are turned (peft, tuners/lora/layer.py)."""
FORM = "lora"
LARGEST = 1 << 24
"""Values of one factor."""
Scales = Mapping[str, float]


def factored(stored: Sequence[Stored]) -> tuple[tuple[Piece, ...], tuple[Stored, ...]]:
    """The products of an adapter's factors as pieces, and all tensors that are no such factor."""
    found: dict[tuple[str, str, str], dict[str, Stored]] = defaultdict(dict)
    for one in stored:
        if (match := FACTOR.fullmatch(one.name)) and len(one.shape) == 2 and one.size:
            which = "A" if match["which"] in ("A", "down") else "B"
            folder = one.path.rpartition("/")[0]
            found[folder, match["of"], match["adapter"] or ""][which] = one
    products: list[Piece] = []
    used: set[Stored] = set()
    for (folder, module, _), both in found.items():
        if len(both) == 2 and (piece := _product(folder, module, both["A"], both["B"])):
            products.append(piece)
            used.update(both.values())
    return tuple(products), tuple(one for one in stored if one not in used)


def _product(folder: str, module: str, a: Stored, b: Stored) -> Piece | None:
    if a.shape[0] != b.shape[1] or not {a.dtype, b.dtype} <= DECODERS.keys():
        return None
    role, numbers = role_of(f"{module}.weight", folder)
    shape = (b.shape[0], a.shape[1])
    matrix = Matrix(
        name=a.name,
        role=role,
        numbers=numbers,
        rows=shape["lora_embedding_" in a.name],
        columns=shape["lora_embedding_" not in a.name],
        stored=(a, b),
        form=FORM,
    )
    return Piece(role=role, numbers=numbers, matrix=matrix)


def product_change(change: Change, base: Side, own: Side, scales: Scales) -> Change:
    """The change that a product of factors makes of the base's matrix; `scales` are alpha by rank
    under the ends of the names of modules."""
    a, b = own.piece.matrix.stored
    shapes = [(side.piece.matrix.rows, side.piece.matrix.columns) for side in (base, own)]
    if shapes[0] != shapes[1]:
        words = f"[{shapes[1][0]}, {shapes[1][1]}] of [{shapes[0][0]}, {shapes[0][1]}]"
        return replace(change, kind=Kind.UNREADABLE, detail=f"factors of another shape: {words}")
    scale = _scale(scales, own.piece)
    with np.errstate(all="ignore"):
        first, second = _read(a, own), _read(b, own)
        square = float(((second.T @ second) * (first @ first.T)).sum())
        before = _norm(base)
    if not isfinite(square) or not isfinite(before):
        return replace(change, kind=Kind.UNREADABLE, detail="holds values that are no numbers")
    if square <= 0 or scale == 0:
        return replace(change, kind=Kind.IDENTICAL, detail="the product of its factors is zero")
    relative = abs(scale or 1.0) * sqrt(square) / before if before else 1.0
    return replace(
        change,
        kind=Kind.LOW_RANK,
        rank=a.shape[0],
        relative=float(f"{relative:.6g}"),
        share=1.0,
        detail="an adapter's factors" + ("" if scale is not None else ", scale not known: 1"),
    )


def _scale(scales: Scales, piece: Piece) -> float | None:
    """Of the longest end of the module's name that has one."""
    match = FACTOR.fullmatch(piece.name)
    words = match["of"].split(".") if match else []
    ends = (".".join(words[at:]) for at in range(len(words) + 1))
    return next((scales[end] for end in ends if end in scales), None)


def _read(factor: Stored, own: Side) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if factor.size > LARGEST:
        raise Unreadable(f"a factor of {factor.size} values, at most {LARGEST} are read")
    data = own.reader.read(factor.path, factor.begin, factor.end)
    return decoded(factor.dtype, data).astype(np.float64).reshape(factor.shape[0], factor.shape[1])


def _norm(base: Side) -> float:
    columns = max(1, base.piece.matrix.columns)
    step = max(1, CHUNK // columns) * columns
    total = 0.0
    for begin in range(0, base.piece.size, step):
        total += squared(base.values(begin, min(base.piece.size, begin + step)))
    return sqrt(total)
