"""`provenance registry publish`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.editing import with_file
from provenance.cli.registry.hands import with_signing
from provenance.cli.registry.published import said, tell
from provenance.errors import ConfigError
from provenance.registry.keys import Signing, check_known
from provenance.registry.publication import section_of, whole


@click.command(name="publish")
@with_signing
@click.option(
    "--attestations",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Publish the bundles in its <org>/<name>/ beside the registry.",
)
@click.option("--section", metavar="NAME", help="Publish sections/NAME.toml alone, by its keys.")
@click.option("--prepare", is_flag=True, help="Write what is to be signed, and publish nothing.")
@click.option("--finish", is_flag=True, help="Publish what was prepared and signed.")
@with_file
def command(
    signing: Signing,
    attestations: Path | None,
    section: str | None,
    prepare: bool,
    finish: bool,
    file: Path,
) -> None:
    """Publish trust.toml by TUF: static files in DIR, for any web server or bucket.

    The first time, every --key must sign the root and the registry from then on; without
    --online-key they also sign the snapshot and timestamp. DIR/root.json is what users pin. A
    public key will do where --prepare is followed by `registry sign` at the private one.
    """
    if prepare and finish:
        raise ConfigError("--prepare and --finish exclude each other")
    offline, online = signing.offline(), signing.online()
    repository, on = signing.repository, signing.terms()
    with repository.opened():
        if finish:
            draft = repository.prepared()
        elif section:
            draft = section_of(repository, section, file, attestations, on)
        else:
            draft = whole(repository, offline, online, file, attestations, on)
        check_known(draft, (*offline, *online))
        draft.sign(offline)
        if prepare:
            repository.prepare(draft)
            click.echo(said(draft, f"prepared in {signing.to}, to be signed"))
            click.echo(f"next, at each key: provenance registry sign --to {signing.to} --key KEY")
            return
        listed = repository.commit(draft, (*offline, *online), on.at, on.lifetimes)
    tell(repository, draft, listed=listed)
