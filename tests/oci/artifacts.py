"""Models packed as the tools of others pack them, and layers as no honest tool does."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from tests import forge
from tests.oci.server import INDEX, MANIFEST, Registry, Zeros

RAW = "application/vnd.cncf.model.weight.v1.raw"
TAR = "application/vnd.cncf.model.weight.v1.tar"
TAR_GZIP = "application/vnd.cncf.model.weight.v1.tar+gzip"
KITOPS = "application/vnd.kitops.modelkit.model.v1.tar+gzip"
IMAGE = "application/vnd.oci.image.layer.v1.tar+gzip"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
MODEL_CONFIG = "application/vnd.cncf.model.config.v1+json"
FILE_PATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of files by name, and of other members as they are."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w", format=form) as opened:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                opened.addfile(member, io.BytesIO(bytes(member.size)))
                continue
            name, data = member
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return found.getvalue()


def other(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member that is no file."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def layer(
    registry: Registry, data: bytes, media_type: str = RAW, path: str = "", **more: str
) -> dict[str, Any]:
    """The descriptor of a layer whose blob is in the registry now."""
    annotations = {**({FILE_PATH: path} if path else {}), **more}
    found = {"mediaType": media_type, "digest": registry.blob(data), "size": len(data)}
    return {**found, "annotations": annotations} if annotations else found


def artifact(
    registry: Registry, layers: Sequence[Mapping[str, Any]], config: str = MODEL_CONFIG, **more: Any
) -> dict[str, Any]:
    """The manifest of an artifact of these layers."""
    blob = b"{}"
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": config, "digest": registry.blob(blob), "size": len(blob)},
        "layers": list(layers),
        **more,
    }


def raw(registry: Registry, files: Mapping[str, bytes], tag: str = "v1") -> str:
    """A model with a raw layer for each file is there; the digest of its manifest."""
    layers = [layer(registry, data, path=path) for path, data in files.items()]
    return registry.manifest(artifact(registry, layers), tag)


def large(registry: Registry, shards: int, size: int, tag: str = "large") -> int:
    """A model with raw layers of `size` bytes, of which only a beginning is kept; its bytes."""
    layers: list[dict[str, Any]] = []
    index: dict[str, str] = {}
    for number in range(shards):
        path, name = f"model-{number:05}.safetensors", f"layers.{number}.weight"
        head = forge.header(size, name)
        data, index[name] = Zeros(head, len(head) + size), path
        digest = registry.blob(data, f"sha256:{number:064x}")
        row = {"mediaType": RAW, "digest": digest, "size": len(data)}
        layers.append({**row, "annotations": {FILE_PATH: path}})
    files = {"model.safetensors.index.json": written({"weight_map": index}), "config.json": b"{}"}
    layers += [layer(registry, data, path=path) for path, data in files.items()]
    registry.manifest(artifact(registry, layers), tag)
    return sum(int(row["size"]) for row in layers)


def packed(registry: Registry, files: Mapping[str, bytes], media_type: str, tag: str = "v1") -> str:
    """A model in one layer that is a tar is there; the digest of its manifest."""
    image = media_type == IMAGE
    data = tar(*((f"models/{path}" if image else path, data) for path, data in files.items()))
    data = gzip.compress(data, 1) if media_type.endswith("gzip") else data
    layers = [layer(registry, data, media_type)]
    config = IMAGE_CONFIG if image else MODEL_CONFIG
    return registry.manifest(artifact(registry, layers, config), tag)


def attached(
    registry: Registry, subject: str, data: bytes, kind: str = BUNDLE, *, by_tag: bool = False
) -> str:
    """Something is attached to a manifest, by `subject` or also in the list that a tag names."""
    document = artifact(
        registry,
        [layer(registry, data, kind)],
        EMPTY,
        artifactType=kind,
        subject={"mediaType": MANIFEST, "digest": subject, "size": 1},
    )
    digest = registry.manifest(document)
    if by_tag:
        row = {"mediaType": MANIFEST, "digest": digest, "size": 1, "artifactType": kind}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [row]}
        registry.manifest(index, subject.replace(":", "-"), media_type=INDEX)
    return digest


def digest_of(data: bytes) -> str:
    """How a registry names bytes."""
    return "sha256:" + sha256(data).hexdigest()


def written(document: Any) -> bytes:
    """A document as JSON."""
    return json.dumps(document).encode()
