"""What a quantiser moved from one tensor into the next before it rounded: AWQ and SmoothQuant
multiply the inputs of matrices, and divide what stands before them by the same numbers.

A norm tells the numbers itself, and of a matrix before another one each line does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import CHUNK, Side
from provenance.weights.changes.fitting import Scales, fitted
from provenance.weights.changes.pairs import Pair
from provenance.weights.changes.pieces import Piece
from provenance.weights.changes.turning import Turned, lies_turned
from provenance.weights.forms.packings import FORMS
from provenance.weights.roles import Numbers
from provenance.weights.stored import Reader, Unreadable
from provenance.weights.values import Floats

BEHIND: Mapping[str, tuple[str, ...]] = {
    "input_layernorm": (
        *("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.qkv_proj"),
        *("self_attn.q_a_proj", "self_attn.kv_a_proj_with_mqa", "self_attn.query_key_value"),
    ),
    "post_attention_layernorm": ("mlp.gate_proj", "mlp.up_proj", "mlp.gate_up_proj"),
    "pre_feedforward_layernorm": ("mlp.gate_proj", "mlp.up_proj", "mlp.gate_up_proj"),
}
"""The matrices that read what each norm writes."""
LINES: Mapping[str, str] = {"mlp.up_proj": "mlp.down_proj", "self_attn.v_proj": "self_attn.o_proj"}
"""The matrix that reads the lines of another one, which no function bends on the way."""
LEAST = 0.01
"""By how much a number must differ from 1 to have been moved."""
FAR = 0.05
"""The same of a line, of which rounding leaves no exact number."""
WITHIN, CHANCE = 0.05, 6.0
"""How far the multiple of an input may be from what a norm says: of it, and of its own error."""
BLURRED = 0.4
"""Of an input, the rounding from which on its values are too coarse to tell a multiple."""
TINY = 1e-30
MOVED = "moved into what reads it"
Place = tuple[str, Numbers]


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads the base's bytes, and the derivative's."""

    base: Reader
    own: Reader


@dataclass(frozen=True, slots=True)
class Moved:
    """By what matrices of the derivative were multiplied, and the norms that were divided by it."""

    scales: Mapping[Place, Scales]
    norms: frozenset[Place] = frozenset()


def moved_scales(some: Sequence[Pair], base_reader: Reader, reader: Reader) -> Moved:
    """What was moved into packed matrices of the derivative, as far as what stands before them and
    one of them say the same of each input."""
    readers = Readers(base_reader, reader)
    known = {_place(pair): pair for pair in some if pair.base and pair.derived}
    found: dict[Place, Scales] = {}
    norms: set[Place] = set()
    for place, pair in known.items():
        behind = _readers(place, known)
        scale = _of_norm(pair, readers) if behind else None
        if scale is not None and any(_counters(known[one], scale, readers) for one in behind):
            found |= {one: Scales(columns=scale) for one in behind if _fits(known[one], scale)}
            norms.add(place)
            found[_bias(place)] = Scales(columns=np.asarray(1 / scale, np.float32))
    for place, pair in known.items():
        module = _module(place)
        after = (place[0].replace(module, LINES.get(module, "")), place[1])
        if module in LINES and after in known and _is_packed(pair):
            found |= _of_lines(place, after, known, found, readers)
    return Moved(found, frozenset(norms))


def settled(changes: Iterable[Change], moved: Moved) -> list[Change]:
    """The changes, those of norms being none that were only moved."""
    return [
        replace(one, kind=Kind.CAST, detail=MOVED)
        if (one.role, one.numbers) in moved.norms and one.kind is Kind.DENSE
        else one
        for one in changes
    ]


def _bias(place: Place) -> Place:
    return place[0].removesuffix(".weight") + ".bias", place[1]


def _place(pair: Pair) -> Place:
    piece = pair.derived or pair.base
    return (piece.role, piece.numbers) if piece else ("", ())


def _module(place: Place) -> str:
    return place[0].rpartition("#.")[2].removesuffix(".weight")


def _readers(place: Place, known: Mapping[Place, Pair]) -> list[Place]:
    """The packed matrices behind a norm."""
    module = _module(place)
    names = (place[0].replace(module, behind) for behind in BEHIND.get(module, ()))
    return [one for name in names if (one := (name, place[1])) in known and _is_packed(known[one])]


def _is_packed(pair: Pair) -> bool:
    form = pair.derived.matrix.form if pair.derived and not pair.adapts else "plain"
    return form != "plain" and form in FORMS


def _fits(pair: Pair, scale: Floats) -> bool:
    base = pair.base
    return base is not None and scale.size == _shape(base)[1]


