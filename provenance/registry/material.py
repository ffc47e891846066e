"""Organisations and signers as somebody describes them, and the tables that a registry has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.registry.file import read_text
from provenance.trust import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A signer as the options have it."""

    identity: str | None
    issuer: str | None
    sigstore: str | None
    source_repository: str | None
    source_repository_id: str | None
    owner_id: str | None
    key: Path | None
    authority: Path | None
    subject: str | None
    san: str | None
    fingerprint: str | None
    roles: tuple[str, ...]
    repos: tuple[str, ...]
    valid_from: datetime | None

    @property
    def is_given(self) -> bool:
        """Whether any signer is meant at all."""
        return bool(self.identity or self.key or self.authority)

    def table(self, name: str) -> dict[str, object]:
        """The `[[org.signer]]` of this name, or ConfigError."""
        if not self.is_given:
            raise ConfigError("say who: --identity and --issuer, --key or --certificate-authority")
        words: dict[str, object] = {
            "name": name,
            "identity": self.identity,
            "issuer": self.issuer,
            "sigstore": self.sigstore,
            "source_repository": self.source_repository,
            "source_repository_id": self.source_repository_id,
            "owner_id": self.owner_id,
            "key": read_text(self.key) if self.key else None,
            "certificate_authority": read_text(self.authority) if self.authority else None,
            "subject": self.subject,
            "san": self.san,
            "fingerprint": self.fingerprint,
            "roles": list(self.roles or (Role.PUBLISHER.value,)),
            "repos": list(self.repos) or None,
            "valid_from": self.valid_from.date() if self.valid_from else None,
        }
        return {key: value for key, value in words.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation as the options have it; `signer` is what its first signer is called."""

    name: str
    namespaces: tuple[str, ...]
    namespace_ids: tuple[str, ...]
    originates: bool
    threshold: int | None
    signer: str
    section: str | None
    section_keys: tuple[Path, ...]
    section_threshold: int | None

    def table(self, material: Material) -> dict[str, object]:
        """The `[[org]]`, with its first signer if one is described, or ConfigError."""
        table: dict[str, object] = {"name": self.name, "namespaces": list(self.namespaces)}
        if self.originates:
            table["originates"] = True
        if self.threshold:
            table["threshold"] = self.threshold
        if self.namespace_ids:
            table["namespace_id"] = dict(map(_pair, self.namespace_ids))
        if self.section or self.section_keys:
            keys = [read_text(key) for key in self.section_keys]
            own = {"name": self.section or "", "keys": keys, "threshold": self.section_threshold}
            table["section"] = {key: value for key, value in own.items() if value is not None}
        if material.is_given:
            table["signer"] = [material.table(self.signer)]
        return table


def _pair(text: str) -> tuple[str, str]:
    namespace, equals, own = text.partition("=")
    if not equals:
        raise ConfigError(f"expected NAMESPACE=ID, found {text!r}", path="--namespace-id")
    return namespace, own
