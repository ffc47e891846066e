"""A registry is published, renewed, signed or given other keys: each step whole, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Targets

from provenance.errors import ConfigError
from provenance.registry.editing import Edit
from provenance.registry.fingerprints import FOLDER
from provenance.registry.keys import Opening, Signing, check_known, hands
from provenance.registry.publishing import (
    Terms,
    content,
    first,
    rotated,
    section_content,
    with_content,
    with_section_of,
)
from provenance.registry.repository import HANDED_OUT, Repository
from provenance.registry.signers import TufKey
from provenance.registry.store import FILE_NAME
from provenance.registry.unpublished import TOP, UnpublishedMetadata

NOTHING_YET = "holds no registry yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What clients see from now on: `expires` is until when, by role; the root's SHA-256 in hex."""

    name: str
    version: int
    expires: tuple[tuple[str, datetime], ...]
    root: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What became of new versions in `folder`, each role with its number.

    `listed` is what clients see, None where they see it later; `waits` says that the versions are
    not published but wait for signatures. `fingerprints` counts what roles that
    changed publish of those.
    """

    folder: Path
    versions: tuple[tuple[str, int], ...]
    listed: Listed | None = None
    waits: bool = False
    fingerprints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is published: a registry's file, or one section beside it, with attestations.

    With `prepare` it is written to be signed; with `finish` what was signed so is published.
    """

    file: Path
    attestations: Path | None = None
    section: str | None = None
    prepare: bool = False
    finish: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How the keys of a registry change: PEM files that may sign from now on, and no more."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    threshold: int | None = None
    prepare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersigned:
    """What was signed of what waits, what it changes, and which signatures are still missing."""

    folder: Path
    edit: Edit
    roles: tuple[str, ...]
    versions: tuple[tuple[str, int], ...]
    missing: str


def published(signing: Signing, source: Source) -> Publication:
    """The registry is published, or prepared, by these keys; ConfigError, and nothing published."""
    if source.prepare and source.finish:
        raise ConfigError("--prepare and --finish exclude each other")
    offline, online = signing.offline(), signing.online()
    repository, on = signing.repository, signing.terms()
    with repository.opened():
        if source.finish:
            draft = repository.prepared()
        elif source.section:
            draft = section_of(repository, source.section, source.file, source.attestations, on)
        else:
            draft = whole(repository, offline, online, source.file, source.attestations, on)
        check_known(draft, (*offline, *online))
        draft.sign(offline)
        if source.prepare:
            return _prepared(repository, draft)
        listed = repository.commit(draft, (*offline, *online), on.at, on.lifetimes)
    return _published(repository, draft, listed=listed)


def rekeyed(signing: Signing, rotation: Rotation) -> Publication:
    """A new root, signed by the old keys and the new, is published or prepared; or ConfigError."""
    if not (rotation.add or rotation.drop or rotation.threshold):
        raise ConfigError("say what changes: --add, --drop or --threshold")
    own, repository, on = signing.every(), signing.repository, signing.terms()
    new = hands(rotation.add, "--add", signing.opening)
    old = hands(rotation.drop, "--drop", signing.opening)
    with repository.opened():
        draft = rotated(
            _standing(repository),
            on,
            add=new,
            drop=old,
            roles=rotation.roles,
            threshold=rotation.threshold,
        )
        check_known(draft, own)
        draft.sign((*own, *new, *old))
        if rotation.prepare:
            return _prepared(repository, draft)
        repository.commit(draft, (*own, *new, *old), on.at, on.lifetimes)
    return _published(repository, draft, listed=True)


def renewed(signing: Signing) -> Publication:
    """Snapshot and timestamp are signed anew, with what keepers of sections published since.

    Raises ConfigError.
    """
    keys, repository, on = signing.every(), signing.repository, signing.terms()
    with repository.opened():
        draft = _standing(repository)
        check_known(draft, keys)
        repository.commit(draft, keys, on.at, on.lifetimes)
    return _published(repository, draft, listed=True)


def countersigned(to: Path, keys: Sequence[str], opening: Opening) -> Countersigned:
    """What waits in a folder, with the signatures of these keys on it, or ConfigError."""
    given = hands(keys, "--key", opening)
    if not given:
        raise ConfigError("say with which key", path="--key")
    repository = Repository(to)
    with repository.opened():
        draft = repository.prepared()
        check_known(draft, given)
        standing = repository.draft()
        old = repository.target(standing.targets, FILE_NAME) if standing else b""
        new = repository.target(draft.targets, FILE_NAME)
        edit = Edit(file=Path(FILE_NAME), old=old.decode("utf-8"), new=new.decode("utf-8"))
        roles = draft.sign(given)
        repository.prepare(draft)
    return Countersigned(
        folder=to,
        edit=edit,
        roles=tuple(roles),
        versions=_versions(draft),
        missing=draft.missing(),
    )


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
    standing, registry = _standing(repository), repository.registry()
    orgs = registry.orgs if registry else ()
    org = next((o for o in orgs if o.section and o.section.name == name), None)
    if registry is None or org is None:
        raise ConfigError(f"the published registry has no section {name!r}", path="--section")
    source = file.parent / "sections" / f"{name}.toml"
    text = section_content(registry, org, source, attestations)
    return with_section_of(standing, org, text, repository.section(name), on)


def _standing(repository: Repository) -> UnpublishedMetadata:
    draft = repository.draft()
    if draft is None:
        raise ConfigError(NOTHING_YET, path=str(repository.folder))
    return draft


def _versions(draft: UnpublishedMetadata) -> tuple[tuple[str, int], ...]:
    return tuple((role, draft.roles[role].signed.version) for role in sorted(draft.changed))


def _prepared(repository: Repository, draft: UnpublishedMetadata) -> Publication:
    repository.prepare(draft)
    return Publication(
        folder=repository.folder,
        versions=_versions(draft),
        waits=True,
        fingerprints=_fingerprints(draft),
    )


def _published(repository: Repository, draft: UnpublishedMetadata, *, listed: bool) -> Publication:
    seen = _listed(repository, draft) if listed else None
    return Publication(
        folder=repository.folder,
        versions=_versions(draft),
        listed=seen,
        fingerprints=_fingerprints(draft),
    )


def _fingerprints(draft: UnpublishedMetadata) -> int:
    changed = (draft.roles[role].signed for role in draft.changed)
    listed = (name for signed in changed if isinstance(signed, Targets) for name in signed.targets)
    return sum(name.startswith(f"{FOLDER}/") for name in listed)


def _listed(repository: Repository, draft: UnpublishedMetadata) -> Listed:
    registry = repository.registry()
    newest = ((role, repository.newest(role)) for role in TOP)
    root = repository.folder / HANDED_OUT
    return Listed(
        name=registry.name if registry else "",
        version=draft.targets.version,
        expires=tuple((role, found.signed.expires) for role, found in newest if found),
        root=root,
        digest=hashlib.sha256(root.read_bytes()).hexdigest(),
    )
