"""What lies on this machine, held against the lockfile and the registry; nothing is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.inventory import REVOKED, Inventory, Kept, Known, State, kept
from provenance.judgement import evaluate
from provenance.lock import Entry, Lock
from provenance.lock.known import with_locked
from provenance.model import Evidence
from provenance.policy import BUILTIN, Model, Policy
from provenance.source import directory
from provenance.source.ahead import LARGE
from provenance.source.layout import Entry as File
from provenance.source.layout import Layout
from provenance.source.local import ollama
from provenance.source.local.found import (
    Lying,
    cached_in,
    is_there,
    lacking,
    layout_of,
    pulled_in,
)
from provenance.source.local.search import lying_in
from provenance.source.measure import size_of
from provenance.source.progress import during
from provenance.trust.reading import is_url
from provenance.verdict import Finding, Outcome
from provenance.workspace.gathering import INTEGRITY
from provenance.workspace.registries import short
from provenance.workspace.request import Request
from provenance.workspace.session import Session

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace

Stamp = tuple[int, int, int, int, int]
REGISTRY = "registry/"
NO_MODEL = "no model lies there: name a folder with weights (*.safetensors, *.gguf, *.bin, …)"


def inventory_of(workspace: Workspace, request: Request, folders: Sequence[Path]) -> Inventory:
    """Every model in the Hub's cache, in Ollama's store and below `folders`, and how it stands.

    Published registries are those that were kept last; nothing is asked of the network. Raises
    ConfigError for a folder in which no model lies, and where none lies anywhere; for registries
    what `verify` raises.
    """
    quiet = replace(workspace, options=replace(workspace.options, offline=True))
    session = quiet.session(request, needs_models=False)
    looking = Looking.of(quiet, session)
    places = tuple(_places(quiet))
    found = {one.real: one for _, models in places for one in models}
    for folder in folders:
        with during(workspace.progress, f"{short(str(folder))}: looking for models"):
            own = {one.real: one for one in lying_in(folder, looking.tops)}
        if not own:
            raise ConfigError(NO_MODEL, path=str(folder))
        found = {**own, **found}
    named = (*(place for place, _ in places), *folders)
    if not found:
        raise ConfigError(NO_MODEL, path=", ".join(map(str, named)) or "status --local")
    _refuse_own(session, request, [Path(place) for place in found])
    return Inventory(
        at=looking.at_moment,
        folders=tuple(short(str(place)) for place in named),
        models=tuple(looking.at(found[place]) for place in sorted(found)),
        registry=session.registry_source,
        lockfile=short(str(session.lock_path)) if session.lock else "",
        doubts=tuple(dict.fromkeys((*session.findings, *looking.doubts))),
    )


def _refuse_own(session: Session, request: Request, models: Sequence[Path]) -> None:
    """Neither settings, registry nor lockfile lie in a model, but what the caller named."""
    lock = session.lock_path if session.lock and not request.lockfile else None
    names = () if request.registry else session.settings.registry
    trusted = (Path(name) for name in names if name != BUILTIN and not is_url(name))
    for file in filter(None, (session.settings_path, lock, *trusted)):
        real = Path(os.path.realpath(file))
        for place in (place for place in models if real.is_relative_to(place)):
            message = f"lies inside the model {place}, which may not judge itself: stand outside"
            raise ConfigError(message, path=str(file))


def _places(workspace: Workspace) -> Iterator[tuple[Path, Iterator[Lying]]]:
    """Where programs of this user keep models, and what lies there."""
    from provenance.source.hub.cache import known

    cached = known(workspace.options.cache_dir)
    if cached and is_there(cached):
        yield cached, cached_in(cached)
    for place in ollama.folders(workspace.environment.variables):
        if is_there(place / ollama.MANIFESTS):
            yield place, pulled_in(place)


@dataclass(slots=True, kw_only=True)
class Looking:
    """Models looked at one after another: no file is hashed twice, wherever it is linked from."""

    workspace: Workspace
    session: Session
    known: Known
    at_moment: datetime
    digests: dict[Stamp, str] = field(default_factory=dict)
    doubts: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, workspace: Workspace, session: Session) -> Looking:
        """By the lockfile and the registries of a session, as of now."""
        at = datetime.now(UTC)
        lock = _absolute(session.lock or Lock(), session.lock_path.parent)
        known = Known.of(lock, session.registry, at)
        return cls(workspace=workspace, session=session, known=known, at_moment=at)

    @property
    def tops(self) -> frozenset[str]:
        """Where a model of the lockfile lies on this machine."""
        return frozenset(entry.path for entry in self.known.lock.entries if entry.path)

    def at(self, one: Lying) -> Kept:
        """How a model stands, or why that is not known."""
        place = one.real
        if not one.unread:
            try:
                return self._looked(one, place)
            except (SourceError, OSError) as error:
                one = replace(one, unread=str(error))
        return Kept(
            name=one.name,
            place=place,
            words=one.words,
            state=State.UNREAD,
            remarks=(one.unread,),
            commit=one.ref.commit,
        )

    def _looked(self, one: Lying, place: str) -> Kept:
        laid = layout_of(one)
        evidence = self._measured(one, laid)
        row = kept(
            evidence,
            self.known,
            self._found(evidence, self.known.locked(evidence, place)),
            place=place,
            words=one.words,
            lacking=lacking(one, laid),
            stated=one.stated,
        )
        return replace(row, name=one.name)

    def _measured(self, one: Lying, laid: Layout) -> Evidence:
        """The evidence on a model, its large files hashed where that may tell something."""
        sizes = {entry.path: size_of(entry) for entry in laid.entries}
        wanted = self.known.wanted(sizes)
        stamps = {e.path: _stamp(e) for e in laid.entries if sizes[e.path] > LARGE}
        known = {path: "" for path in stamps if path not in wanted}
        known |= {p: self.digests[s] for p, s in stamps.items() if s and s in self.digests}
        found = directory.collect(
            one.place,
            ref=one.ref,
            at=self.at_moment,
            progress=self.workspace.progress,
            known=known,
            lying=laid,
        )
        hashed = {file.path: file.sha256 for file in found.listing.files if file.sha256}
        self.digests |= {s: hashed[p] for p, s in stamps.items() if s and p in hashed}
        return found

    def _found(self, evidence: Evidence, entry: Entry | None) -> tuple[Finding, ...]:
        """What the registry's own check says of a model, as in every verdict."""
        lock = self.session.lock
        if lock and entry:
            evidence = with_locked(evidence, lock, entry)
        repo = evidence.ref.repo or ""
        listed = self.session.settings.named(repo) if repo else ()
        model = listed[0] if listed else Model(name=evidence.ref.text, repo=evidence.ref.repo)
        policy = Policy.of(self.session.settings, model, profile=self.session.profile)
        verdict = evaluate(
            evidence,
            replace(policy, checks=(INTEGRITY,), levels=(), required=()),
            self.session.registry,
            name=evidence.ref.text,
            lock=lock,
            locked=entry,
        ).verdict
        own = [f for f in verdict.findings if f.rule.startswith(REGISTRY)]
        odd = (Outcome.FAIL, Outcome.UNKNOWN)
        self.doubts += [f for f in own if f.rule != REVOKED and f.outcome in odd]
        return tuple(own)


def _absolute(lock: Lock, base: Path) -> Lock:
    """The lockfile with the real places of the models that lie on this machine."""
    return replace(
        lock,
        entries=tuple(
            replace(entry, path=os.path.realpath(base / entry.path)) if entry.path else entry
            for entry in lock.entries
        ),
    )


def _stamp(file: File) -> Stamp | None:
    """What tells that a file is the same as before, by whatever name; None where it is gone."""
    try:
        now = os.stat(file.place, follow_symlinks=False)
    except OSError:
        return None
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
