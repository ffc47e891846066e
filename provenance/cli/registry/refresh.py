"""`provenance registry refresh`."""

from __future__ import annotations

import click

from provenance.cli.registry.hands import with_signing
from provenance.cli.registry.published import tell
from provenance.errors import ConfigError
from provenance.registry.keys import Signing, check_known


@click.command(name="refresh")
@with_signing
def command(signing: Signing) -> None:
    """Sign the snapshot and timestamp of the registry in DIR anew, for a job that runs daily.

    What keepers of sections have published since is listed from then on.
    """
    keys, repository, on = signing.every(), signing.repository, signing.terms()
    with repository.opened():
        draft = repository.draft()
        if draft is None:
            raise ConfigError("holds no registry yet", path=str(signing.to))
        check_known(draft, keys)
        repository.commit(draft, keys, on.at, on.lifetimes)
    tell(repository, draft, listed=True)
