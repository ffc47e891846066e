"""`provenance record`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from provenance.cli.options import RULES, folded, with_request, with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL
from provenance.cli.run import Behind
from provenance.cli.signer import with_signer
from provenance.recording.watched.order import Order
from provenance.recording.watched.ran import NotAttested
from provenance.recording.watched.recorded import recorded
from provenance.wire.training import Method
from provenance.workspace import Request, Workspace
from provenance.workspace.signing import SignerOptions

PLACE = click.Path(file_okay=False, path_type=Path)


def ask(question: str, choices: Sequence[str]) -> str:
    """The answer of whoever sits at the terminal."""
    answer: str = click.prompt(question, type=click.Choice(choices), err=True)
    return answer


@click.command(name="record", cls=Behind, options_metavar="[OPTIONS] -- COMMAND [ARGS]...")
@folded(
    "order",
    Order,
    click.option("--as", "model", required=True, metavar="ORG/NAME", help="Name of what is made."),
    click.option("--out", required=True, type=PLACE, help="Folder that COMMAND writes it to."),
    click.option("--method", type=click.Choice([m.value for m in Method]), help="How it is made."),
    click.option("--dataset", "datasets", multiple=True, metavar="DATA", help="What it reads."),
    click.option("--code", metavar="CODE", help="Your git repository, if not this folder's."),
    click.option("--root", "roots", multiple=True, type=PLACE, help="Watched as well (repeat)."),
    click.option("--unverified-parent", is_flag=True, help="Though a parent does not pass."),
)
@click.option("--parent", "refs", multiple=True, metavar="REF", help="Model that it begins with.")
@with_signer
@with_request(*RULES)
@with_workspace
def command(
    order: Order,
    request: Request,
    signing: SignerOptions,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Run COMMAND, which makes a model in --out, and attest it as `provenance attest` does.

    Parents, data and settings are what it opens in this folder, below each --root and the paths
    that it names, and in the Hub's cache. Processes of Python tell of it; on Linux inotify too
    (extra `record`), and of other readers there. A named parent is judged before COMMAND starts,
    one that is found after it. If COMMAND fails, its exit code is ours, and nothing is attested.
    """
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    order = replace(order, ask=ask if asks else None)
    try:
        recorded(order, request, signing, workspace)
    except NotAttested as error:
        click.echo("\n".join(error.lines), err=True)
        return error.code or (FAIL if error.judged else CANNOT_JUDGE)
    return 0
