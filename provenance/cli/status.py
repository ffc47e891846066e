"""`provenance status`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import (
    FOLDER,
    LOCKFILE,
    OUTPUT,
    RULES,
    in_form,
    with_request,
    with_workspace,
)
from provenance.cli.outcome import PASS, RESULTS
from provenance.errors import ConfigError
from provenance.report.inventory import inventory_lines, inventory_table
from provenance.report.status import status_lines, status_table
from provenance.workspace import Request, Workspace
from provenance.workspace.inventory import inventory_of
from provenance.workspace.status import status_of


@click.command(name="status")
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[DIR]...")
@click.option(
    "--local", is_flag=True, help="The models on this machine: in its caches and below each DIR."
)
@click.option("--strict", is_flag=True, help="With --local: exit 1 for a model that is unknown.")
@in_form("json")
@with_request(*RULES, *LOCKFILE)
@OUTPUT
@with_workspace
def command(
    folders: tuple[Path, ...],
    local: bool,
    strict: bool,
    request: Request,
    form: str,
    workspace: Workspace,
    output: str | None,
    quiet: bool,
) -> int:
    """Show what applies here and why, what is locked, and what moved, expires or does nothing.

    Which policy, registries, lockfile, Hub, token and cache; which branches have moved on since
    they were locked; what expires within 30 days. Nothing is judged, and nothing is written.

    With --local: every model in the Hub's cache, in Ollama's store and below each DIR, as the
    lockfile and the registry know it: known by digest, unknown, changed (locked, with other bytes)
    or revoked. Exit 1 for the last two. Nothing is asked of the network.
    """
    if not local:
        if folders or strict:
            raise ConfigError(
                "is for the models on this machine: add --local", path="DIR, --strict"
            )
        status, code = status_of(workspace, request), PASS
        lines, table = status_lines(status, width=terminal.width()), status_table(status)
    else:
        found = inventory_of(workspace, request, folders)
        lines, table = inventory_lines(found, width=terminal.width()), inventory_table(found)
        code = RESULTS[found.result(strict=strict)]
    if form == "json":
        terminal.emit(json.dumps(table, indent=2), output)
    else:
        terminal.show(lines, output)
    return code
