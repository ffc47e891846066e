"""One piece beside the base's, in chunks that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt

from provenance.formats.safetensors import BITS
from provenance.weights.changes.pieces import Piece
from provenance.weights.changes.rank import DIGITS, Indices, Sizes, places, ulps
from provenance.weights.matrix import rows
from provenance.weights.stored import Reader, Unreadable
from provenance.weights.values import Floats, canonical, decoded, from_canonical

Flags = npt.NDArray[np.bool_]

CHUNK = 1 << 16
"""Values."""
WIDEST = 1 << 20
"""Values of the longest row that is read whole."""
LINE = 1 << 13
"""Values that are squared and summed at once."""
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two pieces, and where its bytes come from."""

    piece: Piece
    reader: Reader

    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Where all bytes are that make its values."""
        if not self.piece.is_plain:
            yield from ((one.path, one.begin, one.end) for one in self.piece.matrix.stored)
        elif self.piece.is_whole:
            yield self.piece.main.path, self.piece.main.begin, self.piece.main.end
        else:
            yield self._span(0, self.piece.size)

    def values(self, begin: int, end: int) -> Floats:
        """Its values `begin` to `end`, of what is not plain whole rows."""
        matrix = self.piece.matrix
        if self.piece.is_plain:
            return decoded(self.piece.main.dtype, self.reader.read(*self._span(begin, end)))
        if matrix.columns > WIDEST:
            raise Unreadable(f"a row of {matrix.columns} packed values, at most {WIDEST} are read")
        columns = max(1, matrix.columns)
        return rows(matrix, self.reader, begin // columns, -(-end // columns)).reshape(-1)

    def _span(self, begin: int, end: int) -> tuple[str, int, int]:
        matrix, main = self.piece.matrix, self.piece.main
        wide = BITS[main.dtype] // 8
        start = main.begin + matrix.first * matrix.columns * wide
        return main.path, start + begin * wide, start + end * wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Of each row the norm of the difference, that of the base, and its largest value."""

    off: Floats
    before: Floats
    largest: Floats


@dataclass(kw_only=True)
class Delta:
    """What differs in the first `compared` values of two pieces, where the base's are rounded as
    the derivative's dtype is.

    `changed` values differ, in the rows `lines`; `zeroed` of them are zero now, as far as all are.
    `odd` of the derivative's are no numbers where the base has some; what is none counts for
    nothing else. `square` and `before` are
    the sums of the squares of the differences and of the base's values. `part` is the difference at
    the rows and columns whose rank is told, and `ulps` are the squared ulps there. `each` has the
    rows of what is packed.
    """

    compared: int
    changed: int = 0
    zeroed: int = 0
    odd: int = 0
    square: float = 0.0
    before: float = 0.0
    ulps: Sizes | float = field(default=0.0, repr=False)
    part: Floats | None = field(default=None, repr=False)
    each: Lines | None = field(default=None, repr=False)
    lines: Indices = field(default_factory=lambda: np.zeros(0, np.intp), repr=False)

    @property
    def rows(self) -> int:
        """In how many rows values differ."""
        return len(self.lines)

    @property
    def relative(self) -> float:
        """The norm of the difference by that of the base; 1 where the base holds zeros only."""
        return sqrt(self.square / self.before) if self.before else float(self.square > 0)

    @property
    def share(self) -> float:
        """How many of the values differ, from 0 to 1."""
        return self.changed / self.compared if self.compared else 0.0


def same_bytes(base: Side, own: Side) -> bool:
    """Whether both are the same bytes of the same form; read to the first that differ."""
    one, two = base.piece.matrix, own.piece.matrix
    if (one.form, one.rows, one.columns) != (two.form, two.rows, two.columns):
        return False
    if [(s.dtype, s.heads) for s in one.stored] != [(s.dtype, s.heads) for s in two.stored]:
        return False
    if not own.piece.is_plain and one.first != two.first:
        return False
    if own.piece.is_strip:
        return (one.left, one.wide) == (two.left, two.wide) and _same_values(base, own)
    both = list(zip(base.spans(), own.spans(), strict=True))
    if any(ours[2] - ours[1] != theirs[2] - theirs[1] for theirs, ours in both):
        return False
    for (path, begin, end), (other, start, _) in both:
        for at in range(0, end - begin, 2 * CHUNK):
            size = min(2 * CHUNK, end - begin - at)
            theirs = base.reader.read(path, begin + at, begin + at + size)
            if theirs != own.reader.read(other, start + at, start + at + size):
                return False
    return True


