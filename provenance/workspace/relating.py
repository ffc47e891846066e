"""Models whose weights are on this machine, laid beside each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.claims.files import ModelFiles
from provenance.drift import drift
from provenance.drift.comparison import Comparison
from provenance.errors import ConfigError, Malformed, SourceError
from provenance.source.changing import Held, mapped
from provenance.source.progress import Progress
from provenance.source.stored import FolderReader, root_of
from provenance.weights import units
from provenance.weights.changes.change import MOVED, ChangeMap, Kind
from provenance.weights.changes.summary import summary, tensors_of
from provenance.weights.compared import Side
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import Fingerprint
from provenance.weights.kind import Kind as Kin
from provenance.weights.kinship import Kinship, kinship
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Matrix, matrices
from provenance.weights.merging import Merge, merged
from provenance.weights.sample import sample
from provenance.weights.stored import Stored, Unreadable, stored_in
from provenance.weights.units import Deep
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

MOST = 16
"""Models, of which one may be a merge of the others."""
LARGEST = 1 << 26
"""Bytes of a vocabulary."""
EXPECTED = "expected safetensors, GGUF or ONNX"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model: what it is, what its small files say, its tensors and matrices, and what reads
    its files."""

    side: Side
    files: ModelFiles
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

    @property
    def held(self) -> Held:
        """What a map of its changes is made of."""
        return Held(self.stored, self.reader, self.files.evidence)

    def file(self, name: str) -> bytes:
        """A small file that lies beside the weights; Unreadable where there is none."""
        try:
            size = os.stat(self.reader.root / name).st_size
        except OSError as error:
            raise Unreadable(f"{name}: {error.strerror or error}") from None
        if size > LARGEST:
            raise Unreadable(f"{name}: found {size} bytes, expected at most {LARGEST}")
        return self.reader.read(name, 0, size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How models are compared: with `deep` by their hidden units too, and with a `key` of 16 bytes
    or more at coordinates that nobody else knows."""

    deep: bool = False
    key: bytes | None = None


def compared(gathering: Gathering, looking: Looking) -> Comparison:
    """The second model of the session beside the first, and those behind them as further parents
    that may have been merged.

    Their weights are on this machine: no Hub is asked. Raises ConfigError for too many, SourceError
    for one that is not here or holds no tensor that can be read.
    """
    asked = replace(gathering, hub=None)
    if len(asked.session.subjects) > MOST:
        raise ConfigError(f"found {len(asked.session.subjects)} models, expected at most {MOST}")
    with ExitStack() as stack:
        models = []
        for subject in asked.session.subjects:
            models.append(_opened(asked, subject))
            stack.callback(models[-1].reader.close)
        try:
            return _beside(models[0], models[1], models[2:], looking, gathering.progress)
        except Unreadable as error:
            raise SourceError(str(error)) from None


def check_each(session: Session, refs: Sequence[str]) -> None:
    """Every name means one model, or ConfigError."""
    if len(session.subjects) != len(refs):
        names = ", ".join(subject.name for subject in session.subjects)
        raise ConfigError(f"expected {len(refs)} models, found {len(session.subjects)}: {names}")


def _beside(
    base: Model, own: Model, relatives: Sequence[Model], looking: Looking, progress: Progress
) -> Comparison:
    paired = Coordinates.paired(own.side.manifest, base.side.manifest)
    way = Coordinates.keyed(looking.key) if looking.key else paired
    ours, theirs, *others = (one.fingerprint(way) for one in (own, base, *relatives))
    found = _units(base, own) if looking.deep else ""
    deep, unlooked = (None, found) if isinstance(found, str) else (found, "")
    kin = kinship(ours, theirs, anchored=True, deep=deep)
    doing = f"{own.side.name}: comparing"
    changes = mapped(base.held, own.held, base.side.name, progress, doing)
    return Comparison(
        base=base.side,
        derived=own.side,
        kinship=_identical(kin, changes),
        changes=changes,
        summary=summary(changes),
        merge=_merge(ours, theirs, others) if others else None,
        unlooked=unlooked,
        beside=drift(own.files, base.files),
    )


def _identical(kin: Kinship, changes: ChangeMap) -> Kinship:
    """The kinship, of which every tensor was compared: identical where none differs."""
    count = tensors_of(changes.changes)
    same = all(one.kind is Kind.IDENTICAL and MOVED not in one.detail for one in changes.changes)
    if not count or not same:
        return kin
    words = f"{count} of {count} tensors are bit-identical to {changes.base}"
    return replace(kin, kind=Kin.IDENTICAL, words=words, copied=count, tensors=count)


def _merge(ours: Fingerprint, base: Fingerprint, others: Sequence[Fingerprint]) -> Merge | None:
    """The shares of the base and the others; of what the others add to it, if all are its kin."""
    kin = all(kinship(one, base, anchored=True).is_kin for one in others)
    samples = {one.repo: one.sample for one in (base, *others)}
    return merged(ours.sample, samples, base=base.repo if kin else "")


def _units(base: Model, own: Model) -> Deep | str:
    """How many of the base's hidden units the other has, or why nobody can tell."""
    vocabularies = _vocabularies(base, own)
    if isinstance(vocabularies, str):
        return f"hidden units were not compared: {vocabularies}"
    factors = [units.gains(one.stored, one.reader) for one in (base, own)]
    kept = units.kept(base.matrices, base.reader, vocabularies[0], factors[0])
    again = kept and units.found_again(kept, own.matrices, own.reader, vocabularies[1], factors[1])
    return again or "hidden units were not compared: names or tokens do not say what is what"


def _vocabularies(base: Model, own: Model) -> list[dict[str, int]] | str:
    """Of both models the lines of their tokens, or why nobody can tell; where one of them lies
    without its tokenizer the line of a token is taken to be the same in both."""
    found = []
    for one in (base, own):
        try:
            found.append(units.vocabulary(one.file(TOKENIZER)))
        except Malformed as error:
            return f"{one.side.name}: {error}"
        except Unreadable as error:
            lines = units.lines_of(base.matrices, own.matrices)
            return [lines, lines] if lines else f"{one.side.name}: {error}"
    return found


def _opened(gathering: Gathering, subject: Subject) -> Model:
    """A model on this machine; SourceError where it is not here, or not all of it can be read."""
    try:
        evidence = gathering.alone(subject, gathering.session.pinned(subject))
    except SourceError:
        if subject.place is not None:
            raise
        raise SourceError(_absent(gathering.session, subject)) from None
    side = Side(
        name=subject.name,
        commit=evidence.ref.commit or "",
        manifest=evidence.manifest.digest,
    )
    reader = FolderReader(root=_root(gathering, subject, side.commit))
    stored = stored_in(evidence, reader)
    read = {one.path for one in stored}
    headers = [c.path for c in evidence.contents if c.path.endswith(".safetensors")]
    unread = [path for path in headers if path not in read]
    if unread:
        raise SourceError(f"{subject.name}: the header of {unread[0]} cannot be read")
    if not stored:
        raise SourceError(f"{subject.name}: found no tensors in its files, {EXPECTED}")
    return Model(
        side=side,
        files=ModelFiles(evidence=evidence),
        stored=stored,
        matrices=matrices(stored),
        reader=reader,
    )


def _absent(session: Session, subject: Subject) -> str:
    """That the weights are not here, and what to type to have them here."""
    name = subject.ref.repo or subject.name
    first = "" if session.pinned(subject) else f"`provenance init {name}`, `provenance lock` and "
    if first and session.settings_path:
        first = first.replace(" init ", " add ")
    return f"the weights of {name} are not on this machine: {first}`provenance fetch {name}`"


def _root(gathering: Gathering, subject: Subject, commit: str) -> Path:
    """The folder in which its files have their paths."""
    if subject.place is not None:
        return root_of(subject.place)
    from provenance.source.hub.cache import snapshot

    return snapshot(gathering.options.cache_dir, subject.ref.repo or "", commit)
