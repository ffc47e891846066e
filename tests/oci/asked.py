"""Asking a registry on loopback as the product does, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provenance.model import Evidence
from provenance.refs import in_store
from provenance.source.limits import DEFAULT, Limits
from provenance.source.oci import opened
from provenance.source.oci.store import Artifacts
from provenance.source.remote.store import StoreOptions, collect
from tests import forge
from tests.oci.server import Registry


def store(
    registry: Registry,
    variables: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT,
    name: str = "models/bot",
) -> Artifacts:
    """A repository that is asked without waiting between tries."""
    options = StoreOptions(variables=variables or {}, limits=limits)
    found = opened(registry.source(name), options)
    found.repository.wait = lambda seconds: None
    return found


def gathered(registry: Registry, revision: str = "v1", **more: Any) -> Evidence:
    """The evidence on what a tag or digest stands for."""
    limits = more.get("limits", DEFAULT)
    ref = in_store(registry.source(), revision=revision)
    return collect(store(registry, **more), ref, at=forge.NOW, limits=limits)


def files(evidence: Evidence) -> dict[str, tuple[int, str]]:
    """Sizes and digests by path."""
    return {file.path: (file.size, file.digest) for file in evidence.listing.files}


def seen(evidence: Evidence) -> set[tuple[str, str]]:
    """The code and path of every observation, but for bytes of no known form, as tests have."""
    found = {(one.code, one.path) for one in evidence.observations}
    return {(code, path) for code, path in found if code != "unfamiliar"}


def downloaded(registry: Registry, folder: Path, revision: str = "v1") -> dict[str, bytes]:
    """The files, as they are fetched."""
    from threading import Event

    from provenance.source.progress import Silent, Unit

    found = store(registry).opened(revision)
    step = Silent().step("", 0, Unit.BYTES)
    for entry in found.entries:
        found.release.download(entry.path, folder, again=False, step=step, stop=Event())
    return {entry.path: (folder / entry.path).read_bytes() for entry in found.entries}
