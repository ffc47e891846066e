"""A prefix of a bucket as a store: its listing, and the revision that stands for it.

Where the bucket keeps versions, files are read by version, and an earlier revision is found among
the versions that are kept. Elsewhere a file is read as long as it is the one that was listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Lock

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from provenance.errors import NO_REVISION, Absent, Unserved
from provenance.formats.s3 import Row
from provenance.source.bucket.listing import Laid, states
from provenance.source.bucket.objects import PATIENCE, BucketRelease, Objects
from provenance.source.bucket.places import Place, place
from provenance.source.bucket.s3 import S3
from provenance.source.bucket.words import in_words
from provenance.source.exchange import within
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.store import Opened, StoreOptions

UNVERSIONED = (
    "keeps no versions: what is judged now can be written over, and `fetch` then refuses it"
)
EMPTY = "nothing lies there: name the prefix that the files of a model lie below"
MOVED = "objects were written over, added or removed (`provenance update` shows what)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a bucket has below a prefix: `rows` of every version, or of what lies there now."""

    rows: tuple[Row, ...]
    versions: bool = False
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A prefix of a bucket; listed once in a run. `s3` is for what only S3 is asked."""

    place: Place
    store: ObjectStore
    options: StoreOptions
    s3: S3 | None = None
    _kept: list[Kept] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def opened(self, revision: str | None) -> Opened:
        """What lies below the prefix now, or lay there when it had this revision."""
        with self._lock:
            if not self._kept:
                self._kept.append(self._listed())
        kept = self._kept[0]
        found = states(kept.rows, self.place.prefix)
        now = next(found, Laid(items=()))
        earlier = found if kept.versions and revision not in (None, now.revision) else ()
        for one in chain((now,), earlier):
            if one.items and revision in (None, one.revision):
                return self._opened(one, whole=kept.whole)
        source = self.place.source
        if not now.items:
            raise Absent(f"{source}: {EMPTY}")
        moved = f"{MOVED}: {now.revision} lies there now in place of {revision}"
        raise Absent(f"{source}: {moved}", code=NO_REVISION)

    def _opened(self, found: Laid, *, whole: bool) -> Opened:
        items = {item.path: item for item in found.items}
        entries = tuple(Listed(path=item.path, size=item.size) for item in found.items)
        release = BucketRelease(
            name=self.place.source,
            options=self.options,
            entries={entry.path: entry for entry in entries},
            content=Objects(place=self.place, store=self.store, items=items),
            account=RequestBudget(self.options.limits),
            s3=self.s3,
            items=items,
        )
        return Opened(
            release=release,
            revision=found.revision,
            entries=entries,
            whole=whole,
            observations=found.observations,
        )

    def _listed(self) -> Kept:
        most = self.options.limits.entries
        found = self._versions(most)
        if found is None:
            rows = self.s3.objects(most) if self.s3 else tuple(islice(self._rows(), most + 1))
            found = Kept(rows=rows[:most], whole=len(rows) <= most)
        if found.rows and not found.versions:
            self.options.progress.note(f"{self.place.source} {UNVERSIONED}")
        return found

    def _versions(self, most: int) -> Kept | None:
        try:
            rows = self.s3.versions(most) if self.s3 else None
        except Unserved:
            return None
        return Kept(rows=rows, versions=any(row.version for row in rows)) if rows else None

    def _rows(self) -> Iterator[Row]:
        """As obstore lists them, which gives no versions."""
        source = self.place.source
        try:
            pages = iter(obstore.list(self.store))
            while (page := within(PATIENCE, lambda: next(pages, None))) is not None:
                self.options.deadline.check(source)
                for one in page:
                    key, tag = f"{self.place.prefix}{one['path']}", one["e_tag"] or ""
                    yield Row(key=key, size=one["size"], etag=tag)
        except (BaseError, OSError) as error:
            raise in_words(source, error, self.place.kind.step) from None


def bucket(source: str, options: StoreOptions) -> Bucket:
    """The prefix of a bucket; ConfigError where the caller's variables cannot open it."""
    found = place(source, options)
    asked = S3(place=found, deadline=options.deadline) if source.startswith("s3:") else None
    return Bucket(place=found, store=found.store(), options=options, s3=asked)
