"""`provenance attest`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli.options import FILE, FOLDER, RULES, folded, with_request, with_workspace
from provenance.cli.outcome import FAIL
from provenance.cli.signer import with_signer
from provenance.wire.training import Method
from provenance.workspace import Request, Workspace
from provenance.workspace.attesting import ParentRefused, Target, attested, begun, without_models
from provenance.workspace.signing import SignerOptions
from provenance.workspace.training_options import TrainingOptions

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command(name="attest")
@click.argument("path", metavar="DIR", type=FOLDER)
@folded(
    "training",
    TrainingOptions,
    click.option(
        "--as", "model", required=True, metavar="ORG/NAME", help="Name of the model that was made."
    ),
    click.option("--method", required=True, type=click.Choice([m.value for m in Method])),
    click.option(
        "--dataset", "datasets", multiple=True, metavar="URI", help="Data set of the training."
    ),
    click.option("--code", multiple=True, metavar="URI", help="Training code, with @commit."),
    click.option("--config", type=FILE),
    click.option("--builder", metavar="URI", help="Program or service that ran the training."),
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
@with_workspace
def command(
    path: Path,
    training: TrainingOptions,
    request: Request,
    unverified_parent: bool,
    signing: SignerOptions,
    workspace: Workspace,
    output: Path | None,
    quiet: bool,
) -> int:
    """Attest how the model in DIR was made; add the statement to DIR/claims.jsonl.

    It covers every file of DIR and names its parents by digest. REF is a model on a Hub or on this
    machine; it is judged first, and must pass. The statements that a parent carries are carried on.
    """
    training.check()
    signer = signing.signer(datetime.now(UTC), workspace.environment)
    session = without_models(workspace.session(request, needs_models=False), request.refs)
    gathering = workspace.gathering(session)
    try:
        known = begun(gathering, training.model, unverified_parent=unverified_parent)
    except ParentRefused as refused:
        click.echo("\n".join(refused.lines()), err=True)
        return FAIL
    target = Target(folder=path, signer=signer, output=output)
    making = training.making(gathering.at)
    made = attested(known, making, target, gathering.at, gathering.progress)
    if not quiet:
        click.echo(f"attested: {made}", err=True)
    return 0
