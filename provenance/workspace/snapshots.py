"""Parents of a model on disk that lie in the Hub's cache, every byte as somebody trusted has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.lineage import Wanted
from provenance.model import Evidence, Ref
from provenance.source import directory
from provenance.source.progress import Progress
from provenance.workspace.session import Session

MOST = 4
"""Snapshots of one repository that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The snapshots in a cache, and which of them are whole: a registry has the digest of all files
    at a root, or the lockfile has it."""

    session: Session
    cache: Path | None
    at: datetime
    progress: Progress

    def of(self, wanted: Wanted) -> Evidence | None:
        """The measured evidence on a whole snapshot of a repository, at the revision that is
        wanted; None where nobody knows of one, or it is not here."""
        known = self._digests(wanted.repo)
        if not known:
            return None
        for place in self._places(wanted):
            ref = Ref(text=wanted.repo, repo=wanted.repo, commit=place.name)
            found = directory.collect(place, ref=ref, at=self.at, progress=self.progress)
            if found.manifest.digest in known:
                return found
        return None

    def _digests(self, repo: str) -> set[str]:
        session = self.session
        roots = {one.manifest for one in session.registry.roots(repo) if one.manifest}
        entries = session.lock.entries if session.lock else ()
        return roots | {one.selected for one in entries if one.repo == repo and one.commit}

    def _places(self, wanted: Wanted) -> Iterator[Path]:
        """The folders of the snapshots that may be meant, in the order of their commits."""
        from provenance.source.hub import cache

        base = cache.known(self.cache)
        folder = base / cache.folder_name(wanted.repo) / "snapshots" if base else None
        if folder is None or not folder.is_dir():
            return
        places = sorted(one for one in folder.iterdir() if cache.COMMIT.fullmatch(one.name))
        named = wanted.revision if cache.COMMIT.fullmatch(wanted.revision or "") else None
        yield from [one for one in places if named in (None, one.name) and one.is_dir()][:MOST]
