"""`provenance registry learn`."""

from __future__ import annotations

from dataclasses import replace

import click

from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import RULES, with_means, with_options
from provenance.cli.subjects import Request, bench
from provenance.errors import ConfigError
from provenance.learning import proposal


@click.command(name="learn")
@click.argument("ref", metavar="REF")
@click.option("--as", "named", metavar="ORG/NAME", help="What a directory claims to be.")
@with_options(*RULES)
@with_means
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    ref: str,
    named: str | None,
    policy: str | None,
    registry: tuple[str, ...],
    means: Means,
    quiet: bool,
) -> None:
    """Propose an entry for trust.toml from what a model is signed with and its id on the Hub.

    It is printed for review: whether this signer is who it should be, no repository can say.
    """
    request = Request(
        refs=(ref,), named=named, policy=policy, registry=registry, offline=means.offline
    )
    setting = bench(request)
    if len(setting.subjects) != 1 or setting.subjects[0].ref.repo is None:
        raise ConfigError(f"expected one model with a name, found {ref}; --as names a directory")
    gathering = replace(Gathering.begun(setting, means, quiet=quiet), ask_owner=True)
    evidence = gathering.of(setting.subjects[0])
    click.echo(proposal(evidence, setting.registry))
