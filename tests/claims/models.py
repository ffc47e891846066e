"""Evidence on models made of bytes, as a reader of a directory would gather it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime

from provenance.formats import content
from provenance.model import Basis, Content, Evidence, File, Manifest, Observation, Ref

REPO = "acme/m"


def digest(data: bytes) -> str:
    """The SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def evidence(
    files: Mapping[str, bytes], *, unread: tuple[str, ...] = (), limit: int = 1 << 20
) -> Evidence:
    """The evidence on `files`; nothing is known of the content of those in `unread`."""
    contents: list[Content] = []
    observations: list[Observation] = []
    for path, data in sorted(files.items()):
        if path not in unread:
            found, seen = content.read(io.BytesIO(data), path, len(data), limit=limit)
            contents.append(found)
            observations.extend(seen)
    manifest = Manifest.of(
        File(path=path, size=len(data), digest=digest(data)) for path, data in files.items()
    )
    return Evidence(
        ref=Ref(text=REPO, repo=REPO),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        basis=Basis.MEASURED,
        listing=manifest,
        manifest=manifest,
        contents=tuple(contents),
        observations=tuple(observations),
    )
