"""A repository of a registry as a store of models."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from threading import Lock

from provenance.errors import Absent, ConfigError, Malformed, SourceError
from provenance.model import LONG, Document
from provenance.names import DIGEST
from provenance.source.oci.address import TAG
from provenance.source.oci.client import Repository
from provenance.source.oci.content import Pieces
from provenance.source.oci.layers import laid
from provenance.source.oci.manifest import Index, Manifest
from provenance.source.oci.referrers import Referrers
from provenance.source.oci.tree import Piece
from provenance.source.oci.verified import manifest_at
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.store import Opened
from provenance.source.remote.stored import StoredRelease

LATEST = "latest"
SHOWN = 8


@dataclass(kw_only=True)
class Artifacts:
    """The artifacts of a repository, each looked at once; safe for threads."""

    repository: Repository
    known: dict[str, Opened] = field(default_factory=dict)
    releases: dict[str, StoredRelease] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def _source(self) -> str:
        return self.repository.address.source

    def opened(self, revision: str | None) -> Opened:
        """What a digest or tag stands for, or the tag `latest`; its revision is the manifest's
        digest."""
        reference = revision or LATEST
        if not (DIGEST.fullmatch(reference) or TAG.fullmatch(reference)):
            expected = "expected a tag of a registry, or sha256: and 64 digits"
            raise ConfigError(f"{expected}, found {reference[:LONG]!r}", path=self._source)
        account = RequestBudget(self.repository.options.limits)
        with self.lock:
            if reference not in self.known:
                account.spend()
                manifest, digest = self._manifest(reference)
                if digest not in self.known:
                    self.known[digest] = self._read(manifest, digest, account)
                reference = digest
            found = self.known[reference]
        return replace(found, release=replace(self.releases[found.revision], account=account))

    def _manifest(self, reference: str) -> tuple[Manifest, str]:
        try:
            found, digest = manifest_at(self.repository, reference)
        except Malformed as error:
            raise SourceError(f"{self._source}: {reference}: no manifest: {error}") from None
        except Absent as error:
            tag = f"; name a tag or a digest: {self._source}:TAG" if reference == LATEST else ""
            raise Absent(f"{error}{tag}") from None
        if isinstance(found, Index):
            raise SourceError(self._several(found, reference))
        return found, digest

    def _several(self, index: Index, reference: str) -> str:
        """Which manifests an index names, to choose one of."""
        lines = [
            f"{self._source}@{one.digest} ({one.platform or one.artifact_type or one.media_type})"
            for one in index.manifests[:SHOWN]
        ]
        more = len(index.manifests) - len(lines)
        said = "; ".join(lines) + (f"; and {more} more" if more else "")
        return (
            f"{self._source}: {reference} is a list of {len(index.manifests)} manifests, expected "
            f"one: name the one that you deploy: {said or 'it is empty'}"
        )

    def _read(self, manifest: Manifest, digest: str, account: RequestBudget) -> Opened:
        repository = self.repository
        limits = repository.options.limits
        tree = laid(repository, manifest, limits, account)
        if not tree.entries and not tree.observations:
            raise Absent(f"{self._source}@{digest}: no layer of it is a file of a model")
        referrers = Referrers(repository=repository, digest=digest, account=account, limits=limits)
        referrers.find()
        documents = tuple(one for one in referrers.documents if one.path not in tree.entries)
        beside = {one.path: _beside(one) for one in documents}
        self.releases[digest] = StoredRelease(
            name=self._source,
            options=repository.options,
            entries={**tree.entries, **{path: entry for path, (entry, _) in beside.items()}},
            content=Pieces(
                repository=repository,
                pieces={**tree.pieces, **{path: piece for path, (_, piece) in beside.items()}},
            ),
            account=account,
        )
        return Opened(
            release=self.releases[digest],
            revision=digest,
            entries=tuple(tree.entries.values()),
            whole=tree.whole,
            documents=documents,
            observations=(*tree.observations, *referrers.observations),
        )


def _beside(document: Document) -> tuple[Listed, Piece]:
    """A bundle that was fetched already, as a file that is asked for with the others."""
    size, digest = len(document.data), hashlib.sha256(document.data).hexdigest()
    piece = Piece(blob=f"sha256:{digest}", whole=size, offset=0, size=size, head=document.data)
    return Listed(path=document.path, size=size, sha256=digest), piece
