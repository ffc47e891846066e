"""Options that say who a signer is, and the table that stands for them in a registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from provenance.cli.options import Decorator, folded
from provenance.errors import ConfigError
from provenance.registry.file import read_text
from provenance.trust import Role

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MATERIAL: tuple[Decorator, ...] = (
    click.option("--identity", metavar="WHO", help="An address, or a workflow's URL."),
    click.option("--issuer", metavar="URL", help="Who vouches for the identity (OIDC)."),
    click.option("--sigstore", metavar="NAME", help="The instance, if not the public-good one."),
    click.option("--source-repository", metavar="URL", help="Whose workflow it is."),
    click.option("--source-repository-id", metavar="ID", help="The same by number."),
    click.option("--owner-id", metavar="ID", help="The owner of that repository by number."),
    click.option("--key", type=FILE, help="PEM public key."),
    click.option("--certificate-authority", "authority", type=FILE, help="PEM certificates."),
    click.option("--subject", metavar="DN", help="The leaf's subject under that authority."),
    click.option("--san", metavar="NAME", help="Or a name in the leaf."),
    click.option("--fingerprint", metavar="SHA256", help="Or the leaf's own fingerprint."),
    click.option(
        "--role",
        "roles",
        multiple=True,
        type=click.Choice([role.value for role in Role]),
        help="What its word counts for (publisher).",
    ),
    click.option(
        "--repos", multiple=True, metavar="ORG/NAME", help="Only for these; org/prefix-*."
    ),
    click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE"),
)


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


with_material = folded("material", Material, *MATERIAL)
