"""Weights in a folder, as a place where they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.model import Evidence
from provenance.source.limits import DEFAULT, Limits
from provenance.source.stored import FolderReader
from provenance.weights.stored import Reader, Stored, stored_in

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Weights below `root`; with `ranged` only what a Hub could be asked for is looked at, so that
    both say the same of a model."""

    root: Path
    ranged: bool = False
    limits: Limits = DEFAULT

    def stored(self, evidence: Evidence) -> tuple[Stored, ...]:
        """The tensors of a model that lies there."""
        with self.whole() as reader:
            return held(evidence, reader)

    @contextmanager
    def opened(self, found: Sequence[Matrix], way: Coordinates) -> Iterator[tuple[Plan, Reader]]:
        """All matrices, or those that a Hub could be asked for; all where it could for none."""
        from provenance.weights.plan import in_full, planned

        plan = planned(found, way, self.limits.sampled) if self.ranged else None
        with self.whole() as reader:
            yield plan if plan and plan.matrices else in_full(found), reader

    def whole(self) -> AbstractContextManager[Reader]:
        """Every byte."""
        return closing(FolderReader(root=self.root))


def held(evidence: Evidence, reader: Reader) -> tuple[Stored, ...]:
    """The tensors in files of a model's manifest: of an ONNX file, which has to be gone through,
    only where no other has any. Unreadable."""
    found = stored_in(evidence) or stored_in(evidence, reader)
    return tuple(one for one in found if one.path in evidence.manifest.by_path)
