"""What a model leads to, as far as it is known here: by the lockfile, by the other models of
provenance.toml that lie on disk, by the Hub's cache. Nobody is asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from provenance.closure import Wanted as Need
from provenance.closure.members import pinned_at, pins_of, unresolved_members
from provenance.lineage import Wanted, unresolved_parents
from provenance.lock.known import (
    locked_member,
    member_pins,
    narrowed,
    stated_origin,
    with_locked,
)
from provenance.lock.memory import known_member
from provenance.model import Ancestor, Evidence, Facts, Member, Ref
from provenance.policy import Model
from provenance.source import directory
from provenance.source.limits import DEFAULT
from provenance.source.progress import Progress
from provenance.workspace.session import Session
from provenance.workspace.snapshots import Snapshots
from provenance.workspace.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """What the caller's folder and the Hub's `cache` know of others; each is measured once."""

    session: Session
    cache: Path | None
    at: datetime
    progress: Progress
    _measured: dict[str, Evidence] = field(default_factory=dict)
    _snapshots: dict[str, Evidence | None] = field(default_factory=dict)
    _measuring: Lock = field(default_factory=Lock)

    def with_members(self, subject: Subject, found: Evidence) -> Evidence:
        """What loaders fetch for a model, as the lockfile knows it at the commit that is meant."""
        pins, locked = pins_of(subject.policy.members), member_pins(self.session.lock)
        while wanted := unresolved_members(found):
            members = (
                self._known_member(
                    one,
                    pinned_at(one, pins) or locked.get((one.repo, one.revision)),
                    here=subject.is_on_hub,
                )
                for one in wanted
            )
            found = replace(found, members=(*found.members, *members))
        return found

    def _known_member(self, wanted: Need, commit: str | None, *, here: bool) -> Member:
        """What the lockfile knows of one; where it has to be `here`, in the Hub's cache, its bytes
        are measured and have to be those."""
        from provenance.source.hub import cache

        lock = self.session.lock
        known = locked_member(lock, wanted.repo, wanted.revision, commit)
        entry = known_member(lock, wanted.repo, commit)
        if not here or commit is None or lock is None or entry is None:
            return known
        place = cache.snapshot(self.cache, wanted.repo, commit)
        if not place.is_dir():
            step = "`provenance fetch` brings it"
            return replace(known, commit=None, missing=f"it is not in the Hub's cache here: {step}")
        ref = Ref(text=entry.name, repo=wanted.repo, commit=commit)
        bytes_ = directory.collect(place, ref=ref, at=self.at, progress=self.progress)
        found = self._stated(with_locked(narrowed(bytes_, entry), lock, entry))
        return replace(known, evidence=found)

    def with_ancestors(self, subject: Subject, found: Evidence) -> Evidence:
        """The other models of provenance.toml that lie on disk, as far as claims name them; where
        weights are compared, what the Hub's cache has of the others."""
        places = {
            model.repo: model for model in self.session.settings.models if model.path and model.repo
        }
        ancestors: list[Ancestor] = []
        for one in unresolved_parents(found, subject.policy.parents, DEFAULT.ancestors):
            if one.repo in places:
                ancestors.append(self._local(one, places[one.repo]))
            elif subject.policy.asks_for_weights and (kept := self._kept(one)):
                ancestors.append(_known_as(one, kept))
        return replace(found, ancestors=(*found.ancestors, *ancestors))

    def _kept(self, wanted: Wanted) -> Evidence | None:
        """What the Hub's cache has of an ancestor, measured once."""
        name = f"{wanted.repo}@{wanted.revision or ''}"
        with self._measuring:
            if name not in self._snapshots:
                snapshots = Snapshots(
                    session=self.session,
                    cache=self.cache,
                    at=self.at,
                    progress=self.progress,
                )
                self._snapshots[name] = snapshots.of(wanted)
        found = self._snapshots[name]
        return self._stated(found) if found else None

    def _local(self, wanted: Wanted, model: Model) -> Ancestor:
        ref = Ref(text=model.name, repo=model.repo)
        if not os.path.lexists(model.path or ""):
            missing = f"[[models]] {model.name} is to lie at {model.path}, and nothing is there"
            return Ancestor(claimed=wanted.repo, revision=wanted.revision, missing=missing)
        with self._measuring:
            if model.name not in self._measured:
                self._measured[model.name] = directory.collect(
                    Path(model.path or ""),
                    ref=ref,
                    at=self.at,
                    include=model.include,
                    exclude=model.exclude,
                    progress=self.progress,
                )
        return _known_as(wanted, self._stated(self._measured[model.name]))

    def _stated(self, evidence: Evidence) -> Evidence:
        """What nobody is asked about, with what the caller says that it is a mirror of."""
        for said in self.session.settings.mirrors.get(evidence.ref.repo or "", ()):
            return replace(evidence, origin=stated_origin(said, self.session.lock))
        return evidence


def _known_as(wanted: Wanted, evidence: Evidence) -> Ancestor:
    """An ancestor that lies here."""
    return Ancestor(
        claimed=wanted.repo,
        revision=wanted.revision,
        facts=Facts(id=wanted.repo),
        commit=evidence.ref.commit,
        manifest=evidence.manifest.digest,
        evidence=evidence,
    )
