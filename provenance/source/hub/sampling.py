"""Weights on a Hub, as a place where they are sampled: a few megabytes of any model, by range."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.errors import SourceError
from provenance.model import Evidence
from provenance.source.deadline import Overdue
from provenance.source.hub.client import Hub, RequestBudget
from provenance.source.hub.listing import Listed
from provenance.source.hub.ranged import Ranges
from provenance.source.limits import DEFAULT, Limits
from provenance.weights.stored import Unreadable

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan, Span
    from provenance.weights.stored import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHub:
    """The weights of a model at the commit of its evidence, for no more than one model may cost."""

    hub: Hub
    evidence: Evidence
    account: RequestBudget
    limits: Limits = DEFAULT

    @classmethod
    def of(cls, hub: Hub, evidence: Evidence, limits: Limits = DEFAULT) -> OnHub:
        """Those of a model that was gathered there."""
        return cls(hub=hub, evidence=evidence, account=RequestBudget(limits), limits=limits)

    @contextmanager
    def opened(self, found: Sequence[Matrix], way: Coordinates) -> Iterator[tuple[Plan, Reader]]:
        """The matrices that ranges can be had of, and their bytes, which were all fetched."""
        from provenance.weights.plan import planned

        plan = planned(found, way, self.limits.sampled)
        reader = SpanReader(self._ranges(plan.spans))
        self.hub.each(f"{self._repo}: weighing", reader.fetch, plan.spans)
        yield plan, reader

    def whole(self) -> None:
        """Nobody downloads a model to compare it."""

    @property
    def _repo(self) -> str:
        facts = self.evidence.facts
        return facts.id if facts else self.evidence.ref.repo or ""

    def _ranges(self, spans: Sequence[Span]) -> dict[str, Ranges]:
        commit, files = self.evidence.ref.commit or "", self.evidence.manifest.by_path
        return {
            path: Ranges(
                self.hub,
                self._repo,
                commit,
                Listed(path=path, size=files[path].size),
                self.account,
                self.limits.sampled,
            )
            for path in {path for path, _, _ in spans}
        }


class SpanReader:
    """Reads what was fetched before, and nothing else."""

    def __init__(self, ranges: dict[str, Ranges]) -> None:
        self._ranges = ranges
        self._held: dict[str, list[tuple[int, bytes]]] = {path: [] for path in ranges}

    def fetch(self, span: Span) -> None:
        """The span is here; Unreadable where it cannot be had, Overdue after the run's deadline."""
        path, begin, end = span
        try:
            data = self._ranges[path].fetch(begin, end)
        except Overdue:
            raise
        except (OSError, SourceError) as error:
            raise Unreadable(f"ranges of {path} cannot be had: {error}") from None
        self._held[path].append((begin, data))

    def read(self, path: str, begin: int, end: int) -> bytes:
        """Bytes of a span that was fetched."""
        held = sorted(self._held.get(path, ()), key=lambda one: one[0])
        number = bisect_right(held, begin, key=lambda one: one[0]) - 1
        if number >= 0 and end <= held[number][0] + len(held[number][1]):
            start, data = held[number]
            return data[begin - start : end - start]
        raise Unreadable(f"bytes {begin} to {end} of {path} are none of those that were asked for")
