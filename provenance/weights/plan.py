"""Which bytes a sample of a model far away takes: known before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provenance.weights.coordinates import Coordinates
from provenance.weights.matrix import Matrix
from provenance.weights.sample import FEWEST, chosen, lines_for, sample
from provenance.weights.stored import Recording

GAP = 65_536
"""Bytes that are fetched and not wanted rather than asked about anew."""
Span = tuple[str, int, int]
"""The bytes of a file from the first number up to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Of which matrices so many `lines` are sampled, and the `spans` that takes, ascending and
    apart."""

    matrices: tuple[Matrix, ...]
    lines: int = 0
    spans: tuple[Span, ...] = ()

    @property
    def cost(self) -> int:
        """The bytes of all spans."""
        return sum(end - begin for _, begin, end in self.spans)


def in_full(matrices: Iterable[Matrix]) -> Plan:
    """The sample of a model that is here, whose bytes cost nothing."""
    some = chosen(matrices)
    return Plan(matrices=some, lines=lines_for(len(some)))


def planned(matrices: Iterable[Matrix], way: Coordinates, most: int) -> Plan:
    """The sample that takes no more than `most` bytes: of the matrices whose residual axis lies in
    one piece, first with fewer lines, then of fewer matrices; of none where not even one can be
    had."""
    some = chosen(matrices, contiguous=True)
    lines = lines_for(len(some))
    while some:
        plan = _of(some, lines, way)
        if plan.cost <= most:
            return plan
        if lines > FEWEST:
            lines = max(FEWEST, lines * most // plan.cost)
        else:
            some = chosen(some, most=len(some) * most // plan.cost)
    return Plan(matrices=())


def _of(some: tuple[Matrix, ...], lines: int, way: Coordinates) -> Plan:
    recording = Recording()
    sample(some, recording, way, lines=lines)
    return Plan(matrices=some, lines=lines, spans=tuple(joined(recording.spans)))


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The same bytes in as few spans as there are gaps of more than GAP."""
    last: Span | None = None
    for path, begin, end in sorted(spans):
        if last and last[0] == path and begin - last[2] <= GAP:
            last = path, last[1], max(last[2], end)
            continue
        if last:
            yield last
        last = path, begin, end
    if last:
        yield last
