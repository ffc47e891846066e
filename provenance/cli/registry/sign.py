"""`provenance registry sign`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import show_difference
from provenance.cli.registry.hands import password, with_keys, with_to
from provenance.cli.registry.published import said
from provenance.errors import ConfigError
from provenance.registry.editing import Edit
from provenance.registry.keys import check_known, hands
from provenance.registry.repository import Repository
from provenance.registry.store import FILE_NAME


@click.command(name="sign")
@with_to
@with_keys
def command(to: Path, keys: tuple[Path, ...]) -> None:
    """Sign what was prepared in DIR, after a look at what it changes."""
    given = hands(keys, "--key", password())
    if not given:
        raise ConfigError("say with which key", path="--key")
    repository = Repository(to)
    with repository.opened():
        draft = repository.prepared()
        check_known(draft, given)
        standing = repository.draft()
        old = repository.target(standing.targets, FILE_NAME) if standing else b""
        new = repository.target(draft.targets, FILE_NAME)
        texts = old.decode("utf-8"), new.decode("utf-8")
        show_difference(Edit(file=Path(FILE_NAME), old=texts[0], new=texts[1]))
        roles = draft.sign(given)
        repository.prepare(draft)
    click.echo(said(draft, f"signed {', '.join(roles) or 'nothing'} of"))
    missing = draft.missing()
    click.echo(f"still missing: {missing}" if missing else "next: registry publish --finish")
