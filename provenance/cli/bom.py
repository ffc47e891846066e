"""`provenance bom`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.notice import notice
from provenance.cli.options import OUTPUT, RULES, folded, with_request, with_workspace
from provenance.cli.outcome import INCOMPLETE
from provenance.cli.signer import with_signer_apart
from provenance.workspace import Request, Workspace
from provenance.workspace.billing import FORMATS, Wanted, billed, delivered
from provenance.workspace.signing import SignerOptions

PLACE = click.Path(path_type=Path)


@click.command(name="bom")
@click.argument("lockfile", metavar="LOCKFILE", type=PLACE)
@folded(
    "wanted",
    Wanted,
    click.argument("directories", nargs=-1, metavar="[DIR]...", type=PLACE),
    click.option("--spec", metavar="VERSION", help="Of CycloneDX: 1.6, or 1.7 (the default)."),
    click.option("--author", default="", metavar="NAME", help="Who answers for the document."),
    OUTPUT,
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="cyclonedx, the only one.")
@with_signer_apart
@with_request(*RULES)
@with_workspace
def command(
    request: Request,
    wanted: Wanted,
    form: str | None,
    signing: SignerOptions,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Write a CycloneDX bill of materials of the models in LOCKFILE.

    Of a model that lies in DIR, or that `fetch` put into the Hub's cache, it has
    files, licence and training. Of one that was measured when it was locked it has
    the files. Exit 3 names the others: their files are stated as not known.
    """
    written = billed(workspace, request, wanted, signing)
    if wanted.output in (None, "-"):
        terminal.emit(written.text.rstrip("\n"), None)
    elif (bundle := delivered(written, str(wanted.output))) and not quiet:
        notice(f"signed: {bundle}")
    if written.gap:
        notice(f"incomplete: {written.gap}")
    return INCOMPLETE if written.gap else 0
