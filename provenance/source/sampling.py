"""Weights in a folder, as a place where they are sampled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.source.limits import DEFAULT, Limits
from provenance.source.stored import FolderReader

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan
    from provenance.weights.stored import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Weights below `root`; with `ranged` only what a Hub could be asked for is looked at, so that
    both say the same of a model."""

    root: Path
    ranged: bool = False
    limits: Limits = DEFAULT

    @contextmanager
    def opened(self, found: Sequence[Matrix], way: Coordinates) -> Iterator[tuple[Plan, Reader]]:
        """All matrices, or those that a Hub could be asked for."""
        from provenance.weights.plan import in_full, planned

        plan = planned(found, way, self.limits.sampled) if self.ranged else in_full(found)
        with closing(FolderReader(root=self.root)) as reader:
            yield plan, reader

    def whole(self) -> AbstractContextManager[Reader] | None:
        """Every byte, unless it is to say no more than a Hub could."""
        return None if self.ranged else closing(FolderReader(root=self.root))
