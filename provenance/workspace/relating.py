"""Models whose weights are on this machine, laid beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.source.stored import FolderReader
from provenance.weights.changes.mapping import change_map, summary
from provenance.weights.compared import Comparison, Side
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import Fingerprint
from provenance.weights.kinship import kinship
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Matrix, matrices
from provenance.weights.sample import sample
from provenance.weights.stored import Stored, Unreadable, stored_in
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One model: what it is, its tensors and matrices, and what reads their bytes."""

    side: Side
    stored: tuple[Stored, ...]
    matrices: tuple[Matrix, ...]
    reader: FolderReader

    def fingerprint(self, way: Coordinates) -> Fingerprint:
        """What it is compared by at these coordinates; Unreadable where its bytes are gone."""
        return Fingerprint(
            repo=self.side.name,
            commit=self.side.commit,
            manifest=self.side.manifest,
            sample=sample(self.matrices, self.reader, way),
            ledger=Ledger(),
        )


def compared(gathering: Gathering, *, deep: bool = False) -> Comparison:
    """The second model of the session beside the first, and those behind them as further parents
    that may have been merged.

    Their weights are on this machine: no Hub is asked. Raises ConfigError where a name means
    several models, SourceError for one that is not here or holds no tensor that can be read.
    """
    asked = replace(gathering, hub=None)
    with ExitStack() as stack:
        models = [_opened(asked, subject) for subject in asked.session.subjects]
        for model in models:
            stack.callback(model.reader.close)
        try:
            return _beside(models[0], models[1], models[2:], gathering)
        except Unreadable as error:
            raise SourceError(str(error)) from None


def check_each(session: Session, refs: Sequence[str]) -> None:
    """Every name means one model, or ConfigError."""
    if len(session.subjects) != len(refs):
        names = ", ".join(subject.name for subject in session.subjects)
        raise ConfigError(f"expected {len(refs)} models, found {len(session.subjects)}: {names}")


def _beside(
    base: Opened, derived: Opened, relatives: Sequence[Opened], gathering: Gathering
) -> Comparison:
    way = Coordinates.paired(derived.side.manifest, base.side.manifest)
    changes = change_map(
        base.stored,
        derived.stored,
        base.reader,
        derived.reader,
        named=base.side.name,
        manifest=base.side.manifest,
    )
    own, other = derived.fingerprint(way), base.fingerprint(way)
    return Comparison(
        base=base.side,
        derived=derived.side,
        kinship=kinship(own, other, anchored=True),
        changes=changes,
        summary=summary(changes),
    )


def _opened(gathering: Gathering, subject: Subject) -> Opened:
    """A model on this machine; SourceError where it is not here, or holds no tensors."""
    evidence = gathering.alone(subject, gathering.session.pinned(subject))
    stored = stored_in(evidence)
    if not stored:
        raise SourceError(f"{subject.name}: found no tensors in its files, expected safetensors")
    side = Side(
        name=subject.name,
        commit=evidence.ref.commit or "",
        manifest=evidence.manifest.digest,
    )
    return Opened(
        side=side,
        stored=stored,
        matrices=matrices(stored),
        reader=FolderReader(root=_root(gathering, subject, side.commit)),
    )


def _root(gathering: Gathering, subject: Subject, commit: str) -> Path:
    """The folder in which its files have their paths."""
    if subject.place is not None:
        return subject.place if subject.place.is_dir() else subject.place.parent
    from provenance.source.hub.cache import snapshot

    return snapshot(gathering.options.cache_dir, subject.ref.repo or "", commit)
