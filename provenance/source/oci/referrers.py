"""What others attached to a manifest: bundles that were signed (OCI distribution 1.1, referrers).

A signature of cosign covers the manifest; one of OMS covers the files. They are different
statements, and neither stands for the other: only what is a bundle over files is handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from provenance.errors import Absent, Malformed
from provenance.model import Document, Observation
from provenance.source.limits import Limits
from provenance.source.oci.client import Repository
from provenance.source.oci.manifest import Descriptor, Index, Manifest, parsed
from provenance.source.oci.media import INDEXES, SIGNATURES
from provenance.source.oci.verified import MOST, manifest_at, verified
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.wire.bundle import Opened
from provenance.wire.intoto import Statement

OF_MANIFEST = (
    "covers the manifest {digest}, and not the files: whoever may speak for files has to sign them "
    "(model_signing, or provenance sign)"
)
FOREIGN = "a signature of the type {kind!r}, which this tool does not verify: it proves nothing"


@dataclass(kw_only=True)
class Referrers:
    """What is attached to one manifest, as far as it was signed."""

    repository: Repository
    digest: str
    account: RequestBudget
    limits: Limits
    documents: list[Document] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    room: int = 0

    def find(self) -> None:
        """The bundles are in `documents`; what is none, or too much, in `observations`."""
        self.room = self.limits.kept // 2
        listed = [one for one in self._listed() if _may_be_signed(one)]
        for one in listed[: self.limits.bundles]:
            try:
                self._read(one)
            except Beyond as error:
                self._see("limit", one.digest, f"it was not looked at: {error}")
        if len(listed) > self.limits.bundles:
            detail = f"{len(listed)} referrers; only {self.limits.bundles} are looked at"
            self._see("limit", "", detail)

    def _listed(self) -> tuple[Descriptor, ...]:
        """By the registry's own list, or by the tag that stands for it where there is none."""
        repository = self.repository
        for url in (
            repository.url("referrers", self.digest),
            repository.url("manifests", self.digest.replace(":", "-")),
        ):
            try:
                self.account.spend()
                answer = repository.ask(url, MOST, accept=", ".join(INDEXES))
            except Absent:
                continue
            except Beyond as error:
                self._see("limit", "", f"the list of referrers: {error}")
                return ()
            if 'rel="next"' in answer.headers.get("link", ""):
                self._see("limit", "", "the list of referrers has more pages")
            try:
                found = parsed(answer.body, INDEXES[0])
            except Malformed as error:
                self._see("unreadable", "", f"the list of referrers cannot be read: {error}")
                continue
            return found.manifests if isinstance(found, Index) else ()
        return ()

    def _read(self, listed: Descriptor) -> None:
        """One referrer, if the manifest is what it is about."""
        self.account.spend()
        try:
            found = manifest_at(self.repository, listed.digest)[0]
        except Absent:
            return None
        except Malformed as error:
            return self._see("unreadable", listed.digest, str(error))
        if not isinstance(found, Manifest) or not found.subject:
            return None
        if found.subject.digest != self.digest:
            return None
        kind = found.artifact_type or found.config.media_type
        for layer in found.layers[: self.limits.bundles + 1]:
            if layer.media_type in SIGNATURES or kind in SIGNATURES:
                self._document(layer, kind)
        return None

    def _document(self, layer: Descriptor, kind: str) -> None:
        if len(self.documents) >= self.limits.bundles:
            return self._see("limit", layer.digest, "one signature too many")
        if layer.size > min(self.limits.bundle, self.room):
            return self._see("limit", layer.digest, "too large for a signature")
        self.account.spend()
        data = verified(self.repository, "blobs", layer.digest, layer.size)
        self.room -= len(data)
        document = Document(path=file_name(layer.digest), data=data)
        said = self._refused(document, kind)
        if said:
            return self._see("foreign-signature", layer.digest, said)
        self.documents.append(document)
        return None

    def _refused(self, document: Document, kind: str) -> str:
        """Why a document is no statement about files."""
        opened = Opened(document=document)
        if isinstance(opened.bundle, Malformed):
            return FOREIGN.format(kind=kind[:100])
        own = self.digest.removeprefix("sha256:")
        statement = opened.statement
        if isinstance(statement, Malformed) or own in _digests(statement):
            return OF_MANIFEST.format(digest=self.digest)
        return ""

    def _see(self, code: str, digest: str, detail: str) -> None:
        self.observations.append(
            Observation(code=code, path=_path(digest) if digest else "", detail=detail)
        )


def file_name(digest: str) -> str:
    """How a bundle among the files of the model is called: it is fetched with them."""
    return f"{digest.replace(':', '-')}.sigstore.json"


def _digests(statement: Statement) -> Iterator[str]:
    for subject in statement.subjects:
        yield subject.sha256


def _path(digest: str) -> str:
    return f"referrers/{digest.replace(':', '-')}"


def _may_be_signed(listed: Descriptor) -> bool:
    """Whether a list leaves open that it is something signed."""
    return not listed.artifact_type or listed.artifact_type in SIGNATURES
