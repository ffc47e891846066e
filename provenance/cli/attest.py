"""`provenance attest`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import FILE, FOLDER, RULES, folded, with_request, with_workspace
from provenance.cli.outcome import FAIL
from provenance.cli.signer import with_signer
from provenance.produce.attest import indented, read_back
from provenance.report.attested import publishes
from provenance.wire.training import Method
from provenance.workspace import Request, Workspace
from provenance.workspace.attesting import ParentRefused, Target, begun, file_in, proposed, signed
from provenance.workspace.foreseen import foreseen_by
from provenance.workspace.materials import Desk
from provenance.workspace.parents import of_parents
from provenance.workspace.signing import SignerOptions
from provenance.workspace.training_options import TrainingOptions

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.command(name="attest")
@click.argument("path", metavar="DIR", type=FOLDER)
@folded(
    "training",
    TrainingOptions,
    click.option(
        "--as", "model", required=True, metavar="ORG/NAME", help="Name of the model that was made."
    ),
    click.option("--method", required=True, type=click.Choice([m.value for m in Method])),
    *(
        click.option(name, field, multiple=True, metavar=kind, help=words)
        for name, field, kind, words in (
            ("--dataset", "datasets", "DATA", "org/name@commit, a file or folder here, or a URI."),
            ("--code", "code", "CODE", "A folder in your git repository, or URI@commit."),
            ("--container", "containers", "IMAGE", "Image of the training, IMAGE@sha256:…."),
            ("--byproduct", "byproducts", "FILE|URI", "What came of it too: a log, a run's page."),
            ("--withhold", "withheld", "NAME", "Leave this value of --config out."),
        )
    ),
    click.option("--config", type=FILE, help="Parameters of the training, YAML or JSON."),
    click.option("--environment", type=FILE, help="Versions and machines, YAML or JSON."),
    click.option("--builder", metavar="URI", help="Program or service that ran the training."),
    click.option("--invocation", metavar="URI", help="The run, as its own page or urn:uuid:…."),
    click.option("--started", type=MOMENT, help="When the training began, UTC."),
    click.option("--finished", type=MOMENT, help="When the training ended, UTC (default: now)."),
)
@click.option("--parent", "refs", multiple=True, metavar="REF", help="Model that it was made from.")
@click.option("--unverified-parent", is_flag=True, help="Attest although a parent does not pass.")
@with_signer
@with_request(*RULES)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to add the statement (default: DIR/claims.jsonl).",
)
@click.option("--dry-run", is_flag=True, help="Show the statement; sign and write nothing.")
@with_workspace
def command(
    path: Path,
    training: TrainingOptions,
    request: Request,
    unverified_parent: bool,
    signing: SignerOptions,
    workspace: Workspace,
    output: Path | None,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Attest how the model in DIR was made; add the statement to DIR/claims.jsonl.

    It covers every file of DIR and names its parents by digest. REF is a model on a Hub or on this
    machine; it is judged first, and must pass. The statements that a parent carries are carried on.
    What the statement publishes is said first.
    """
    training.check()
    file = file_in(path, output)
    signer = None if dry_run else signing.signer(workspace, request)
    session = of_parents(workspace.session(request, needs_models=False), request.refs)
    gathering = workspace.gathering(session)
    foreseen = foreseen_by(gathering, training.model, signer)
    making = training.making(desk := Desk.of(gathering, workspace.environment, path))
    try:
        known = begun(gathering, training.model, unverified_parent=unverified_parent)
    except ParentRefused as refused:
        click.echo("\n".join(refused.lines()), err=True)
        return FAIL
    statement = proposed(known, making, path, desk)
    step = read_back(statement)
    for line in () if quiet else publishes(step):
        terminal.say(line, err=True)
    foreseen.tell_unmet(step)
    if signer is None:
        terminal.emit(indented(statement), None)
        return 0
    made = signed(known, statement, Target(folder=path, signer=signer, output=file))
    if not quiet:
        click.echo(f"attested: {made}", err=True)
    return 0
