"""The bytes of objects, each as it was listed: by its version, or as long as its ETag holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError

from provenance.errors import SourceError
from provenance.source.bucket.listing import Item
from provenance.source.bucket.places import Place
from provenance.source.bucket.s3 import S3
from provenance.source.bucket.words import in_words
from provenance.source.exchange import within
from provenance.source.remote.budget import Beyond
from provenance.source.remote.listed import Listed
from provenance.source.remote.stored import StoredRelease

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

CHUNK = 1 << 20
PATIENCE = 300.0
"""Seconds within which such a chunk must be here, or what was asked for by range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What was listed below a prefix; safe for threads. A server that drips is not waited for."""

    place: Place
    store: ObjectStore
    items: Mapping[str, Item]
    patience: float = PATIENCE

    def kept(self, entry: Listed, start: int, end: int) -> bytes | None:
        """Nothing is."""
        return None

    def span(self, entry: Listed, start: int, end: int) -> bytes:
        """By one request."""
        end = min(end, entry.size)
        if end <= start:
            return b""
        try:
            options: GetOptions = {**self._as_listed(entry), "range": (start, end)}
            return within(self.patience, lambda: self._asked(entry, options).bytes().to_bytes())
        except (BaseError, OSError) as error:
            raise self._in_words(entry, error) from None

    def chunks(self, entry: Listed) -> Iterator[bytes]:
        """As it comes; of an empty file nothing, which may be a folder's."""
        if not entry.size:
            return
        try:
            options = self._as_listed(entry)
            found = within(self.patience, lambda: self._asked(entry, options))
            stream = iter(found.stream(min_chunk_size=CHUNK))
            while (chunk := within(self.patience, lambda: next(stream, None))) is not None:
                yield bytes(chunk)
        except (BaseError, OSError) as error:
            raise self._in_words(entry, error) from None

    def _asked(self, entry: Listed, options: GetOptions) -> GetResult:
        return obstore.get(self.store, entry.path, options=options)

    def _as_listed(self, entry: Listed) -> GetOptions:
        item = self.items[entry.path]
        if item.version:
            return {"version": item.version}
        return {"if_match": item.etag} if item.etag else {}

    def _in_words(self, entry: Listed, error: BaseException) -> SourceError:
        return in_words(f"{self.place.source}: {entry.path}", error, self.place.kind.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRelease(StoredRelease):
    """What lies below a prefix of a bucket; S3 is asked what it states of large objects."""

    s3: S3 | None
    items: Mapping[str, Item]

    def stated(self, entries: Sequence[Listed]) -> Sequence[Listed]:
        """The entries with the SHA-256 that S3 states of a whole object; as they are elsewhere."""
        if self.s3 is None:
            return entries
        return self.each(f"{self.name}: asking for digests", self._stated, entries)

    def _stated(self, entry: Listed) -> Listed:
        if self.s3 is None:
            return entry
        try:
            self.account.spend()
        except Beyond:
            return entry
        return replace(entry, sha256=self.s3.stated(self.items[entry.path]))
