"""`provenance registry revoke`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli.registry.editing import Book, with_file
from provenance.errors import ConfigError
from provenance.formats.toml import appended


@click.command(name="revoke")
@click.option("--manifest", help="sha256:… of a model's files, as `verify` prints it.")
@click.option("--repo", help="A whole repository.")
@click.option("--commit", help="One commit, wherever it lies.")
@click.option("--signer", help="A signer: its name, ORG/NAME, or its identity.")
@click.option("--key", help="sha256:… of a key or certificate.")
@click.option("--reason", required=True, help="What happened, and where to read on.")
@click.option(
    "--compromised-since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    help="For a signer or key: what it signed from then on is refused.",
)
@with_file
def command(
    manifest: str | None,
    repo: str | None,
    commit: str | None,
    signer: str | None,
    key: str | None,
    reason: str,
    compromised_since: datetime | None,
    file: Path,
) -> None:
    """Refuse something from now on; it is decided before everything else, and nothing lowers it."""
    words = {"manifest": manifest, "repo": repo, "commit": commit, "signer": signer, "key": key}
    table: dict[str, object] = {name: value for name, value in words.items() if value}
    if len(table) != 1:
        raise ConfigError(f"expected one of {', '.join('--' + word for word in words)}")
    if compromised_since:
        moment = compromised_since
        table["compromised_since"] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    table["reason"] = reason
    Book.opened(file).edit(lambda text: appended(text, ("revoked",), table))
