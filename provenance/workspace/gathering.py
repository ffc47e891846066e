"""How evidence is gathered: from a directory, a Hub, or its cache where there is no network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from provenance.closure.members import pins_of
from provenance.errors import Absent
from provenance.lock import Entry
from provenance.lock.known import (
    member_pins,
    pins,
    stated_origin,
    unshown,
)
from provenance.model import (
    UNUSED_EXCLUDE,
    Evidence,
    Observation,
)
from provenance.selection import check_matched, is_whole, unmatched
from provenance.source import directory
from provenance.source.ahead import Ahead
from provenance.source.detached import with_detached
from provenance.source.progress import Progress, during
from provenance.source.scales import NO_SCALES, Scales
from provenance.trust import Registry
from provenance.weights.ledger import Known
from provenance.workspace.nearby import Nearby
from provenance.workspace.session import Session
from provenance.workspace.source_options import SourceOptions
from provenance.workspace.subjects import Subject
from provenance.workspace.weighing import known_here, scales_of, weighed_here

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.hub.origin import Origins
    from provenance.source.remote.release import Release
    from provenance.source.remote.store import Store

INTEGRITY = "integrity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Everything evidence is gathered with, for all models of one run.

    `nearby` is asked where nobody else is. `tensors` is what the ledger of a model that lies here
    is made for; without it there is none.
    """

    session: Session
    options: SourceOptions
    at: datetime
    progress: Progress
    nearby: Nearby
    hub: Hub | None = None
    signature: Path | None = None
    ask_owner: bool = False
    ahead: Ahead | None = None
    tensors: Known | None = None
    scales: Scales = NO_SCALES
    _stores: dict[str, Store] = field(default_factory=dict)
    _opening: Lock = field(default_factory=Lock)

    @classmethod
    def begun(
        cls,
        session: Session,
        options: SourceOptions,
        *,
        progress: Progress,
        signature: Path | None = None,
        ask_owner: bool = False,
        ahead: Ahead | None = None,
    ) -> Gathering:
        """As of now; with a Hub if a model lies there and it may be asked."""
        at = datetime.now(UTC)
        return cls(
            session=session,
            options=options,
            at=at,
            progress=progress,
            nearby=Nearby(session=session, cache=options.cache_dir, at=at, progress=progress),
            hub=options.hub(session, progress) if session.away else None,
            signature=signature,
            ask_owner=ask_owner,
            ahead=ahead,
            tensors=known_here(session),
            scales=scales_of(session, options),
        )

    def sketching(self) -> Gathering:
        """The same, which looks at tensors in any case: an entry of the lockfile keeps a sketch."""
        return replace(self, tensors=self.tensors or Known())

    def of(self, subject: Subject, *, pinned: Entry | None = None) -> Evidence:
        """The evidence on one model and its ancestors; of a Hub's at the commit of `pinned`."""
        with during(self.progress, f"{subject.ref.repo or subject.ref.text}: reading"):
            found = self._with_origin(subject, self.alone(subject, pinned))
            found = self.with_detached(found)
            found = self.with_detached(self._with_members(subject, found))
            while True:
                more = self.with_detached(self._with_ancestors(subject, found))
                if more == found:
                    break
                found = more
        return self._weighed(subject, found)

    def evidence_on(self, subject: Subject, pinned: Entry | None) -> tuple[Subject, Evidence]:
        """The evidence on a model, or what the base's lockfile knows of one that a pull request
        leaves alone and the Hub does not show to this job: then only that is asked about."""
        try:
            return subject, self.of(subject, pinned=pinned)
        except Absent as error:
            entry = self.session.unchanged(subject)
            if entry is None:
                raise
            policy = replace(subject.policy, checks=(INTEGRITY,), levels=(), required=())
            found = unshown(entry, self.at, f"not shown to this job: {error}")
            return replace(subject, policy=policy), found

    def with_detached(self, evidence: Evidence) -> Evidence:
        """The evidence with the bundles that the caller, and the registries, have for it."""
        return with_detached(evidence, self.options.documents(self.session))

    def alone(self, subject: Subject, pinned: Entry | None) -> Evidence:
        """The evidence on one model, without whatever else it leads to."""
        if subject.place is not None:
            return as_selected(self._directory(subject, subject.place))
        if subject.ref.source is not None:
            return as_selected(self._stored(subject, subject.ref.source, pinned))
        if self.hub is None:
            return self._cached(subject, pinned)
        return as_selected(self._hub(subject, self.hub, pinned))

    def _weighed(self, subject: Subject, found: Evidence) -> Evidence:
        """With what the weights say, where that is asked for."""
        if not subject.policy.asks_for_weights:
            return found
        return weighed_here(self, subject, found)

    def _with_origin(self, subject: Subject, found: Evidence) -> Evidence:
        """What a model is a mirror of is asked for where the model is; of a directory's nobody."""
        said = subject.model.mirror_of
        if not subject.is_on_hub or self.hub is None:
            return replace(found, origin=stated_origin(said, self.session.lock)) if said else found
        from provenance.source.hub.origin import with_origin

        if said:
            return with_origin(self.hub, found, said)
        return self._origins.by_namespace(self.hub, found)

    @property
    def _origins(self) -> Origins:
        """Who says which ancestors, and members, are mirrors."""
        from provenance.source.hub.origin import Origins

        session = self.session
        return Origins(
            registry=session.registry, lock=session.lock, stated=session.settings.mirrors
        )

    def _with_members(self, subject: Subject, found: Evidence) -> Evidence:
        """What loaders fetch for a model is asked for where the model is; of a directory's, and
        where nothing may be asked, the lockfile knows."""
        if not subject.policy.asks_for_closure:
            return found
        if subject.is_on_hub and self.hub is not None:
            from provenance.source.hub.members import with_members

            locked = member_pins(self.session.lock)
            stated = pins_of(subject.policy.members)
            return with_members(self.hub, found, stated, locked=locked, origins=self._origins)
        return self.nearby.with_members(subject, found)

    def _with_ancestors(self, subject: Subject, found: Evidence) -> Evidence:
        """Those of a model on a Hub are asked for there, those of a directory lie here too."""
        parents = subject.policy.parents
        if subject.is_on_hub and self.hub is not None:
            from provenance.source.hub.ancestors import with_ancestors

            known, origins = self._pins(found), self._origins
            return with_ancestors(self.hub, found, parents, pins=known, origins=origins)
        return self.nearby.with_ancestors(subject, found)

    def _pins(self, found: Evidence) -> dict[str, str]:
        """Where the ancestors of a model are looked at. What stands in a mirror today is what a new
        commit may be made from: only for one that is locked does the lockfile say where it stood.
        """
        lock, at = self.session.lock, (found.ref.repo, found.ref.commit)
        known = pins(lock)
        if lock and any((entry.repo, entry.commit) == at for entry in lock.models()):
            return known
        return {name: commit for name, commit in known.items() if not self._origins.may_be(name)}

    def _directory(self, subject: Subject, place: Path) -> Evidence:
        return directory.collect(
            place,
            ref=subject.ref,
            at=self.at,
            include=subject.include,
            exclude=subject.exclude,
            signature=self.signature,
            progress=self.progress,
            ahead=self.ahead,
            tensors=self.tensors,
        )

    def store(self, source: str) -> Store:
        """The store of a place, one for the whole run."""
        with self._opening:
            if source not in self._stores:
                lock = self.session.standing
                self._stores[source] = self.options.store(source, self.progress, lock)
        return self._stores[source]

    def release(self, evidence: Evidence) -> Release | None:
        """What was looked at, where it is, with as many questions again; None where nobody may be
        asked."""
        if evidence.ref.source is not None:
            return self.store(evidence.ref.source).opened(evidence.ref.commit).release
        if self.hub is None:
            return None
        from provenance.source.hub.release import HubRelease

        return HubRelease.of(self.hub, evidence, self.options.cache_dir)

    def _stored(self, subject: Subject, source: str, pinned: Entry | None) -> Evidence:
        from provenance.source.evidence_files import given
        from provenance.source.remote.lying import measured_here
        from provenance.source.remote.store import declared

        commit = pinned.commit if pinned else None
        ref = replace(subject.ref, commit=commit or subject.ref.commit)
        opened = self.store(source).opened(ref.commit or ref.revision)
        if opened.lying is not None:
            return measured_here(
                opened,
                opened.lying,
                ref,
                at=self.at,
                include=subject.include,
                exclude=subject.exclude,
                signature=self.signature,
                tensors=self.tensors,
            )
        return declared(
            opened,
            ref,
            at=self.at,
            include=subject.include,
            exclude=subject.exclude,
            given=given(self.signature) if self.signature else None,
        )

    def _cached(self, subject: Subject, pinned: Entry | None) -> Evidence:
        from provenance.source.hub import cache

        repo = subject.ref.repo or ""
        revision = pinned.commit if pinned and pinned.commit else subject.ref.revision
        place, commit = cache.resolved(self.options.cache_dir, repo, revision)
        found = self._directory(subject, place)
        return replace(found, ref=replace(found.ref, commit=commit))

    def _hub(self, subject: Subject, hub: Hub, pinned: Entry | None) -> Evidence:
        from provenance.source.evidence_files import given
        from provenance.source.hub.collect import collect

        commit = pinned.commit if pinned else None
        return collect(
            hub,
            replace(subject.ref, commit=commit or subject.ref.commit),
            at=self.at,
            include=subject.include,
            exclude=subject.exclude,
            given=given(self.signature) if self.signature else None,
            ask_owner=self.ask_owner or _pins_owner(self.session.registry, subject.ref.repo or ""),
        )


def as_selected(evidence: Evidence) -> Evidence:
    """The evidence, with a note for every `exclude` that leaves nothing out.

    Unselected for an `include` that takes nothing: of what was meant, nobody knows anything.
    """
    if not is_whole(evidence.observations):
        return evidence
    paths = {file.path for file in evidence.listing.files}
    paths |= {document.path for document in evidence.bundles}
    paths |= {seen.path for seen in evidence.observations}
    check_matched(paths, evidence.include)
    detail = f"leaves out none of {len(paths)} files: correct it, or remove it"
    notes = (
        Observation(code=UNUSED_EXCLUDE, path=pattern, detail=detail)
        for pattern in unmatched(paths, evidence.exclude)
    )
    return replace(evidence, observations=(*evidence.observations, *notes))


def _pins_owner(registry: Registry, repo: str) -> bool:
    owner = registry.owner(repo)
    return bool(owner and owner.namespace_ids)
