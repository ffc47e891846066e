"""`provenance registry refresh`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.registry.hands import with_signing
from provenance.registry.keys import Signing
from provenance.registry.publication import renewed
from provenance.report.publication import publication_lines


@click.command(name="refresh")
@with_signing
def command(signing: Signing) -> None:
    """Sign the snapshot and timestamp of the registry in DIR anew, for a job that runs daily.

    What keepers of sections have published since is listed from then on.
    """
    terminal.show(publication_lines(renewed(signing)))
