"""What is about to be published: a whole registry out of its file, or one section of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.errors import ConfigError
from provenance.registry.publishing import (
    Terms,
    content,
    first,
    section_content,
    with_content,
    with_section_of,
)
from provenance.registry.repository import Repository
from provenance.registry.signers import TufKey
from provenance.registry.unpublished import UnpublishedMetadata


def whole(
    repository: Repository,
    offline: Sequence[TufKey],
    online: Sequence[TufKey],
    file: Path,
    attestations: Path | None,
    on: Terms,
) -> UnpublishedMetadata:
    """The registry of a file, to be published by these keys, or ConfigError."""
    standing = repository.draft()
    if standing is None and not offline:
        raise ConfigError("the first publication needs the keys that sign it", path="--key")
    return with_content(standing or first(offline, online, on), content(file, attestations), on)


def section_of(
    repository: Repository, name: str, file: Path, attestations: Path | None, on: Terms
) -> UnpublishedMetadata:
    """One section of a published registry, as it stands beside the file, or ConfigError."""
    standing = repository.draft()
    registry = repository.registry() if standing else None
    if standing is None or registry is None:
        raise ConfigError("holds no registry yet", path=str(repository.folder))
    org = next((o for o in registry.orgs if o.section and o.section.name == name), None)
    if org is None:
        raise ConfigError(f"the published registry has no section {name!r}", path="--section")
    source = file.parent / "sections" / f"{name}.toml"
    text = section_content(registry, org, source, attestations)
    return with_section_of(standing, org, text, repository.section(name), on)
