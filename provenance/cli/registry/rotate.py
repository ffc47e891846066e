"""`provenance registry rotate`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.hands import FILE, password, with_signing
from provenance.cli.registry.published import said, tell
from provenance.errors import ConfigError
from provenance.registry.keys import Signing, check_known, hands
from provenance.registry.publishing import rotated
from provenance.registry.unpublished import TOP


@click.command(name="rotate")
@with_signing
@click.option("--add", multiple=True, type=FILE, help="PEM key that may sign from now on.")
@click.option("--drop", multiple=True, type=FILE, help="PEM key that may not sign any more.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(TOP),
    help="Roles to change (default: those of the dropped key, or root and targets).",
)
@click.option("--threshold", type=click.IntRange(1), help="How many must sign root and targets.")
@click.option("--prepare", is_flag=True, help="Write what is to be signed, and publish nothing.")
def command(
    signing: Signing,
    add: tuple[Path, ...],
    drop: tuple[Path, ...],
    roles: tuple[str, ...],
    threshold: int | None,
    prepare: bool,
) -> None:
    """Change the keys of the registry in DIR: a new root, signed by the old keys and the new.

    Users who pinned an older root follow by themselves.
    """
    if not (add or drop or threshold):
        raise ConfigError("say what changes: --add, --drop or --threshold")
    own, repository, on = signing.every(), signing.repository, signing.terms()
    new, old = hands(add, "--add", password()), hands(drop, "--drop", password())
    with repository.opened():
        standing = repository.draft()
        if standing is None:
            raise ConfigError("holds no registry yet", path=str(signing.to))
        draft = rotated(standing, on, add=new, drop=old, roles=roles, threshold=threshold)
        every = (*own, *new, *old)
        check_known(draft, own)
        draft.sign(every)
        if prepare:
            repository.prepare(draft)
            click.echo(said(draft, f"prepared in {signing.to}, to be signed"))
            return
        repository.commit(draft, every, on.at, on.lifetimes)
    tell(repository, draft, listed=True)
