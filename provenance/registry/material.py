"""A signer as somebody describes it, and the table that stands for it in a registry."""

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
