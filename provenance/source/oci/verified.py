"""Bytes of a registry that are what they were asked for by."""

from __future__ import annotations

import hashlib

from provenance.errors import SourceError
from provenance.names import DIGEST
from provenance.source.oci.client import Repository
from provenance.source.oci.manifest import Index, Manifest, parsed
from provenance.source.oci.media import INDEXES, MANIFESTS

MOST = 4 << 20
"""Bytes of a manifest: what registries take at the most."""
TYPES = ", ".join((*MANIFESTS, *INDEXES))


def manifest_at(repository: Repository, reference: str) -> tuple[Manifest | Index, str]:
    """What a tag or digest stands for, and its digest, by the bytes as they were received.

    SourceError for other bytes than the digest names, or than the registry says that it sends;
    Malformed for what is no manifest.
    """
    answer = repository.ask(repository.url("manifests", reference), MOST, accept=TYPES)
    found = digest_of(answer.body)
    stated = answer.headers.get("docker-content-digest", "")
    for expected in (reference, stated):
        if DIGEST.fullmatch(expected) and expected != found:
            raise SourceError(_differ(repository, expected, found))
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    return parsed(answer.body, kind if kind in MANIFESTS + INDEXES else ""), found


def verified(repository: Repository, kind: str, digest: str, most: int) -> bytes:
    """A small blob, or SourceError where it is another than its digest names."""
    data = repository.ask(repository.url(kind, digest), most).body
    found = digest_of(data)
    if found != digest:
        raise SourceError(_differ(repository, digest, found))
    return data


def digest_of(data: bytes) -> str:
    """What a registry calls these bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _differ(repository: Repository, expected: str, found: str) -> str:
    return (
        f"{repository.address.source}: the registry sent other bytes than it names: expected "
        f"{expected}, found {found}: do not use it before somebody has found out why"
    )
