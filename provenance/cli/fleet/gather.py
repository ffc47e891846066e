"""`provenance fleet gather`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from provenance.cli.fleet.shown import STORE, code, words
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.fleet import wording
from provenance.fleet.options import check_installed
from provenance.source.pace import Pace, rates_of
from provenance.workspace import Request, Workspace


@click.command(name="gather")
@click.argument("meant", nargs=-1, metavar="[REF|LIST]...")
@STORE
@click.option(
    "--rate",
    multiple=True,
    metavar="KIND=N/s",
    help="How often a Hub is asked: api=20/s,resolve=1000/min.",
)
@click.option("--again", is_flag=True, help="Ask for what is stored already, too.")
@with_request(*RULES)
@with_workspace
def command(
    meant: tuple[str, ...],
    store: Path,
    rate: tuple[str, ...],
    again: bool,
    request: Request,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Store the evidence on models: each REF, and every one that a file LIST names, one a line.

    A REF is org/name[@revision], a directory, or a place such as s3://bucket/prefix. To say what
    a place claims to be, write `PLACE as ORG/NAME`. Without any, the models of the store are meant.
    A model that is stored already is not asked for, unless its evidence was spoiled. One that does
    not answer is stored with the reason, and the exit code is 5.
    """
    check_installed()
    from provenance.fleet.gathering import gather

    desk = replace(workspace, options=replace(workspace.options, pace=Pace(rates_of(rate))))
    found = gather(store, desk, request, meant, again=again)
    words(wording.missing(found), found.words, quiet)
    return code({"not judged": len(found.missing), "pass": found.gathered + found.there})
