"""`provenance registry diff`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, PASS, combined
from provenance.report.common import printable
from provenance.report.human import BAD, DOUBT, GOOD, PLAIN, Line, Span
from provenance.trust import Registry
from provenance.trust.powers import Shift, shifts
from provenance.verdict import Result
from provenance.workspace import Request, Workspace
from provenance.workspace.own_registry import MEANT, own_file
from provenance.workspace.registry_effects import Effect, effects


@click.command(name="diff", epilog=MEANT)
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--lock",
    "lockfile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
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
    before, after = (_registry(name, workspace) for name in (old, new))
    lines = [line for shift in shifts(before, after) for line in _shift(shift)]
    terminal.show(lines or [(Span("no power changes"),)], None)
    if lockfile is None:
        return PASS
    session = workspace.session(Request(lockfile=lockfile, registry=(new,)))
    return _judged(effects(workspace.gathering(session), before))


def _registry(name: str, workspace: Workspace) -> Registry:
    return workspace.session(Request(registry=(name,)), needs_models=False).registry


def _shift(shift: Shift) -> Iterator[Line]:
    power = printable(shift.power)
    if shift.before is None:
        yield Span(f"+ {power}", GOOD), Span(f"  {printable(shift.after or '')}")
    elif shift.after is None:
        yield Span(f"- {power}", BAD), Span(f"  {printable(shift.before)}")
    else:
        yield (Span(f"~ {power}", DOUBT),)
        yield (Span(f"    was {printable(shift.before)}"),)
        yield (Span(f"    is  {printable(shift.after)}"),)


def _judged(found: Iterable[Effect]) -> int:
    """Each verdict by both, printed in their order; the worst that comes of it."""
    listed = list(found)
    terminal.show(map(_effect, listed), None)
    return combined(_code(effect) for effect in listed) if listed else PASS


def _code(effect: Effect) -> int:
    if effect.new is None:
        return CANNOT_JUDGE
    return FAIL if effect.worse else PASS


def _effect(effect: Effect) -> Line:
    name, old, new = printable(effect.name), effect.old, effect.new
    if old is None or new is None:
        said = f"  could not be judged: {printable(effect.reason)}"
        return Span(f"? {name}", DOUBT), Span(said)
    tone = GOOD if new.result is Result.PASS else BAD
    mark, tone = ("=", PLAIN) if old.result is new.result else ("~", tone)
    said = f"  {old.result} → {new.result}: {printable(new.reason)}"
    return Span(f"{mark} {name}", tone), Span(said)
