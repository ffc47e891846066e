"""Weights in a store, as a place where they are sampled: a few megabytes of any model, by range."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.errors import SourceError
from provenance.model import Evidence
from provenance.source.deadline import Overdue
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.listed import Listed
from provenance.source.remote.release import Ranges, Release
from provenance.source.sampling import held
from provenance.weights.stored import Stored, Unreadable

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan, Span
    from provenance.weights.stored import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The weights of a model at the revision of its evidence, for no more than one model may
    cost."""

    release: Release
    evidence: Evidence
    limits: Limits = DEFAULT

    def stored(self, evidence: Evidence) -> tuple[Stored, ...]:
        """The tensors of the model."""
        return held(evidence, RangeReader(self))

    @contextmanager
    def opened(self, found: Sequence[Matrix], way: Coordinates) -> Iterator[tuple[Plan, Reader]]:
        """The matrices that ranges can be had of, and their bytes, which were all fetched."""
        from provenance.weights.plan import planned

        plan = planned(found, way, self.limits.sampled)
        paths = sorted({path for path, _, _ in plan.spans})
        ranges = {path: self.ranges(path, self.limits.sampled) for path in paths}
        reader = SpanReader(ranges, plan.spans)
        self.release.each(f"{self.release.name}: weighing", reader.fetch, plan.spans)
        yield plan, reader

    def whole(self) -> None:
        """Nobody downloads a model to compare it."""

    def ranges(self, path: str, most: int) -> Ranges:
        """A file of the manifest, of which so many bytes may be fetched."""
        size = self.evidence.manifest.by_path[path].size
        return self.release.ranges(Listed(path=path, size=size), most)


class RangeReader:
    """Reads a file by asking for each piece anew, for no more than one file may cost."""

    def __init__(self, place: Remote) -> None:
        self._place = place
        self._ranges: dict[str, Ranges] = {}

    def read(self, path: str, begin: int, end: int) -> bytes:
        """The bytes, or Unreadable where they cannot be had."""
        if path not in self._ranges:
            self._ranges[path] = self._place.ranges(path, self._place.limits.ranged)
        return _fetched(self._ranges[path], begin, end)


class SpanReader:
    """Reads what was fetched before, and nothing else."""

    def __init__(self, ranges: dict[str, Ranges], spans: tuple[Span, ...]) -> None:
        """`spans` are all that will be fetched, ascending and apart."""
        self._ranges, self._spans = ranges, spans
        self._held: dict[Span, bytes] = {}

    def fetch(self, span: Span) -> None:
        """The span is here; Unreadable where it cannot be had, Overdue after the run's deadline."""
        path, begin, end = span
        self._held[span] = _fetched(self._ranges[path], begin, end)

    def read(self, path: str, begin: int, end: int) -> bytes:
        """Bytes of a span that was fetched."""
        number = bisect_right(self._spans, (path, begin), key=lambda one: one[:2]) - 1
        span = self._spans[number] if number >= 0 else ("", 0, 0)
        if span in self._held and span[0] == path and end <= span[2]:
            return self._held[span][begin - span[1] : end - span[1]]
        raise Unreadable(f"bytes {begin} to {end} of {path} are none of those that were asked for")


def _fetched(ranges: Ranges, begin: int, end: int) -> bytes:
    """The bytes; Unreadable where they cannot be had, Overdue after the run's deadline."""
    try:
        return ranges.fetch(begin, end)
    except Overdue:
        raise
    except (OSError, SourceError) as error:
        path = ranges.entry.path
        raise Unreadable(f"ranges of {path} cannot be had: {error}") from None
