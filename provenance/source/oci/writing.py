"""A repository of a registry as the place that a model is put into, as a ModelPack artifact.

Blobs come first, each only where the registry lacks it; then the manifest by its digest, the import
attestation that refers to it, and the tag last: whatever ends the run before leaves no tag.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from provenance.errors import Absent, ConfigError, Malformed, SourceError
from provenance.formats.json import compact
from provenance.source.oci.address import TAG, parsed
from provenance.source.oci.artifact import Artifact, Blob, is_ours
from provenance.source.oci.client import FIRST_WAIT, TRIES, Repository, Unanswered
from provenance.source.oci.http import REDIRECTS, Answer, Delivery, origin
from provenance.source.oci.manifest import parsed as manifest_in
from provenance.source.oci.media import INDEXES, MANIFESTS
from provenance.source.oci.referrers import Referrers
from provenance.source.oci.verified import MOST, TYPES, digest_of, manifest_at
from provenance.source.progress import Silent, Step
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.store import StoreOptions
from provenance.source.remote.writer import Delivered, Parcel, earlier, foreign
from provenance.source.together import side_by_side

EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
AT_ONCE = 2
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds after which a list that was written is looked at again."""
WORDS = 400


@dataclass(kw_only=True)
class Registry:
    """A repository that is written to."""

    repository: Repository
    step: Step = field(default_factory=Silent)

    @property
    def _source(self) -> str:
        return self.repository.address.source

    def deliver(self, parcel: Parcel) -> Delivered:
        """The artifact is there by its digest and its tag, which is asked for again right before it
        is put: others may have come while blobs were sent."""
        if not TAG.fullmatch(parcel.tag):
            expected = "expected letters, digits, '.', '_' and '-', 128 at most"
            raise ConfigError(f"{expected}, found {parcel.tag[:WORDS]!r}", path="--tag")
        artifact = Artifact.of(parcel)
        digest = artifact.manifest.digest
        stands = self._standing(parcel, digest)
        attested = self._is_attested(parcel, digest)
        if stands and attested and not parcel.replacing and self._is_whole(artifact):
            return Delivered(place=self._source, revision=digest, already=True)
        self._upload(parcel, artifact)
        self._put_manifest(digest, artifact.document)
        if not attested:
            self._attach(Blob.of(parcel.sign()), artifact.manifest)
        if not self._standing(parcel, digest):
            self._put_manifest(parcel.tag, artifact.document)
        found = manifest_at(self.repository, parcel.tag)[1]
        if found != digest:
            raise SourceError(
                f"{self._source}:{parcel.tag}: expected {digest}, the registry has {found} there "
                "now: somebody else writes this tag; run it again"
            )
        return Delivered(place=self._source, revision=digest)

    def _standing(self, parcel: Parcel, digest: str) -> bool:
        """Whether the tag is the artifact's; ConfigError where it is another's that may not give
        way."""
        url = self.repository.url("manifests", parcel.tag)
        try:
            answer = self.repository.ask(url, MOST, accept=TYPES)
        except Absent:
            return False
        found = digest_of(answer.body)
        if found == digest:
            return True
        place = f"{self._source}:{parcel.tag}"
        if not is_ours(answer.body):
            raise foreign(place, [f"the artifact {found}"])
        if not parcel.replacing:
            raise earlier(place)
        return False

    def _is_whole(self, artifact: Artifact) -> bool:
        """Whether the registry still has every blob of the artifact."""
        return all(self._has(blob) for blob in artifact.blobs)

    def _has(self, blob: Blob) -> bool:
        url = self.repository.url("blobs", blob.digest)
        return self._send("HEAD", url, (200, 404, *REDIRECTS)).status != 404

    def _is_attested(self, parcel: Parcel, digest: str) -> bool:
        """Whether the artifact has an import attestation that says the same."""
        options = self.repository.options
        found = Referrers(
            repository=self.repository,
            digest=digest,
            account=RequestBudget(options.limits),
            limits=options.limits,
        )
        found.find()
        return any(parcel.is_attested_in(one.data) for one in found.documents)

    def _upload(self, parcel: Parcel, artifact: Artifact) -> None:
        """Every blob is there, each sent once."""
        blobs = {blob.digest: blob for blob in artifact.blobs}
        largest = sorted(blobs.values(), key=lambda blob: -blob.size)
        step = self.repository.options.progress.step(f"{parcel.name}: uploading", parcel.size)
        try:
            side_by_side(lambda blob: self._put_blob(blob, step), largest, at_once=AT_ONCE)
        finally:
            step.end()

    def _put_blob(self, blob: Blob, step: Step) -> None:
        """The blob is there; one that was there before is read here all the same, as the admitted
        bytes are what is promised."""
        there = self._has(blob)
        if there or not blob.size:
            for _ in blob.chunks(step):
                pass
        tries = 0 if there else TRIES
        while tries:
            try:
                self._upload_once(blob, step)
                tries = 0
            except Unanswered as error:
                tries -= 1
                if not tries:
                    raise SourceError(f"{self._source}: {blob.digest}: {error}") from None
                self.repository.rest(FIRST_WAIT * 2 ** (TRIES - tries))

    def _upload_once(self, blob: Blob, step: Step) -> None:
        begun = self._send("POST", f"{self.repository.address.base}/blobs/uploads/", (202,))
        led = urljoin(f"{self.repository.address.base}/", begun.headers.get("location", ""))
        if origin(led) != origin(self.repository.address.base):
            raise SourceError(
                f"{self._source}: the registry wants the upload at another host, {led[:WORDS]!r}: "
                "nothing was sent there"
            )
        url = f"{led}{'&' if '?' in led else '?'}digest={blob.digest.replace(':', '%3A')}"
        self._send(
            "PUT",
            url,
            (201,),
            Delivery(
                method="PUT",
                url=url,
                media_type="application/octet-stream",
                size=blob.size,
                body=lambda: blob.chunks(step),
            ),
            tries=1,
        )
        self.repository.options.deadline.renew()

    def _put_manifest(self, reference: str, data: bytes, media_type: str = MANIFESTS[0]) -> Answer:
        url = self.repository.url("manifests", reference)
        body = Delivery(
            method="PUT", url=url, media_type=media_type, size=len(data), body=lambda: (data,)
        )
        return self._send("PUT", url, (201,), body)

    def _attach(self, bundle: Blob, subject: Blob) -> None:
        """The bundle refers to the manifest: by the registry's own list, or where it keeps none by
        the tag that stands for it (OCI distribution 1.1, referrers tag schema)."""
        empty = Blob.of(b"{}")
        for blob in (bundle, empty):
            self._put_blob(blob, self.step)
        document = compact(
            {
                "schemaVersion": 2,
                "mediaType": MANIFESTS[0],
                "artifactType": BUNDLE,
                "config": empty.described(EMPTY),
                "layers": [bundle.described(BUNDLE)],
                "subject": subject.described(MANIFESTS[0]),
            }
        )
        made = Blob.of(document)
        answer = self._put_manifest(made.digest, document)
        if not answer.headers.get("oci-subject"):
            self._list(made.described(MANIFESTS[0], artifactType=BUNDLE), subject.digest)

    def _list(self, row: Mapping[str, object], subject: str) -> None:
        """The row stands in the list that a tag names, after those that stood there.

        Who writes at the same time takes the row away unseen, so that the list is read again after
        a while; SourceError where the row does not stay.
        """
        tag = subject.replace(":", "-")
        for pause in PAUSES:
            rows = list(self._listed(tag))
            if any(one.get("digest") == row["digest"] for one in rows):
                return
            index = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": [*rows, row]}
            self._put_manifest(tag, compact(index), INDEXES[0])
            self.repository.rest(pause)
        if all(one.get("digest") != row["digest"] for one in self._listed(tag)):
            raise SourceError(
                f"{self._source}:{tag}: the attestation {row['digest']} does not stay in this "
                "list: others write it at the same time; run it again"
            )

    def _listed(self, tag: str) -> Iterator[Mapping[str, object]]:
        url = self.repository.url("manifests", tag)
        try:
            data = self.repository.ask(url, MOST, accept=INDEXES[0]).body
            manifest_in(data, INDEXES[0])
        except Absent:
            return
        except Malformed as error:
            raise SourceError(f"{self._source}:{tag}: no list of referrers: {error}") from None
        yield from json.loads(data)["manifests"]

    def _send(
        self,
        method: str,
        url: str,
        good: tuple[int, ...],
        delivery: Delivery | None = None,
        *,
        tries: int = TRIES,
    ) -> Answer:
        """The answer with one of the `good` statuses; raises as `Repository.polite`."""
        what = delivery or Delivery(method=method, url=url)
        http = self.repository.http
        return self.repository.polite(
            url,
            lambda secret: http.send(replace(what, secret=secret), WORDS),
            good,
            tries=tries,
            refusal=lambda _, answer: SourceError(self._refusal(method, url, answer)),
        )

    def _refusal(self, method: str, url: str, answer: Answer) -> str:
        """Why nothing was written, and what would change that."""
        said = answer.body.decode("utf-8", "replace")[:WORDS]
        if answer.status in (401, 403):
            keeper = self.repository.keeper
            why = "what this machine sent may not write there"
            if keeper.untold or not keeper.found.credential:
                why = keeper.words
            return f"{self._source}: the registry does not let us write there: {why}"
        return f"{url}: status {answer.status} to {method}: {said!r}"


def writer(source: str, options: StoreOptions) -> Registry:
    """The repository of a registry; nobody is asked yet. ConfigError for what is no address."""
    return Registry(
        repository=Repository(address=parsed(source), options=options, actions="pull,push")
    )
