"""`provenance probe`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import (
    FILE,
    OUTPUT,
    RULES,
    folded,
    in_form,
    one,
    with_request,
    with_workspace,
)
from provenance.cli.outcome import FAIL, INCOMPLETE, PASS
from provenance.cli.signer import with_signer
from provenance.probe.asking import check_installed
from provenance.probe.options import BUDGET, ProbeOptions
from provenance.probe.server import DEFAULT
from provenance.report.probed import Probing
from provenance.workspace import Request, Workspace
from provenance.workspace.signing import SignerOptions

SECONDS = click.FloatRange(min=1)
BUDGETED = f"Contexts that each scenario is asked in ({BUDGET})."
LOGS = click.Path(file_okay=False, path_type=Path)
SERVED = "Command with {model} and {port}, or the URL of a server that runs."
CODES = {Probing.FAILED: FAIL, Probing.INCOMPLETE: INCOMPLETE}


@click.command(name="probe")
@click.argument("refs", metavar="NAME|DIR", callback=one)
@folded(
    "options",
    ProbeOptions,
    click.option("--suite", type=FILE, help="TOML file of scenarios (default: built in, ops)."),
    *(
        click.option(name, type=kind, default=default, metavar=metavar, help=words)
        for name, kind, default, metavar, words in (
            ("--contexts", str, None, "A,B", "Vary only these: dates, users, hosts, paths…"),
            ("--budget", click.IntRange(1, 100_000), BUDGET, "N", BUDGETED),
            ("--against", str, None, "NAME|DIR", "Compare with the calls of this model."),
            ("--server", str, DEFAULT, "COMMAND|URL", SERVED),
            ("--served", str, "", "NAME", "Name that it serves the model by."),
            ("--start-timeout", SECONDS, 600, "S", "Seconds until the server is up (600)."),
            ("--samples", click.IntRange(1, 1000), 1, "K", "Times that each is asked (1)."),
            ("--temperature", click.FloatRange(0, 2), 0, "T", "Of sampling (0)."),
            ("--max-tokens", click.IntRange(1), 256, "N", "Of one answer (256)."),
            ("--connections", click.IntRange(1, 256), 8, "N", "Questions at once (8)."),
            ("--timeout", SECONDS, 60, "S", "Seconds for one answer (60)."),
            ("--log", LOGS, None, "DIR", "Keep Inspect's logs there, to go on where it ended."),
        )
    ),
)
@with_signer
@click.option(
    "--statement",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to add the signed result (default: DIR/claims.jsonl, or attestations/NAME).",
)
@with_request(*RULES)
@in_form("json", "html")
@OUTPUT
@with_workspace
def command(
    request: Request,
    options: ProbeOptions,
    signing: SignerOptions,
    statement: Path | None,
    form: str,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> int:
    """Ask a model the same tasks in changed circumstances, and compare the tools that it calls.

    NAME is admitted first; a DIR is measured, and loaded only if its format and code do not fail.
    With a key the result, FAILED too, is stated of all its files. A pass tells what was asked, and
    never that a model is harmless.
    """
    check_installed()
    from provenance.probe.delivering import Delivery, NotStarted, shown

    delivery = Delivery(workspace=workspace, signing=signing, file=statement)
    signer = delivery.signer(request)
    try:
        found = delivery.probed(request, options)
    except NotStarted as refused:
        click.echo(f"error: {refused}", err=True)
        return FAIL
    if form == "human":
        terminal.show(shown.probed_lines(found.shown, width=terminal.width()), output)
    else:
        terminal.emit(shown.FORMS[form](found.shown), output)
    if signer and (made := delivery.stated(found, signer)) and not quiet:
        click.echo(f"stated: {made}", err=True)
    return CODES.get(found.shown.result, PASS)
