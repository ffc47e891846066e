"""`provenance registry diff`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, PASS, combined
from provenance.errors import SourceError
from provenance.judgement import judge
from provenance.report.common import printable
from provenance.report.human import BAD, DOUBT, GOOD, PLAIN, Line, Span
from provenance.source.together import side_by_side
from provenance.trust import Registry
from provenance.trust.powers import Shift, shifts
from provenance.verdict import Result
from provenance.workspace import Request, Workspace
from provenance.workspace.gathering import Gathering
from provenance.workspace.subjects import Subject


@click.command(name="diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--lock",
    "lockfile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge the models of provenance.toml, as this lockfile has them, by both.",
)
@with_workspace
def command(old: str, new: str, lockfile: Path | None, workspace: Workspace, quiet: bool) -> int:
    """Show who gains or loses which power between two registries: files, folders or URLs.

    With --lock, exit 1 if a locked model would no longer pass.
    """
    before, after = (_registry(name, workspace) for name in (old, new))
    lines = [line for shift in shifts(before, after) for line in _shift(shift)]
    terminal.show(lines or [(Span("no power changes"),)], None)
    if lockfile is None:
        return PASS
    session = workspace.session(Request(lockfile=lockfile, registry=(new,)))
    return _judged(workspace.gathering(session), before)


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


def _judged(gathering: Gathering, before: Registry) -> int:
    """Each verdict by both, printed in their order; the worst that comes of it."""
    subjects = gathering.session.subjects
    found = side_by_side(lambda subject: _both(subject, gathering, before), subjects)
    terminal.show((line for line, _ in found), None)
    return combined(code for _, code in found) if found else PASS


def _both(subject: Subject, gathering: Gathering, before: Registry) -> tuple[Line, int]:
    session = gathering.session
    entry = session.lock.named(subject.name) if session.lock else None
    name = printable(subject.name)
    try:
        evidence = gathering.of(subject, pinned=entry)
    except SourceError as error:
        said = f"  could not be judged: {printable(str(error))}"
        return (Span(f"? {name}", DOUBT), Span(said)), CANNOT_JUDGE
    old, new = (
        judge(evidence, subject.policy, registry, name=subject.name, lock=None, locked=entry)
        for registry in (before, session.registry)
    )
    passes = new.result is Result.PASS
    mark, tone = ("=", PLAIN) if old.result is new.result else ("~", GOOD if passes else BAD)
    line = (
        Span(f"{mark} {name}", tone),
        Span(f"  {old.result} → {new.result}: {printable(new.reason)}"),
    )
    return line, FAIL if old.result is Result.PASS and not passes else PASS
