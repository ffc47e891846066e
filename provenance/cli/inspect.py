"""`provenance inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance import replay
from provenance.cli import terminal
from provenance.cli.options import EVIDENCE, OUTPUT, in_form, one, with_request, with_workspace
from provenance.report.evidence import evidence_lines
from provenance.workspace import Request, Workspace


@click.command(name="inspect")
@click.argument("refs", nargs=1, metavar="REF", callback=one)
@click.option("--revision", metavar="REV", help="Branch, tag or commit (same as REF@REV).")
@with_request(*EVIDENCE)
@in_form("json")
@OUTPUT
@with_workspace
def command(
    request: Request,
    signature: Path | None,
    form: str,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what is known of a model, on a Hub or on disk, and judge nothing.

    The JSON form can be judged later, elsewhere: `provenance verify --evidence FILE`.
    """
    session = workspace.session(request)
    gathering = workspace.gathering(session, signature=signature)
    evidence = gathering.of(session.one, pinned=session.pinned(session.one))
    if form == "json":
        terminal.emit(replay.dumps(evidence), output)
    else:
        terminal.show(evidence_lines(evidence), output)
