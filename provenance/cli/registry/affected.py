"""`provenance registry affected`."""

from __future__ import annotations

import glob
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.affected import affected
from provenance.cli import terminal
from provenance.cli.options import RULES, in_form, with_request, with_workspace
from provenance.cli.outcome import FAIL, PASS
from provenance.errors import ConfigError
from provenance.lock import Part
from provenance.policy import BUILTIN
from provenance.registry.store import FILE_NAME
from provenance.report.common import printable
from provenance.workspace import Request, Session, Workspace, lockfile
from provenance.workspace.own_registry import MEANT, with_own_file


@click.command(name="affected", epilog=MEANT)
@click.option(
    "--lock",
    "patterns",
    multiple=True,
    default=(lockfile.FILE_NAME,),
    metavar="FILE|GLOB",
    help="The lockfiles to look through (./provenance.lock).",
)
@in_form("json")
@with_request(*RULES)
@with_workspace
def command(
    patterns: tuple[str, ...],
    form: str,
    request: Request,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """List the locked models that use what was revoked, themselves or by an ancestor.

    Exit 1 if there are any. Nothing is asked of a Hub: what a lockfile says is looked up.
    """
    session = _session(workspace, request)
    at = datetime.now(UTC)
    files = _files(patterns)
    found = [(f, hit) for f in files for hit in affected(lockfile.load(f), session.registry, at)]
    if form == "json":
        rows = [{"lockfile": str(file), **asdict(hit)} for file, hit in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return FAIL if found else PASS
    for file, hit in found:
        whose = "" if hit.part is Part.MODEL else f" ({hit.part})"
        terminal.say(
            f"✗ {file}: {printable(hit.name)}{whose}  {printable(hit.what)} was revoked: "
            f"{printable(hit.reason)}"
        )
    count = len({file for file, _ in found})
    click.echo(f"{count} of {len(files)} lockfiles affected, by {session.registry_source}")
    return FAIL if found else PASS


def _session(workspace: Workspace, request: Request) -> Session:
    """The registries that are meant, or ConfigError where that is only the starter."""
    meant = with_own_file(workspace, request)
    found = workspace.session(meant, needs_models=False)
    if not meant.registry and set(found.settings.registry) == {BUILTIN}:
        raise ConfigError(
            f"there is no {FILE_NAME} here and no provenance.toml names a registry, so that only "
            f"the starter registry was read: name yours with --registry {FILE_NAME}",
            path="--registry",
        )
    return found


def _files(patterns: tuple[str, ...]) -> list[Path]:
    """The files that are meant, or ConfigError for a pattern that means none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        names = sorted(glob.glob(pattern, recursive=True))
        if not names:
            raise ConfigError("no such lockfile", path=pattern)
        found.update(dict.fromkeys(map(Path, names)))
    return list(found)
