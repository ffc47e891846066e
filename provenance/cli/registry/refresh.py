"""`provenance registry refresh`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.registry.hands import (
    check_known,
    hands,
    terms,
    with_keys,
    with_lifetimes,
    with_online_keys,
    with_to,
)
from provenance.cli.registry.published import tell
from provenance.errors import ConfigError
from provenance.registry.repository import Repository


@click.command(name="refresh")
@with_to
@with_keys
@with_online_keys
@with_lifetimes
def command(
    to: Path, keys: tuple[Path, ...], online_keys: tuple[Path, ...], lifetimes: tuple[str, ...]
) -> None:
    """Sign the snapshot and timestamp of the registry in DIR anew, for a job that runs daily.

    What keepers of sections have published since is listed from then on.
    """
    own, online = hands(keys, "--key"), hands(online_keys, "--online-key")
    repository = Repository(to)
    on = terms(lifetimes, online)
    with repository.opened():
        draft = repository.draft()
        if draft is None:
            raise ConfigError("holds no registry yet", path=str(to))
        check_known(draft, (*own, *online))
        repository.commit(draft, (*own, *online), on.at, on.lifetimes)
    tell(repository, draft, listed=True)
