"""What the tests of the disk share: gathering, and reading what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.model import Evidence, Ref
from provenance.source import directory
from provenance.source.limits import DEFAULT, Limits
from tests import forge

HAND = forge.TufKey(key=forge.key("release"))


def gather(
    path: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    signature: Path | None = None,
    limits: Limits = DEFAULT,
    workers: int | None = None,
) -> Evidence:
    return directory.collect(
        path,
        ref=Ref(text="m"),
        at=forge.NOW,
        include=include,
        exclude=exclude,
        signature=signature,
        limits=limits,
        workers=workers,
    )


def paths(evidence: Evidence) -> list[str]:
    return [file.path for file in evidence.listing.files]


def seen(evidence: Evidence) -> set[tuple[str, str]]:
    """The code and path of every observation, but for bytes of no known form, as tests have."""
    found = {(observation.code, observation.path) for observation in evidence.observations}
    return {(code, path) for code, path in found if code != "unfamiliar"}
