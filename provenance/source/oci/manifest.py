"""Manifests and indexes, as the registry answers them (OCI image specification 1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.names import DIGEST
from provenance.source.oci.media import INDEXES, MANIFESTS

ALGORITHM = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]{1,256}")
MOST = 1 << 62
"""Bytes of a layer above which its size is no size."""
LAYERS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a manifest says of a blob or of another manifest."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    platform: str = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 in hex, or nothing where it is stated by another algorithm."""
        return self.digest.removeprefix("sha256:") if DIGEST.fullmatch(self.digest) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An artifact: its configuration, its layers in their order, and what it is about."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A list of manifests."""

    manifests: tuple[Descriptor, ...]


def parsed(data: bytes, media_type: str = "") -> Manifest | Index:
    """The manifest or index, or Malformed.

    `media_type` is the registry's own word, which counts where the document has none.
    """
    fields = Fields(json.loads(data))
    stated = fields.text("mediaType", media_type or MANIFESTS[0])
    if media_type in MANIFESTS + INDEXES and stated != media_type:
        raise Malformed(f"it calls itself {stated[:100]!r}, and the registry {media_type!r}")
    if stated in INDEXES:
        if "layers" in fields:
            raise Malformed("it is an index, and has layers")
        return Index(manifests=_descriptors(fields, "manifests"))
    if stated not in MANIFESTS:
        raise Malformed(f"expected a manifest of OCI or Docker, found {stated[:100]!r}")
    if "manifests" in fields:
        raise Malformed("it is a manifest, and has manifests")
    return Manifest(
        config=_descriptor(fields.table("config")),
        layers=_descriptors(fields, "layers"),
        subject=_subject(fields),
        artifact_type=fields.text("artifactType", ""),
    )


def _descriptors(fields: Fields, name: str) -> tuple[Descriptor, ...]:
    found = tuple(_descriptor(one) for one in fields.tables(name, required=True))
    if len(found) > LAYERS:
        raise fields.wrong(name, f"expected {LAYERS} or fewer, found {len(found)}")
    return found


def _descriptor(fields: Fields) -> Descriptor:
    digest, size = fields.text("digest"), fields.whole("size")
    if not ALGORITHM.fullmatch(digest):
        raise fields.wrong("digest", f"expected sha256:<64 digits>, found {digest[:100]!r}")
    if digest.startswith("sha256:") and not DIGEST.fullmatch(digest):
        raise fields.wrong("digest", f"expected 64 lower-case digits, found {digest[:100]!r}")
    if size > MOST:
        raise fields.wrong("size", f"expected a size in bytes, found {size}")
    return Descriptor(
        media_type=fields.text("mediaType"),
        digest=digest,
        size=size,
        annotations=dict(_annotations(fields)),
        artifact_type=fields.text("artifactType", ""),
        platform="/".join(_platform(fields)),
    )


def _annotations(fields: Fields) -> Iterator[tuple[str, str]]:
    if fields.holds("annotations", type(None)):
        return
    table = fields.optional_table("annotations")
    for name, value in table.items():
        if not isinstance(value, str):
            raise table.wrong(name[:80], "expected text")
        yield name, value


def _platform(fields: Fields) -> Iterator[str]:
    if fields.holds("platform", dict):
        platform = fields.table("platform")
        yield from (platform.text(name, "") for name in ("os", "architecture"))


def _subject(fields: Fields) -> Descriptor | None:
    if "subject" not in fields or fields.holds("subject", type(None)):
        return None
    return _descriptor(fields.table("subject"))
