"""A prefix of a bucket as the place that a model is put into.

What is under way says a note at a reserved name, so that no unfinished prefix passes for a model.
The note goes once everything is listed as it was sent, and the import attestation lies there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError
from obstore.store import ObjectStore

from provenance.errors import ConfigError, SourceError
from provenance.formats.signatures import is_evidence_name
from provenance.refs import in_store
from provenance.source import bucket
from provenance.source.bucket.places import Place, place
from provenance.source.bucket.words import in_words
from provenance.source.progress import Step
from provenance.source.remote.store import StoreOptions, collect
from provenance.source.remote.writer import (
    Delivered,
    Item,
    Parcel,
    earlier,
    foreign,
    said_in,
)
from provenance.source.together import side_by_side

T = TypeVar("T")
NOTE = "attestations/promoting.json"
"""The object that says what is under way: a name that no model may have."""
UNDER_WAY = (
    "another promotion was begun there and has not ended: wait for it; if nobody is writing there "
    "any more, add --replace"
)
DENIED = "we may not read and write there"
AT_ONCE = 4
PART = 16 << 20
WHOLE = 8 << 20
"""The largest object that is sent in one piece: S3 then states the digest of all of it."""
CHECKSUM = "AWS_CHECKSUM_ALGORITHM"
SMALL = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the store answered to one object."""

    path: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A prefix of a bucket; by `stating` S3 is told the digest of what comes in one piece."""

    place: Place
    store: ObjectStore
    stating: ObjectStore
    options: StoreOptions

    def deliver(self, parcel: Parcel) -> Delivered:
        """The parcel lies below the prefix, its import attestation last."""
        there = self._listed()
        note = self._note() if NOTE in there else None
        same = note is None and not parcel.replacing and self._lies(parcel, there)
        if same and parcel.is_attested_in(self._get(parcel.import_name, there)):
            return self._lying(already=True)
        self._check_foreign(there, note)
        if same:
            self._put(parcel.import_name, parcel.attested())
            return self._lying()
        if note is None or note.get("parcel") != parcel.key:
            self._begin(parcel, there, note)
        self._delete({parcel.import_name} & there.keys())
        sent = self._send(parcel)
        self._delete(there.keys() - {one.path for one in sent} - {NOTE, parcel.import_name})
        self._check(sent)
        self._put(parcel.import_name, parcel.attested())
        self._delete({NOTE})
        return self._lying()

    def _lies(self, parcel: Parcel, there: Mapping[str, Sent]) -> bool:
        """Whether it is the parcel, whoever attested it: by names, sizes and the digests that the
        store states; what it states none of is read."""
        sizes = {item.path: item.size for item in parcel.files}
        sizes |= {name: len(data) for name, data in parcel.beside.items()}
        found = {path: one.size for path, one in there.items() if path != parcel.import_name}
        if found != sizes or parcel.import_name not in there:
            return False
        source = self.place.source
        asked = bucket.opened(source, self.options)
        known = collect(asked, in_store(source), at=datetime.now(UTC)).manifest.by_path
        kept = all(self._get(name, there) == data for name, data in parcel.beside.items())
        return kept and all(
            (known[item.path].sha256 or self._sha256(item.path)) == item.sha256
            for item in parcel.files
        )

    def _sha256(self, path: str) -> str:
        """The digest of an object, in hex, of which all is read."""
        digest = hashlib.sha256()

        def whole() -> None:
            for chunk in obstore.get(self.store, path).stream(min_chunk_size=WHOLE):
                digest.update(chunk)
                self.options.deadline.renew()

        self._ask(path, whole)
        return digest.hexdigest()

    def _check_foreign(self, there: Mapping[str, Sent], note: Mapping[str, object] | None) -> None:
        """ConfigError where something lies there that promote did not put there."""
        listed = note.get("paths") if note else None
        known = {str(path) for path in listed} if isinstance(listed, list) else set()
        if others := there.keys() - {NOTE} - (known if note else self._delivered(there)):
            raise foreign(self.place.source, others)

    def _delivered(self, there: Mapping[str, Sent]) -> set[str]:
        """The paths that earlier promotions to this place are known to have put there."""
        signed = {path for path in there if is_evidence_name(path)}
        known: set[str] = set()
        for path in signed:
            for said in said_in(path, self._get(path, there)):
                if said.destination == self.place.source:
                    known |= {*signed, *said.subjects}
        return known

    def _begin(
        self, parcel: Parcel, there: Iterable[str], note: Mapping[str, object] | None
    ) -> None:
        """The note lies there, and is ours; ConfigError where another promotion is not to give
        way."""
        if note is not None and not parcel.replacing:
            raise ConfigError(UNDER_WAY, path=self.place.source)
        if there and not parcel.replacing:
            raise earlier(self.place.source)
        paths = {*there, *(item.path for item in parcel.files), *parcel.beside, parcel.import_name}
        data = json.dumps({"parcel": parcel.key, "paths": sorted(paths - {NOTE})}).encode()
        try:
            obstore.put(self.store, NOTE, data, mode="overwrite" if note else "create")
        except AlreadyExistsError:
            if self._note().get("parcel") != parcel.key:
                raise ConfigError(UNDER_WAY, path=self.place.source) from None
        except (NotSupportedError, NotImplementedError):
            self._put(NOTE, data)
        except (BaseError, OSError) as error:
            raise self._failed(NOTE, error) from None

    def _delete(self, paths: Iterable[str]) -> None:
        if found := sorted(paths):
            self._ask(found[0], lambda: obstore.delete(self.store, found))

    def _send(self, parcel: Parcel) -> list[Sent]:
        step = self.options.progress.step(f"{parcel.name}: uploading", parcel.size)
        largest = sorted(parcel.files, key=lambda item: -item.size)
        try:
            sent = side_by_side(lambda item: self._sent(item, step), largest, at_once=AT_ONCE)
        finally:
            step.end()
        return [*sent, *(self._put(name, data) for name, data in parcel.beside.items())]

    def _sent(self, item: Item, step: Step) -> Sent:
        self.options.deadline.renew()
        if item.size <= WHOLE:
            return self._put(item.path, b"".join(item.chunks(step)))
        return self._put(item.path, item.chunks(step), size=item.size)

    def _put(self, path: str, data: bytes | Iterator[bytes], size: int | None = None) -> Sent:
        parts = not isinstance(data, bytes)
        store = self.store if parts else self.stating
        found = self._ask(
            path,
            lambda: obstore.put(store, path, data, use_multipart=parts, chunk_size=PART),
        )
        length = len(data) if isinstance(data, bytes) else size or 0
        return Sent(path=path, size=length, etag=found["e_tag"] or "")

    def _check(self, sent: Iterable[Sent]) -> None:
        """The store lists every object as it was sent."""
        there = self._listed()
        for one in sent:
            found = there.get(one.path)
            if found is None or (found.size, found.etag) != (one.size, one.etag or found.etag):
                said = f"{found.size} bytes, {found.etag}" if found else "nothing"
                raise SourceError(
                    f"{self.place.source}: {one.path}: expected the {one.size} bytes that were "
                    f"sent ({one.etag}), the bucket lists {said}: somebody else writes there. "
                    "Nothing usable was published: run it again"
                )

    def _listed(self) -> dict[str, Sent]:
        pages = self._ask("", lambda: list(obstore.list(self.store)))
        found = [one for page in pages for one in page if one["size"] or one["path"]]
        return {
            o["path"]: Sent(path=o["path"], size=o["size"], etag=o["e_tag"] or "") for o in found
        }

    def _get(self, path: str, there: Mapping[str, Sent]) -> bytes:
        if there[path].size > SMALL:
            return b""
        return self._ask(path, lambda: bytes(obstore.get(self.store, path).bytes()))

    def _note(self) -> Mapping[str, object]:
        data = self._ask(NOTE, lambda: bytes(obstore.get(self.store, NOTE).bytes()))
        try:
            found = json.loads(data)
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}

    def _ask(self, path: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (BaseError, OSError) as error:
            raise self._failed(path, error) from None

    def _failed(self, path: str, error: BaseException) -> SourceError:
        where = f"{self.place.source}: {path}" if path else self.place.source
        return in_words(where, error, self.place.kind.step, denied=DENIED)

    def _lying(self, *, already: bool = False) -> Delivered:
        source = self.place.source
        revision = bucket.opened(source, self.options).opened(None).revision
        return Delivered(place=source, revision=revision, already=already)


def writer(source: str, options: StoreOptions) -> Prefix:
    """The prefix of a bucket; ConfigError where the caller's variables cannot open it."""
    found = place(source, options)
    if not found.prefix:
        path = f"{source.rstrip('/')}/models/NAME"
        raise ConfigError(f"expected a prefix of the bucket: type {path}", path=source)
    summed = {CHECKSUM: "SHA256"} if source.startswith("s3:") else {}
    stating = replace(found, config={**found.config, **summed}).store()
    return Prefix(place=found, store=found.store(), stating=stating, options=options)
