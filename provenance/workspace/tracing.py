"""Of which known model the weights of one are: by fingerprints, and by files that are locked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.formats.names import is_weight_name
from provenance.lock import Lock
from provenance.lock.sketch import FEWEST, marks, openings_in
from provenance.model import Document, Evidence
from provenance.policy import Model
from provenance.weights.compared import Copied, Side, Traced, nearest
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import Fingerprint, loads
from provenance.weights.kinship import Kinship, ranked
from provenance.workspace.gathering import Gathering
from provenance.workspace.subjects import Subject
from provenance.workspace.weighing import sampled

NOTHING = (
    "no registry has a fingerprint, and nothing is locked: of a base that is here "
    "`provenance fingerprint DIR --as ORG/NAME -o base.wlf` makes one, and says how to register it"
)


def traced(gathering: Gathering) -> Traced:
    """The session's one model beside the fingerprints and locked models that it knows.

    Raises ConfigError where there is nothing to compare with, SourceError for a model that cannot
    be had, and for the registries' fingerprints what `verify` raises.
    """
    session = gathering.session
    subject, lock = session.one, session.lock or Lock()
    known = session.fingerprints()
    if not known and not lock.models():
        raise ConfigError(NOTHING, path=subject.name)
    evidence = gathering.alone(subject, session.pinned(subject))
    found = _Found.of(known)
    for way in (Coordinates(), *map(Coordinates.keyed, filter(None, (session.bases.key,)))):
        found.compare(gathering, subject, way)
    side = Side(
        name=subject.name, commit=evidence.ref.commit or "", manifest=evidence.manifest.digest
    )
    result = Traced(
        model=side,
        ranked=nearest(found.kin),
        copies=tuple(_copies(evidence, lock, subject.name)),
        unread=tuple(dict.fromkeys(found.unread)),
        repo=subject.ref.repo or "",
    )
    return _with_next(gathering, subject, result)


def _with_next(gathering: Gathering, subject: Subject, found: Traced) -> Traced:
    """With the nearest model that `compare` can be given, if the traced one is here too."""
    if subject.place is None and not _is_here(gathering, subject.name):
        return found
    here = (name for name in found.names if _is_here(gathering, name))
    return replace(found, here=next(here, ""))


def _is_here(gathering: Gathering, name: str) -> bool:
    """Whether a model of this name has its weights where the settings say, or in the Hub's
    cache."""
    from provenance.source.hub import cache

    session = gathering.session
    listed = session.settings.named(name)
    model = listed[0] if listed else Model(name=name, repo=name)
    if model.path:
        return os.path.lexists(model.path)
    entry = session.lock.named(model.name) if session.lock else None
    revision = entry.commit if entry else model.revision
    try:
        cache.resolved(gathering.options.cache_dir, model.repo or name, revision)
    except (ConfigError, SourceError):
        return False
    return True


@dataclass(kw_only=True)
class _Found:
    """What was found so far, of the bases that can be read."""

    bases: list[Fingerprint] = field(default_factory=list)
    kin: list[Kinship] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, known: Sequence[Document]) -> _Found:
        """Nothing yet."""
        found = cls()
        for document in known:
            repo = document.path.rpartition("@")[0]
            try:
                found.bases.append(replace(loads(document.data), repo=repo))
            except Malformed as error:
                found.unread.append(f"the fingerprint of {repo}: {error}")
        return found

    def compare(self, gathering: Gathering, subject: Subject, way: Coordinates) -> None:
        """The model beside the bases that were made with these coordinates, if there are any."""
        bases = [base for base in self.bases if base.sample.coordinates == way.name]
        if not bases:
            return
        try:
            own = sampled(gathering, subject, way)
        except SourceError as error:
            self.unread.append(str(error))
            return
        if own.sample.blocks:
            self.kin += ranked(own, bases)
        else:
            self.unread.append(own.sample.unread[0])


def _copies(evidence: Evidence, lock: Lock, name: str) -> Iterator[Copied]:
    """The locked models that have some of the model's own files of weights, or whose tensors begin
    as its own: those of which most is the same first."""
    weights = [f.sha256 for f in evidence.manifest.files if is_weight_name(f.path) and f.sha256]
    begins = marks(evidence.weights.tensors)
    found = []
    for entry in lock.models():
        theirs = {file.sha256 for file in entry.files.files}
        sketched = openings_in(entry.tensors)
        copy = Copied(
            name=entry.name,
            same=sum(digest in theirs for digest in weights),
            files=len(weights),
            begin=len(sketched & begins),
            sketched=len(sketched),
        )
        if entry.name != name and (copy.same or copy.begin >= FEWEST):
            found.append(copy)
    yield from sorted(found, key=lambda one: (-one.same, -one.begin, one.name))
