"""Where evidence may come from, besides the model itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.lock import Lock
from provenance.model import Document
from provenance.source import detached
from provenance.source.deadline import SECONDS, Deadline
from provenance.source.detached import Documents
from provenance.source.pace import Pace
from provenance.source.progress import Progress
from provenance.workspace.session import Session

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.remote.store import Store, StoreOptions
    from provenance.source.remote.writer import Writer

OFFLINE = "asks a store, and nothing may be asked for offline"


LOCAL = ("file:", "ollama:")
"""What lies on this machine, and is asked for offline too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """Where evidence may come from, besides the model itself; `variables` are the caller's own.

    `pace` is how often a Hub is asked, by all who keep it.
    """

    endpoint: str | None = None
    token: str | None = None
    cache_dir: Path | None = None
    max_workers: int = 8
    deadline: float = SECONDS
    offline: bool = False
    attestations: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    pace: Pace | None = None

    def documents(self, session: Session) -> Documents:
        """The bundles that the caller keeps, as named or beside provenance.toml, and registries."""
        own = session.rules_path
        folder = self.attestations or (own.parent / detached.FOLDER if own else None)

        def found(repo: str) -> Iterator[Document]:
            yield from detached.in_folder(folder, repo)
            for registry in session.published:
                yield from registry.attestations(repo)

        return found

    def hub(self, session: Session, progress: Progress) -> Hub | None:
        """The Hub, or None where the caller or the machine forbids asking it."""
        from provenance.source.hub.cache import is_offline
        from provenance.source.hub.client import Hub

        if self.offline or is_offline():
            return None
        return Hub(
            endpoint=self.endpoint,
            token=self.token,
            namespaces=session.namespaces,
            workers=self.max_workers,
            progress=progress,
            deadline=Deadline(self.deadline),
            say=progress.note,
            pace=self.pace,
        )

    def store(self, source: str, progress: Progress, lock: Lock | None = None) -> Store:
        """The store of a place, which is told what is locked of it; ConfigError where nothing may
        be asked for, or nothing can ask."""
        from provenance.source.remote.store import Known, store

        known = {
            entry.commit: Known(manifest=entry.manifest, files=entry.files)
            for entry in (lock.models() if lock else ())
            if entry.source == source and entry.commit
        }
        return store(source, replace(self._asking(source, progress), known=known))

    def writer(self, source: str, progress: Progress) -> Writer:
        """What puts models into a place in a store, or with a name on the Hub that was named.

        ConfigError where nothing may be written, or nothing can write there.
        """
        from provenance.names import is_repo
        from provenance.source.remote.writer import writer

        if not is_repo(source):
            return writer(source, self._asking(source, progress))
        from provenance.source.hub.writing import HubWriter

        if self.offline:
            raise ConfigError(OFFLINE, path=source)
        return HubWriter.of(
            source,
            endpoint=self.endpoint or self.variables.get("HF_ENDPOINT"),
            token=self.token,
            progress=progress,
        )

    def _asking(self, source: str, progress: Progress) -> StoreOptions:
        from provenance.source.remote.store import StoreOptions

        if self.offline and not source.startswith(LOCAL):
            raise ConfigError(OFFLINE, path=source)
        return StoreOptions(
            variables=self.variables,
            workers=self.max_workers,
            progress=progress,
            deadline=Deadline(self.deadline),
        )
