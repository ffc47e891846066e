"""`provenance registry diff`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import FILE, with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, PASS, combined
from provenance.report.registry import effect_line, shift_lines
from provenance.trust.powers import shifts
from provenance.workspace import Request, Workspace
from provenance.workspace.own_registry import MEANT, own_file, registry_named
from provenance.workspace.registry_effects import Effect, effects


@click.command(name="diff", epilog=MEANT)
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--lock",
    "lockfile",
    type=FILE,
    help="Judge the models of provenance.toml, as this lockfile has them, by both.",
)
@with_workspace
def command(
    old: str, new: str | None, lockfile: Path | None, workspace: Workspace, quiet: bool
) -> int:
    """Show who gains or loses which power between two registries: files, folders or URLs.

    With --lock, exit 1 if a locked model would no longer pass.
    """
    new = new or str(own_file(workspace.folder, workspace.environment))
    before, after = (registry_named(name, workspace) for name in (old, new))
    terminal.show(shift_lines(shifts(before, after)))
    if lockfile is None:
        return PASS
    session = workspace.session(Request(lockfile=lockfile, registry=(new,)))
    found = list(effects(workspace.gathering(session), before))
    terminal.show([effect_line(e.name, e.old, e.new, e.reason) for e in found])
    return combined(map(_code, found)) if found else PASS


def _code(effect: Effect) -> int:
    if effect.new is None:
        return CANNOT_JUDGE
    return FAIL if effect.worse else PASS
