"""What a registry publishes: its texts, who keeps which section, and by which keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Root,
    TargetFile,
    Targets,
)

from provenance.errors import ConfigError
from provenance.formats.json import on_one_line
from provenance.formats.signatures import is_evidence_name
from provenance.names import is_repo
from provenance.registry import fingerprints
from provenance.registry.file import LIMIT, Folder, read_text
from provenance.registry.remote import attestation_file
from provenance.registry.signers import TufKey
from provenance.registry.store import FILE_NAME, assembled, parsed, section_file
from provenance.registry.unpublished import ONLINE, SECTION, TOP, UnpublishedMetadata, expiry
from provenance.source.evidence_files import read, split
from provenance.trust import Org, Registry
from provenance.trust.section import read_section

RENEWED = 3
"""A root is renewed with what is published once less than a third of its time is left."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """The files of a registry, and what they say."""

    registry: Registry
    files: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """When something is published, and for how many days each role's word holds."""

    at: datetime
    lifetimes: Mapping[str, int] = field(default_factory=dict)

    def expiry(self, role: str) -> datetime:
        """Until when the word of a role holds."""
        return expiry(role, self.at, self.lifetimes)


def content(file: Path, attestations: Path | None) -> Content:
    """The registry of a `trust.toml` with its trusted roots and the fingerprints of its roots, and
    attestations to publish beside it.

    ConfigError for whatever a client could not read.
    """
    store = Recording(Folder(file), file.name)
    registry = assembled(store, file=FILE_NAME, source=file.name)
    files = {name: text.encode() for name, text in store.read.items() if not _is_section(name)}
    prints = dict(_fingerprints(Folder(file), registry))
    found = dict(_attestations(attestations)) if attestations else {}
    return Content(registry=registry, files={**files, **prints, **found})


def first(hands: Sequence[TufKey], online: Sequence[TufKey], terms: Terms) -> UnpublishedMetadata:
    """A draft of the first version: every key of `hands` must sign the root and the targets."""
    root = Root(version=1, expires=terms.expiry(Root.type), consistent_snapshot=True)
    for role in (Root.type, Targets.type):
        _set_keys(root, role, hands, len(hands))
    for role in ONLINE:
        _set_keys(root, role, online or hands, 1)
    targets = Targets(version=1, expires=terms.expiry(Targets.type))
    return UnpublishedMetadata(roles={}).with_role(Root.type, root).with_role(Targets.type, targets)


def with_content(draft: UnpublishedMetadata, content: Content, terms: Terms) -> UnpublishedMetadata:
    """The draft with the next version of the targets: these files, these sections."""
    targets = Targets(
        version=draft.targets.version + (Targets.type not in draft.changed),
        expires=terms.expiry(Targets.type),
        targets=_targets(content.files),
        delegations=_delegations(content.registry),
    )
    return replace(_renewed(draft, terms).with_role(Targets.type, targets), files=content.files)


def with_section_of(
    draft: UnpublishedMetadata, org: Org, content: Content, before: Targets | None, terms: Terms
) -> UnpublishedMetadata:
    """The draft with the next version of the section that `org` keeps."""
    role = f"{SECTION}{org.section.name if org.section else ''}"
    targets = Targets(
        version=before.version + 1 if before else 1,
        expires=terms.expiry(role),
        targets=_targets(content.files),
    )
    return replace(draft.with_role(role, targets), files=content.files)


def section_content(registry: Registry, org: Org, file: Path, attestations: Path | None) -> Content:
    """A section's file with the fingerprints of its roots, and attestations beside it, or
    ConfigError if clients would refuse it."""
    section = org.section.name if org.section else ""
    text = read_text(file)
    plain = replace(org, unknown="")
    found = read_section(registry, plain, parsed(text, file.name), source=file.name)
    beside = dict(_attestations(attestations)) if attestations else {}
    for published in beside:
        if published.split("/")[1] not in org.namespaces:
            raise ConfigError(f"lies outside the namespaces of {org.name}", path=published)
    prints = dict(_fingerprints(Folder(file.parent.parent / FILE_NAME), found, section))
    files = {section_file(section): text.encode(), **prints, **beside}
    return Content(registry=found, files=files)


