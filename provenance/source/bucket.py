"""Models in buckets and in folders that stand for one, read by obstore: S3, GCS, Azure, files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import Absent, ConfigError, SourceError
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.store import Opened, StoreOptions
from provenance.source.remote.stored import StoredRelease

try:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import ObjectStore, from_url
except ImportError:
    step = "pip install 'hf-provenance[store]'"
    raise ConfigError(f"obstore is not installed: {step}", path="s3://, gs://, az://") from None

CHUNK = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A prefix of a bucket."""

    source: str
    store: ObjectStore
    options: StoreOptions

    def opened(self, revision: str | None) -> Opened:
        """What lies below the prefix now; its revision is a digest of names, sizes and versions."""
        try:
            found = [item for page in obstore.list(self.store) for item in page]
        except (BaseError, OSError) as error:
            raise SourceError(f"{self.source}: {error}") from None
        rows = sorted((i["path"], i["size"], i["version"] or i["e_tag"]) for i in found)
        if not rows:
            raise Absent(f"{self.source}: nothing lies there")
        digest = "sha256:" + hashlib.sha256(json.dumps(rows).encode()).hexdigest()
        if revision not in (None, digest):
            raise Absent(f"{self.source}: holds {digest}, and {revision} is asked for")
        entries = tuple(Listed(path=path, size=size) for path, size, _ in rows)
        release = StoredRelease(
            name=self.source,
            options=self.options,
            entries={entry.path: entry for entry in entries},
            content=self,
            account=RequestBudget(self.options.limits),
        )
        return Opened(release=release, revision=digest, entries=entries)

    def span(self, entry: Listed, start: int, end: int) -> bytes:
        """By one request."""
        end = min(end, entry.size)
        if end <= start:
            return b""
        try:
            return bytes(obstore.get_range(self.store, entry.path, start=start, end=end))
        except (BaseError, OSError) as error:
            raise SourceError(f"{self.source}: {entry.path}: {error}") from None

    def chunks(self, entry: Listed) -> Iterator[bytes]:
        """As it comes."""
        try:
            for chunk in obstore.get(self.store, entry.path).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except (BaseError, OSError) as error:
            raise SourceError(f"{self.source}: {entry.path}: {error}") from None


def opened(source: str, options: StoreOptions) -> Bucket:
    """The prefix of a bucket, or the folder."""
    return Bucket(source=source, store=from_url(source), options=options)