def _shape(piece: Piece) -> tuple[int, int]:
    """Outputs and inputs of a matrix that the base keeps as most programs do."""
    matrix = piece.matrix
    turned = FORMS[matrix.form].turned if matrix.form in FORMS else False
    return (matrix.columns, matrix.rows) if turned else (matrix.rows, matrix.columns)


def _of_norm(pair: Pair, readers: Readers) -> Floats | None:
    """By what the inputs behind a norm were multiplied; None where it is the base's."""
    base, own = pair.base, pair.derived
    if base is None or own is None or base.why or own.why or base.size != own.size:
        return None
    try:
        before = Side(piece=base, reader=readers.base).values(0, base.size)
        after = Side(piece=own, reader=readers.own).values(0, own.size)
    except Unreadable:
        return None
    with np.errstate(all="ignore"):
        added = np.float32(own.main.raised - base.main.raised)
        return _told((before + added) / after, LEAST)


def _told(ratio: Floats, least: float) -> Floats | None:
    sound = np.isfinite(ratio) & (ratio > 0)
    ratio = np.where(sound, ratio, 1).astype(np.float32)
    return ratio if (np.abs(ratio - 1) > least).any() else None


def _counters(pair: Pair, scale: Floats, readers: Readers) -> bool:
    """Whether each input of a matrix was multiplied by what the norm before it was divided by, as
    far as its rounding lets tell."""
    sides = _sides(pair, None, readers)
    if sides is None or not _fits(pair, scale):
        return False
    both = np.zeros((3, scale.size))
    lines = 0
    try:
        for _, base, own in _chunks(*sides):
            both += [np.square(base).sum(0), (base * own).sum(0), np.square(own).sum(0)]
            lines += len(base)
    except Unreadable:
        return False
    size = np.maximum(both[0], TINY)
    found = both[1] / size
    spread = np.sqrt(np.maximum(both[2] / size - np.square(found), 0))
    sound = (both[0] > 0) & (spread < BLURRED * scale)
    near = np.abs(found - scale) <= WITHIN * scale + CHANCE * spread / np.sqrt(max(1, lines))
    return bool(near[sound].all() and sound.sum() * 2 > sound.size)


def _of_lines(
    place: Place,
    behind: Place,
    known: Mapping[Place, Pair],
    found: Mapping[Place, Scales],
    readers: Readers,
) -> dict[Place, Scales]:
    """The scales of a matrix of which lines were divided, of its bias, and of that behind it."""
    columns = found.get(place, Scales()).columns
    try:
        lines = _lines(known[place], columns, readers)
    except Unreadable:
        return {}
    if lines is None or not _fits(known[behind], lines):
        return {}
    back = np.asarray(1 / lines, np.float32)
    own = replace(found.get(behind, Scales()), columns=back)
    both = Scales(lines=lines, columns=columns)
    return {place: both, behind: own, _bias(place): Scales(columns=lines)}


def _lines(pair: Pair, columns: Floats | None, readers: Readers) -> Floats | None:
    """By what each line of a matrix was multiplied, by least squares; None for 1."""
    sides = _sides(pair, columns, readers)
    if sides is None:
        return None
    found = np.ones(sides[0].piece.matrix.rows, np.float32)
    for first, base, own in _chunks(*sides):
        size = np.square(base).sum(axis=1)
        ratio = np.divide((base * own).sum(axis=1), size, out=np.ones_like(size), where=size > 0)
        found[first : first + len(base)] = ratio
    return _told(found, FAR)


def _sides(pair: Pair, columns: Floats | None, readers: Readers) -> tuple[Side, Side] | None:
    """Both with outputs first; None where they are of different shapes."""
    if pair.base is None or pair.derived is None or pair.base.why or pair.derived.why:
        return None
    inner = Side(piece=pair.base, reader=readers.base)
    own: Side = Side(piece=pair.derived, reader=readers.own)
    if lies_turned(pair.base, pair.derived):
        own = Turned.of(own)
    base = fitted(inner, own, Scales(columns=columns))
    one, two = base.piece.matrix, own.piece.matrix
    return (base, own) if (one.rows, one.columns) == (two.rows, two.columns) else None


def _chunks(base: Side, own: Side) -> Iterator[tuple[int, Floats, Floats]]:
    """Lines of both, with the number of the first."""
    count, wide = base.piece.matrix.rows, base.piece.matrix.columns
    step = max(1, CHUNK // wide)
    for first in range(0, count, step):
        begin, end = first * wide, min(count, first + step) * wide
        one, two = base.values(begin, end), own.values(begin, end)
        yield first, one.reshape(-1, wide), two.reshape(-1, wide)
