"""`provenance registry publish`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from provenance.cli.registry.editing import with_file
from provenance.cli.registry.hands import Signing, check_known, with_signing
from provenance.cli.registry.published import said, tell
from provenance.errors import ConfigError
from provenance.registry.draft import Draft
from provenance.registry.publishing import (
    Terms,
    content,
    first,
    section_content,
    with_content,
    with_section_of,
)
from provenance.registry.repository import Repository
from provenance.registry.signers import Hand


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
            draft = _section(repository, section, file, attestations, on)
        else:
            draft = _whole(repository, offline, online, file, attestations, on)
        check_known(draft, (*offline, *online))
        draft.sign(offline)
        if prepare:
            repository.prepare(draft)
            click.echo(said(draft, f"prepared in {signing.to}, to be signed"))
            click.echo(f"next, at each key: provenance registry sign --to {signing.to} --key KEY")
            return
        listed = repository.commit(draft, (*offline, *online), on.at, on.lifetimes)
    tell(repository, draft, listed=listed)


def _whole(
    repository: Repository,
    offline: Sequence[Hand],
    online: Sequence[Hand],
    file: Path,
    attestations: Path | None,
    on: Terms,
) -> Draft:
    standing = repository.draft()
    if standing is None and not offline:
        raise ConfigError("the first publication says by which keys: --key", path="--key")
    return with_content(standing or first(offline, online, on), content(file, attestations), on)


def _section(
    repository: Repository, name: str, file: Path, attestations: Path | None, on: Terms
) -> Draft:
    standing = repository.draft()
    registry = repository.registry() if standing else None
    if standing is None or registry is None:
        raise ConfigError("holds no registry yet", path=str(repository.folder))
    org = next((o for o in registry.orgs if o.section and o.section.name == name), None)
    if org is None:
        raise ConfigError(f"the published registry has no section {name!r}", path="--section")
    source = file.parent / "sections" / f"{name}.toml"
    text = section_content(registry, org, source, attestations)
    return with_section_of(standing, org, text, repository.section(name), on)
