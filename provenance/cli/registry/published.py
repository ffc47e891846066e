"""What a publisher of a registry reads once something was published, prepared or signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import click

from provenance.registry.repository import HANDED_OUT, Repository
from provenance.registry.unpublished import TOP, UnpublishedMetadata


def said(draft: UnpublishedMetadata, what: str) -> str:
    """The new versions of a draft in one line."""
    versions = (f"{r} version {draft.roles[r].signed.version}" for r in sorted(draft.changed))
    return f"{what}: {', '.join(versions)}" if draft.changed else what


def tell(repository: Repository, draft: UnpublishedMetadata, *, listed: bool) -> None:
    """Say what clients see from now on, and until when."""
    if not listed:
        click.echo(said(draft, f"published in {repository.folder}"))
        click.echo("clients see it after the next: provenance registry refresh")
        return
    registry = repository.registry()
    name = registry.name if registry else ""
    version = draft.targets.version
    click.echo(f"published {name} version {version} in {repository.folder}")
    click.echo(f"  expires  {', '.join(_expiries(repository))}")
    root = (repository.folder / HANDED_OUT).read_bytes()
    digest = hashlib.sha256(root).hexdigest()
    click.echo(f"  root     {repository.folder / HANDED_OUT}  sha256:{digest}")
    click.echo("  for users: provenance registry pin URL --root root.json")


def _expiries(repository: Repository) -> Iterator[str]:
    for role in TOP:
        metadata = repository.newest(role)
        if metadata:
            yield f"{role} {metadata.signed.expires:%Y-%m-%d}"
