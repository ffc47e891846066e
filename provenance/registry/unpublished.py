"""New metadata of a registry that is to be published: what changes, and who must sign yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets, Timestamp

from provenance.errors import ConfigError
from provenance.registry.signers import AnyMetadata, TufKey

SECTION = "section-"
TOP = (Root.type, Targets.type, Snapshot.type, Timestamp.type)
ONLINE = (Snapshot.type, Timestamp.type)
LIFETIMES: Mapping[str, int] = {"root": 365, "targets": 180, "snapshot": 30, "timestamp": 30}
"""Days for which each role's word holds; those of the online roles suit keys that lie in a safe."""
ONLINE_LIFETIMES: Mapping[str, int] = {"snapshot": 7, "timestamp": 2}
"""The same where a key of their own renews them every day."""


@dataclass(frozen=True, kw_only=True)
class UnpublishedMetadata:
    """Metadata by role, new or as it stands; `changed` are the roles that have a new version.

    `before` is the root that stands, which a new one is signed by too; `files` are new targets.
    """

    roles: Mapping[str, AnyMetadata]
    before: Metadata[Root] | None = None
    changed: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def root(self) -> Root:
        """The root that the draft is under."""
        return cast(Root, self.roles[Root.type].signed)

    @property
    def targets(self) -> Targets:
        """What is published, and who keeps which section."""
        return cast(Targets, self.roles[Targets.type].signed)

    def with_role(self, role: str, signed: Signed) -> UnpublishedMetadata:
        """The draft with a new version of a role, nobody's signature on it."""
        roles = {**self.roles, role: Metadata(signed)}
        return replace(self, roles=roles, changed=self.changed | {role})

    def sign(self, hands: Iterable[TufKey]) -> tuple[str, ...]:
        """Each new version carries the signatures of those hands that may sign it: these roles."""
        signed = set()
        for tuf_key in hands:
            for role in sorted(self.changed):
                if tuf_key.private and tuf_key.key.keyid in self._keyids(role):
                    tuf_key.sign(self.roles[role])
                    signed.add(role)
        return tuple(sorted(signed))

    def check(self) -> None:
        """Every new version has its threshold of signatures, or ConfigError for what is short."""
        if short := self.missing():
            raise ConfigError(
                f"not enough signatures: {short}. Where the keys lie in several places: "
                "publish --prepare, then `registry sign` at each, then publish --finish"
            )

    def missing(self) -> str:
        """In words, which signatures are missing; empty if none is."""
        return "; ".join(self._short())

    def keyids(self) -> frozenset[str]:
        """Every key that counts for anything in the registry, its sections included."""
        found = set(self.root.keys) | (set(self.before.signed.keys) if self.before else set())
        delegations = self.targets.delegations
        return frozenset(found | set(delegations.keys if delegations else ()))

    def _short(self) -> Iterator[str]:
        for role in sorted(self.changed):
            metadata = self.roles[role]
            for delegator in self._delegators(role):
                try:
                    delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
                except UnsignedMetadataError as error:
                    yield str(error)

    def _delegators(self, role: str) -> tuple[Root | Targets, ...]:
        if role not in TOP:
            return (self.targets,)
        if role == Root.type and self.before:
            return (self.before.signed, self.root)
        return (self.root,)

    def _keyids(self, role: str) -> set[str]:
        return {
            keyid for d in self._delegators(role) for keyid in d.get_delegated_role(role).keyids
        }


def expiry(role: str, at: datetime, lifetimes: Mapping[str, int]) -> datetime:
    """Until when a role's word holds that is given now; a section's as long as the targets'."""
    days = {**LIFETIMES, **lifetimes}[role if role in TOP else Targets.type]
    return at.replace(microsecond=0) + timedelta(days=days)
