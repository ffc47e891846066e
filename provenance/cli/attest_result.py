"""`provenance attest-result`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import FILE, FOLDER, QUIET, folded, here
from provenance.cli.outcome import FAIL, PASS
from provenance.cli.signer import with_signer
from provenance.evaluations import KINDS
from provenance.produce.attest import indented
from provenance.workspace.attesting import Begun, Target, file_in, signed
from provenance.workspace.evaluating import Reported, proposed
from provenance.workspace.signing import SignerOptions


@click.command(name="attest-result")
@click.argument("path", metavar="DIR", type=FOLDER)
@folded(
    "reported",
    Reported,
    click.option("--from", "report", required=True, type=FILE, help="The report."),
    click.option(
        "--kind", type=click.Choice(list(KINDS)), help="Its form (default: told by its beginning)."
    ),
    click.option(
        "--passes",
        multiple=True,
        metavar="METRIC>=N",
        help="What is good enough; * in METRIC for several; >=, <=, > or <.",
    ),
    click.option("--as", "model", metavar="ORG/NAME", help="What the model is called."),
)
@with_signer
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to add the statement (default: DIR/claims.jsonl).",
)
@click.option("--dry-run", is_flag=True, help="Show the statement; sign and write nothing.")
@QUIET
def command(
    path: Path,
    reported: Reported,
    signing: SignerOptions,
    output: Path | None,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Attest what somebody else's report says of the model in DIR; add it to DIR/claims.jsonl.

    Reports of Inspect, garak, lm-eval and JUnit XML become an in-toto test result over every file
    of DIR. Numbers pass by --passes alone. A result that is FAILED is written too, and the exit
    code is then 1.
    """
    workspace = here(quiet=quiet)
    file = file_in(path, output)
    signer = None if dry_run else signing.signer(workspace.now(), workspace.environment)
    made = proposed(workspace, path, reported)
    for line in () if quiet else made.lines:
        terminal.say(line, err=True)
    if signer is None:
        terminal.emit(indented(made.statement), None)
    else:
        signed(Begun(), made.statement, Target(folder=path, signer=signer, output=file))
        terminal.say(f"attested: {file}", err=True)
    return FAIL if made.failed else PASS