def _same_values(base: Side, own: Side) -> bool:
    """Whether all values are the same bits, of equally long rows."""
    columns = max(1, own.piece.matrix.columns)
    step = max(1, CHUNK // columns) * columns
    return all(
        base.values(at, end).tobytes() == own.values(at, end).tobytes()
        for at in range(0, own.piece.size, step)
        for end in (min(own.piece.size, at + step),)
    )


def measured(base: Side, own: Side) -> Delta:
    """The difference of two pieces of equally long rows or of one size; Unreadable where the bytes
    of one cannot be had."""
    one, two = base.piece.matrix, own.piece.matrix
    aligned = one.columns == two.columns
    compared = min(base.piece.size, own.piece.size)
    tally = _Tally(base, own, compared, aligned)
    columns = max(1, two.columns)
    chunk = CHUNK
    if aligned and columns <= WIDEST:
        chunk = max(1, CHUNK // columns) * columns
    with np.errstate(all="ignore"):
        for begin in range(0, compared, chunk):
            end = min(compared, begin + chunk)
            tally.add(begin, base.values(begin, end), own.values(begin, end))
    return tally.found()


class _Tally:
    """The sums over chunks."""

    def __init__(self, base: Side, own: Side, compared: int, aligned: bool) -> None:
        self.delta = Delta(compared=compared)
        self.dtype = own.piece.dtype
        self.retyped = self.dtype in DIGITS and base.piece.main.dtype != self.dtype
        self.columns = own.piece.matrix.columns
        by_rows = aligned and 0 < self.columns <= WIDEST and compared > self.columns
        count = compared // max(1, self.columns)
        self.at = (places(count), places(self.columns)) if by_rows else None
        self.parts: list[Floats] = []
        self.own: list[Floats] = []
        self.lines: list[Indices] = []
        self.each: list[Floats] = []

    def add(self, begin: int, base: Floats, own: Floats) -> None:
        if self.retyped:
            base = rounded(base, self.dtype)
        delta = self.delta
        differs = own != base
        changed = int(np.count_nonzero(differs))
        before = squared(base)
        difference = own - base if changed else base[:0]
        square = squared(difference)
        if not isfinite(square + before):
            difference, differs, square, before = self._odd(base, own)
            changed = int(np.count_nonzero(differs))
        delta.square += square
        delta.before += before
        if changed and delta.zeroed == delta.changed:
            delta.zeroed += changed - int(np.count_nonzero(own[differs]))
        delta.changed += changed
        if self.at:
            self._rows(begin // self.columns, changed, differs)
            if self.dtype not in DIGITS:
                self.each.append(_each(base, difference, self.columns))
            self._part(self.at, begin // self.columns, difference, own)

    def _rows(self, first: int, changed: int, differs: Flags) -> None:
        if changed:
            rows = differs.reshape(-1, self.columns).any(axis=1)
            self.lines.append(np.flatnonzero(rows) + first)

    def _part(
        self, at: tuple[Indices, Indices], first: int, difference: Floats, own: Floats
    ) -> None:
        lines, columns = at
        begin, end = np.searchsorted(lines, (first, first + len(own) // self.columns))
        if begin == end:
            return
        some = lines[begin:end] - first
        part = np.zeros((end - begin, len(columns)), np.float32)
        if len(difference):
            part = difference.reshape(-1, self.columns).take(some, axis=0).take(columns, axis=1)
        self.parts.append(part)
        own = own.reshape(-1, self.columns).take(some, axis=0)
        self.own.append(own.take(columns, axis=1))

    def _odd(self, base: Floats, own: Floats) -> tuple[Floats, Flags, float, float]:
        """The same where some values are no numbers, or too large for the sum of their squares."""
        numbers = np.isfinite(base) & np.isfinite(own)
        self.delta.odd += int(np.count_nonzero(~np.isfinite(own) & np.isfinite(base)))
        differs = (own != base) & ~(np.isnan(own) & np.isnan(base))
        old = np.where(numbers, base, 0).astype(np.float64)
        new = np.where(numbers, own, 0) - old
        return (
            np.clip(new, -LARGEST, LARGEST).astype(np.float32),
            differs,
            float(np.dot(new, new)),
            float(np.dot(old, old)),
        )

    def found(self) -> Delta:
        if self.lines:
            self.delta.lines = np.concatenate(self.lines)
        if self.each:
            off, before, largest = np.concatenate(self.each, axis=1)
            self.delta.each = Lines(off=off, before=before, largest=largest)
        if self.parts:
            self.delta.part = np.concatenate(self.parts)
        if self.parts and self.delta.changed:
            squares = ulps(np.concatenate(self.own), self.dtype)
            self.delta.ulps = squares * (1 + self.retyped)
        return self.delta


def _each(base: Floats, difference: Floats, columns: int) -> Floats:
    """The norms of each row's difference and values, and its largest value."""
    before = base.reshape(-1, columns)
    off = difference.reshape(-1, columns) if len(difference) else np.zeros_like(before)
    sizes = [np.sqrt(np.vecdot(values, values)) for values in (off, before)]
    return np.stack([*sizes, np.abs(before).max(axis=1)])


def squared(values: Floats) -> float:
    """The sum of the squares, in lines so short that no library starts threads of its own."""
    whole = len(values) - len(values) % LINE
    lines, rest = values[:whole].reshape(-1, LINE), values[whole:]
    return float(np.vecdot(lines, lines).sum() + np.vecdot(rest, rest))


def rounded(values: Floats, dtype: str) -> Floats:
    """The values as a dtype would hold them, to the nearest even."""
    if dtype == "BF16":
        return from_canonical(canonical(values))
    if dtype == "F16":
        return values.astype(np.float16).astype(np.float32)
    return values
