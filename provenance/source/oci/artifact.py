"""A model as a ModelPack artifact: its manifest, and the blobs that it names (cncf model-spec)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats.json import compact
from provenance.formats.names import is_weight_name
from provenance.source.oci.manifest import Manifest
from provenance.source.oci.manifest import parsed as manifest_in
from provenance.source.oci.media import FILE_PATH, MANIFESTS, TITLE
from provenance.source.oci.verified import digest_of
from provenance.source.progress import Step
from provenance.source.remote.writer import Item, Parcel

MODEL = "application/vnd.cncf.model.manifest.v1+json"
CONFIG = "application/vnd.cncf.model.config.v1+json"
LAYER = "application/vnd.cncf.model.{}.v1.raw"
ORIGIN = "io.github.hf-provenance.origin"
"""The annotation by which a promotion knows an earlier one: the URI of what it is a copy of."""
KINDS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((".py",), "code"),
    ((".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg", ".sig", ".jsonl", ".sigstore"), "doc"),
    (("license", "notice", ".sigstore.json"), "doc"),
)
"""By the end of a file's name in lower case what ModelPack calls it; other files configure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that the registry is to hold, and how they are had."""

    digest: str
    size: int
    chunks: Callable[[Step], Iterable[bytes]]

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """These bytes."""
        return cls(digest=digest_of(data), size=len(data), chunks=lambda step: (data,))

    def described(self, media_type: str, **more: object) -> dict[str, object]:
        """Its descriptor."""
        return {"mediaType": media_type, "digest": self.digest, "size": self.size, **more}


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A parcel as a manifest, and the blobs that it names."""

    manifest: Blob
    document: bytes
    blobs: tuple[Blob, ...]

    @classmethod
    def of(cls, parcel: Parcel) -> Artifact:
        """One raw layer for each file, evidence too; the same parcel makes the same bytes."""
        files = {item.path: _blob(item) for item in parcel.files}
        files |= {name: Blob.of(data) for name, data in parcel.evidence.items()}
        config = Blob.of(compact(_config(parcel, files.values())))
        document = compact(
            {
                "schemaVersion": 2,
                "mediaType": MANIFESTS[0],
                "artifactType": MODEL,
                "config": config.described(CONFIG),
                "layers": [_layer(path, blob) for path, blob in sorted(files.items())],
                "annotations": {ORIGIN: parcel.said.origin.uri},
            }
        )
        return cls(manifest=Blob.of(document), document=document, blobs=(config, *files.values()))


def _blob(item: Item) -> Blob:
    return Blob(digest=f"sha256:{item.sha256}", size=item.size, chunks=item.chunks)


def _layer(path: str, blob: Blob) -> dict[str, object]:
    kind = LAYER.format(_kind(path))
    return blob.described(kind, annotations={FILE_PATH: path, TITLE: path})


def _kind(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    if is_weight_name(path):
        return "weight"
    return next((kind for ends, kind in KINDS if name.endswith(ends)), "weight.config")


def _config(parcel: Parcel, blobs: Iterable[Blob]) -> dict[str, object]:
    """The model's configuration by the ModelPack specification, with what is known of it."""
    return {
        "descriptor": {"name": parcel.name, "sourceURL": parcel.said.origin.uri},
        "config": {},
        "modelfs": {"type": "layers", "diffIds": [blob.digest for blob in blobs]},
    }


def is_ours(data: bytes) -> bool:
    """Whether a manifest is one that an earlier promotion wrote."""
    try:
        found = manifest_in(data)
        return isinstance(found, Manifest) and ORIGIN in json.loads(data).get("annotations", {})
    except (Malformed, AttributeError, TypeError):
        return False