def rotated(
    draft: UnpublishedMetadata,
    terms: Terms,
    *,
    add: Sequence[TufKey] = (),
    drop: Sequence[TufKey] = (),
    roles: Sequence[str] = (),
    threshold: int | None = None,
) -> UnpublishedMetadata:
    """The draft with the next root: keys added to and dropped from roles, or another threshold.

    A key that is dropped is replaced in every role in which it stood; `roles` names others. What
    was signed by a role whose keys changed gets a new version.
    """
    root = deepcopy(draft.root)
    gone = {tuf_key.key.keyid for tuf_key in drop}
    strangers = gone - set(root.keys)
    if strangers:
        raise ConfigError("is none of the registry's keys", path="--drop")
    changed = [r for r in TOP if r in roles or (not roles and _concerns(root, r, gone))]
    for role in changed:
        old = root.roles[role]
        kept = [keyid for keyid in old.keyids if keyid not in gone]
        keyids = [*kept, *(tuf_key.key.keyid for tuf_key in add if tuf_key.key.keyid not in kept)]
        asked = threshold if threshold and role not in ONLINE else old.threshold
        if asked > len(keyids):
            raise ConfigError(f"{role} would need {asked} signatures of {len(keyids)} keys")
        for tuf_key in add:
            root.keys[tuf_key.key.keyid] = tuf_key.key
        old.keyids, old.threshold = keyids, asked
    named = {keyid for role in TOP for keyid in root.roles[role].keyids}
    root.keys = {keyid: key for keyid, key in root.keys.items() if keyid in named}
    root.version += 1
    root.expires = terms.expiry(Root.type)
    new = draft.with_role(Root.type, root)
    if Targets.type not in changed:
        return new
    targets = deepcopy(draft.targets)
    targets.version += 1
    targets.expires = terms.expiry(Targets.type)
    return new.with_role(Targets.type, targets)


@dataclass(frozen=True)
class Recording:
    """A shelf that remembers what was read from it: this is what a registry consists of."""

    store: Folder
    main: str
    read: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text, its main file under the name that clients ask for."""
        text = self.store.text(self.main if name == FILE_NAME else name)
        self.read[name] = text
        return text

    def version(self, name: str) -> int | None:
        """As the shelf says."""
        return self.store.version(name)


def _concerns(root: Root, role: str, gone: set[str]) -> bool:
    """Where no role is named: those that lose a key; if none is dropped, the offline ones."""
    return bool(gone & set(root.roles[role].keyids)) if gone else role not in ONLINE


def _renewed(draft: UnpublishedMetadata, terms: Terms) -> UnpublishedMetadata:
    """The draft with the next version of a root that would soon run out."""
    if Root.type in draft.changed:
        return draft
    left = draft.root.expires - terms.at
    if left > (terms.expiry(Root.type) - terms.at) / RENEWED:
        return draft
    root = deepcopy(draft.root)
    root.version += 1
    root.expires = terms.expiry(Root.type)
    return draft.with_role(Root.type, root)


def _set_keys(root: Root, role: str, hands: Sequence[TufKey], threshold: int) -> None:
    for tuf_key in hands:
        root.add_key(tuf_key.key, role)
    root.roles[role].threshold = threshold


def _targets(files: Mapping[str, bytes]) -> dict[str, TargetFile]:
    return {name: TargetFile.from_data(name, data, ["sha256"]) for name, data in files.items()}


def _delegations(registry: Registry) -> Delegations | None:
    keys: dict[str, Key] = {}
    roles: dict[str, DelegatedRole] = {}
    for org in registry.orgs:
        if org.section is None:
            continue
        own = {tuf_key.key.keyid: tuf_key.key for tuf_key in map(TufKey, org.section.keys)}
        keys.update(own)
        name = f"{SECTION}{org.section.name}"
        roles[name] = DelegatedRole(
            name=name,
            keyids=list(own),
            threshold=org.section.threshold,
            terminating=True,
            paths=[
                section_file(org.section.name),
                f"{fingerprints.FOLDER}/{org.section.name}/*",
                *(f"attestations/{n}/*" for n in org.namespaces),
            ],
        )
    return Delegations(keys=keys, roles=roles) if roles else None


def _is_section(name: str) -> bool:
    return name.startswith("sections/")


def _fingerprints(
    folder: Folder, registry: Registry, section: str = ""
) -> Iterator[tuple[str, bytes]]:
    """The fingerprints that the registry itself names, or one section of it; none is a secret."""
    for root in fingerprints.named_in(registry, section):
        data, name = folder.fingerprint(root), fingerprints.file_of(root)
        fingerprints.check_fits(root, data, name)
        yield name, data


def _attestations(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every bundle in `<org>/<name>/` of a folder, those of one repository in one file."""
    for place in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        repo = place.relative_to(folder).as_posix()
        if not is_repo(repo):
            raise ConfigError(f"{repo!r} is not org/name", path=str(place))
        lines = [line for file in sorted(place.iterdir()) for line in _bundles(file)]
        if lines:
            yield attestation_file(repo), b"".join(lines)


def _bundles(file: Path) -> Iterator[bytes]:
    if not is_evidence_name(file.name):
        return
    found = split(file.name, read(str(file), LIMIT))
    if not found:
        raise ConfigError("holds no bundle", path=str(file))
    for document in found:
        yield on_one_line(document.data) + b"\n"
