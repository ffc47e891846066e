"""Hidden units known again by what they answer to tokens, however the units are numbered.

A unit of a feed-forward part has a row in its matrices. What that row makes of the embedding of a
token does not change when the residual coordinates are re-ordered or rotated, for the embeddings
turn with it. So each unit has a profile: its answers to some tokens, known by their strings. A unit
of a base is found again in a model where both of its profiles point to one and the same unit there.
Experimental: measured on small models, and never on very large ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.errors import Malformed
from provenance.formats import json
from provenance.weights.coordinates import SALT
from provenance.weights.matrix import Matrix, Part, rows
from provenance.weights.roles import Numbers, role_of
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import DECODERS, Floats, decoded

TOKENS = 64
"""Strings whose answers make a profile."""
SHARED = 32
"""The fewest of them that both models must know."""
USUAL = 4096
"""Words among which the strings are chosen: the first of a vocabulary are the usual ones."""
KEPT = 128
"""Units that are kept of a base, spread over its layers."""
CHUNK = 2**20
"""Values of a matrix that are held at once."""
WORD = re.compile(
    "[\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}\N{LOWER ONE EIGHTH BLOCK}]?[a-z]{2,}|line [0-9]+"
)
"""What a string is chosen of: a word in lower case, or what `lines_of` calls a line."""
UP = re.compile(
    r"(?:^|\.)(?:up_proj|w3|ffn_up|wi_1|c_fc|fc1|lin1|fc_in|dense_h_to_4h|intermediate\.dense)"
    r"\.weight$"
)
GATE = re.compile(r"(?:^|\.)(?:gate_proj|w1|ffn_gate|wi_0)\.weight$")
DOWN = re.compile(
    r"(?:^|\.)(?:down_proj|w2|ffn_down|wo|c_proj|fc2|lin2|fc_out|dense_4h_to_h|output\.dense)"
    r"\.weight$"
)
NORM = re.compile(
    r"(?:^|\.)(?:post_attention_layernorm|ffn_norm|ln_2|final_layer_norm|layer_norm2|norm2)\.weight$"
)
"""The norm before a feed-forward part, in the words of many programs."""
HEADS = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)\.weight$")
Gains = Mapping[Numbers, Floats]
Profiles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Profiles of some units, float32 [units, tokens]; `gate` are those of the gate's rows, or of
    the matrix that projects back where there is none, and has no rows where neither is read."""

    tokens: tuple[str, ...]
    up: Profiles
    gate: Profiles

    @property
    def gated(self) -> bool:
        """Whether each unit has two profiles."""
        return len(self.gate) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep:
    """How many of the `units` of a base were found again, as a share, by so many tokens."""

    rate: float
    units: int
    tokens: int


def vocabulary(data: bytes) -> dict[str, int]:
    """The line of each token's string as a `tokenizer.json` has it, or Malformed."""
    document = json.loads(data)
    model = document.get("model") if isinstance(document, dict) else None
    vocab = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocab, list):
        vocab = {row[0]: n for n, row in enumerate(vocab) if isinstance(row, list) and row}
    if not isinstance(vocab, dict):
        raise Malformed(
            "no `vocab` in its `model`: expected the tokenizer.json of a fast tokenizer"
        )
    return {
        text: line
        for text, line in vocab.items()
        if isinstance(text, str) and type(line) is int and line >= 0
    }


def lines_of(base: Sequence[Matrix], own: Sequence[Matrix]) -> dict[str, int]:
    """A vocabulary for two models that have none: the lines of their tables, if these are equally
    long; else nothing. Where their tokens are others after all, no unit is found again."""
    tables = [_table(base), _table(own)]
    counts = {one.rows if one else 0 for one in tables}
    return {f"line {n}": n for n in range(min(counts.pop(), USUAL))} if len(counts) == 1 else {}


def gains(stored: Sequence[Stored], reader: Reader) -> dict[Numbers, Floats]:
    """The factors of the norm before each feed-forward part by the numbers of its layer."""
    found: dict[Numbers, Floats] = {}
    for one in stored:
        role, numbers = role_of(one.name, one.path.rpartition("/")[0])
        if len(one.shape) == 1 and one.dtype in DECODERS and NORM.search(role):
            found[numbers] = decoded(one.dtype, reader.read(one.path, one.begin, one.end))
    return found


