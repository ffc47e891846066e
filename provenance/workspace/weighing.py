"""Weights that are compared: where they lie, and with what, as the caller's folder has it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import Malformed, SourceError
from provenance.lock.sketch import known_of
from provenance.model import Ancestor, Basis, Document, Evidence, File, Kind
from provenance.source.sampling import Folder
from provenance.source.scales import Place, Scales, weighed
from provenance.source.stored import root_of
from provenance.weights.ledger import Known, Ledger
from provenance.weights.stored import Unreadable, stored_in
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.fingerprint import Fingerprint
    from provenance.workspace.gathering import Gathering
    from provenance.workspace.source_options import SourceOptions


def sampled(gathering: Gathering, subject: Subject, way: Coordinates | None = None) -> Fingerprint:
    """The fingerprint of one model, at the public coordinates where none are given, with its ledger
    as far as its bytes are here; SourceError where nothing of it could be sampled."""
    from provenance.source.weighing import sampled as sampled_at
    from provenance.weights.coordinates import Coordinates

    evidence = gathering.alone(subject, gathering.session.pinned(subject))
    try:
        return sampled_at(evidence, _place(gathering, subject, evidence), way or Coordinates())
    except Unreadable as error:
        raise SourceError(f"{subject.name}: {error}") from None


def weighed_here(gathering: Gathering, subject: Subject, evidence: Evidence) -> Evidence:
    """The evidence with what its weights, and those of its parents that are here, say."""
    return weighed(
        evidence,
        gathering.scales,
        _place(gathering, subject, evidence),
        parents=subject.policy.parents,
        progress=gathering.progress,
    )


def scales_of(session: Session, options: SourceOptions) -> Scales:
    """What the weights of any model of a session are compared with."""
    return Scales(
        fingerprints=session.fingerprints,
        left=lambda: session.bases.left,
        key=lambda: session.bases.key,
        local=Local(session=session, cache=options.cache_dir),
    )


def known_here(session: Session) -> Known | None:
    """What the ledger of a model that lies here is made for; None where nobody would look at one.

    Raises as `Session.fingerprints`.
    """
    documents = session.fingerprints()
    if not documents:
        return known_of((), session.lock)
    return known_of(_ledgers(documents), session.lock)


def _ledgers(documents: Iterable[Document]) -> Iterator[Ledger]:
    """Those of the files that are fingerprints; whoever judges says what the others are."""
    from provenance.weights.fingerprint import ledger_in

    for one in documents:
        try:
            yield ledger_in(one.data)
        except Malformed:
            continue


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Finds ancestors whose weights are here: models of provenance.toml that lie on disk, which
    were measured, and snapshots in the Hub's cache, whose files are hashed once."""

    session: Session
    cache: Path | None
    _same: dict[Path, bool] = field(default_factory=dict)

    def __call__(self, ancestor: Ancestor) -> Path | None:
        """The folder of an ancestor's weights, if every file of them is what its evidence says."""
        evidence = ancestor.evidence
        files = _of_weights(evidence) if evidence else ()
        if evidence is None or not files:
            return None
        listed = self._listed(ancestor.claimed) if evidence.basis is Basis.MEASURED else None
        if listed:
            return listed
        place = _snapshot(self.cache, evidence)
        if place is None or not place.is_dir():
            return None
        if place not in self._same:
            self._same[place] = all(_is(place / file.path, file) for file in files)
        return place if self._same[place] else None

    def _listed(self, repo: str) -> Path | None:
        paths = (one.path for one in self.session.settings.models if one.repo == repo and one.path)
        path = next(paths, None)
        return root_of(Path(path)) if path else None


def _of_weights(evidence: Evidence) -> tuple[File, ...]:
    """Those with tensors; all of a model in ONNX, whose files name others with its values."""
    if any(one.kind is Kind.ONNX for one in evidence.contents):
        return evidence.manifest.files
    paths = sorted({one.path for one in stored_in(evidence)})
    return tuple(evidence.manifest.by_path[path] for path in paths)


def _is(place: Path, file: File) -> bool:
    """Whether that file lies there."""
    try:
        with place.open("rb") as stream:
            if not file.sha256 or os.fstat(stream.fileno()).st_size != file.size:
                return False
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _place(gathering: Gathering, subject: Subject, evidence: Evidence) -> Place:
    """Where the weights of a model are read: where the model was."""
    if subject.place is not None:
        return Folder(root=root_of(subject.place))
    release = gathering.release(evidence)
    if release is not None:
        from provenance.source.remote.sampling import Remote

        return Remote(release=release, evidence=evidence)
    return Folder(root=_snapshot(gathering.options.cache_dir, evidence) or Path())


def _snapshot(base: Path | None, evidence: Evidence) -> Path | None:
    """Where the Hub's cache has, or would have, a model at the commit of its evidence."""
    from provenance.source.hub import cache

    facts, ref, known = evidence.facts, evidence.ref, cache.known(base)
    repo = facts.id if facts else ref.repo
    if repo is None or ref.commit is None or known is None or not known.is_dir():
        return None
    return cache.snapshot(known, repo, ref.commit)