def kept(
    matrices: Sequence[Matrix], reader: Reader, tokens: Mapping[str, int], factors: Gains
) -> Units | None:
    """The units to keep of a base; None where its names do not say what is what."""
    table = _table(matrices)
    some = _strings(tokens, table.rows) if table else ()
    parts = list(_parts(matrices))
    if table is None or len(some) < SHARED or not parts:
        return None
    lines = _embeddings(table, reader, [tokens[text] for text in some])
    ups, gates = [], []
    for up, gate in parts:
        own = lines * factors.get(up.numbers, np.ones(1, np.float32))
        at = np.linspace(0, up.across - 1, -(-KEPT // len(parts))).astype(int)
        ups.append(_profiles(up, reader, own)[at])
        gates.append(_profiles(gate, reader, lines if DOWN.search(gate.role) else own)[at])
    return Units(tokens=some, up=np.concatenate(ups), gate=np.concatenate(gates))


def found_again(
    units: Units,
    matrices: Sequence[Matrix],
    reader: Reader,
    tokens: Mapping[str, int],
    factors: Gains,
) -> Deep | None:
    """How many units of a base a model has; None where the two cannot be compared so."""
    table = _table(matrices)
    known = [n for n, t in enumerate(units.tokens) if table and 0 <= tokens.get(t, -1) < table.rows]
    parts = list(_parts(matrices))
    if table is None or len(known) < SHARED or not parts or not units.gated:
        return None
    lines = _embeddings(table, reader, [tokens[units.tokens[n]] for n in known])
    sides = [_normal(side[:, known]) for side in (units.up, units.gate)]
    best = np.full((2, len(units.up)), -1.0)
    where = np.full((2, len(units.up)), -1)
    start = 0
    for up, gate in parts:
        own = lines * factors.get(up.numbers, np.ones(1, np.float32))
        others = (own, lines if DOWN.search(gate.role) else own)
        for n, (matrix, answers) in enumerate(zip((up, gate), others, strict=True)):
            likeness = np.abs(sides[n] @ _normal(_profiles(matrix, reader, answers)).T)
            at, value = likeness.argmax(axis=1), likeness.max(axis=1)
            better = value > best[n]
            best[n][better], where[n][better] = value[better], start + at[better]
        start += up.across
    hits = (where[0] == where[1]) & (where[0] >= 0)
    return Deep(rate=float(hits.mean()), units=len(hits), tokens=len(known))


def _table(matrices: Sequence[Matrix]) -> Matrix | None:
    """The table of tokens that go in, or the only one."""
    tables = [m for m in matrices if m.part is Part.TABLE and m.residual == 1]
    return min(tables, key=lambda m: (bool(HEADS.search(m.role)), m.role), default=None)


def _strings(tokens: Mapping[str, int], count: int) -> tuple[str, ...]:
    """The strings that are chosen of a vocabulary whose table has so many lines."""
    usual = sorted((n, text) for text, n in tokens.items() if n < count and WORD.fullmatch(text))
    some = [text for _, text in usual[:USUAL]]
    return tuple(sorted(some, key=lambda t: hashlib.sha256(SALT + t.encode()).digest())[:TOKENS])


def _parts(matrices: Sequence[Matrix]) -> Iterator[tuple[Matrix, Matrix]]:
    """The feed-forward part of each layer: what projects up, and its gate or what projects back."""
    width = max((m.width for m in matrices if m.part is Part.TABLE), default=0)
    by_place: dict[tuple[str, Numbers], dict[str, Matrix]] = {}
    for matrix in matrices:
        for side, names in (("up", UP), ("gate", GATE), ("down", DOWN)):
            if matrix.width == width and (found := names.search(matrix.role)):
                place = matrix.role[: found.start()].removesuffix(".output")
                by_place.setdefault((place, matrix.numbers), {})[side] = matrix
    for sides in by_place.values():
        other = sides.get("gate") or sides.get("down")
        if "up" in sides and other and sides["up"].across == other.across:
            yield sides["up"], other


def _embeddings(table: Matrix, reader: Reader, lines: Sequence[int]) -> Floats:
    """These lines of a table, centred."""
    found = np.concatenate([rows(table, reader, n, n + 1) for n in lines])
    return np.asarray(found - found.mean(axis=0))


def _profiles(matrix: Matrix, reader: Reader, lines: Floats) -> Profiles:
    """What each line across the residual axis answers to these embeddings: [across, tokens]."""
    step = max(1, CHUNK // matrix.columns)
    answers = np.zeros((matrix.across, len(lines)), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for begin in range(0, matrix.rows, step):
            end = min(begin + step, matrix.rows)
            values = rows(matrix, reader, begin, end)
            if matrix.residual == 1:
                answers[begin:end] = values @ lines.T
            else:
                answers += values.T @ lines[:, begin:end].T
    return answers


def _normal(profiles: Profiles) -> Profiles:
    """Each profile centred and of length 1; one that is no number is zeros."""
    with np.errstate(invalid="ignore", over="ignore"):
        centred = profiles - profiles.mean(axis=1, keepdims=True)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
    sound = np.isfinite(length) & (length > 0)
    return (np.where(sound, centred, 0) / np.where(sound, length, 1)).astype(np.float32)
