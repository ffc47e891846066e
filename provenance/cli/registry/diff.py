"""`provenance registry diff`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import with_means
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, PASS, combined
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.errors import SourceError
from provenance.judgement import judge
from provenance.report.common import printable
from provenance.report.human import BAD, DOUBT, GOOD, PLAIN, Line, Span
from provenance.source.together import side_by_side
from provenance.trust import Registry
from provenance.trust.powers import Shift, shifts
from provenance.verdict import Result


@click.command(name="diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--lock",
    "lockfile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge the models of provenance.toml, as this lockfile has them, by both.",
)
@with_means
def command(old: str, new: str, lockfile: Path | None, means: Means) -> int:
    """Show who gains or loses which power between two registries: files, folders or URLs.

    With --lock, exit 1 if a locked model would no longer pass.
    """
    before, after = (_registry(name, means) for name in (old, new))
    lines = [line for shift in shifts(before, after) for line in _shift(shift)]
    click.echo(terminal.styled(lines or [(Span("no power changes"),)], colour=_colour()))
    if lockfile is None:
        return PASS
    request = Request(lockfile=lockfile, registry=(new,), offline=means.offline)
    return _judged(bench(request), before, means)


def _registry(name: str, means: Means) -> Registry:
    request = Request(registry=(name,), offline=means.offline)
    return bench(request, needs_models=False).registry


def _colour() -> bool:
    return terminal.wants_colour()


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


def _judged(setting: Bench, before: Registry, means: Means) -> int:
    """Each verdict by both, printed in their order; the worst that comes of it."""
    gathering = Gathering.begun(setting, means, quiet=False)
    found = side_by_side(lambda subject: _both(subject, gathering, before), setting.subjects)
    click.echo(terminal.styled((line for line, _ in found), colour=_colour()))
    return combined(code for _, code in found) if found else PASS


def _both(subject: Subject, gathering: Gathering, before: Registry) -> tuple[Line, int]:
    setting = gathering.bench
    entry = setting.lock.named(subject.name) if setting.lock else None
    name = printable(subject.name)
    try:
        evidence = gathering.of(subject, pinned=entry)
    except SourceError as error:
        said = f"  could not be judged: {printable(str(error))}"
        return (Span(f"? {name}", DOUBT), Span(said)), CANNOT_JUDGE
    old, new = (
        judge(evidence, subject.policy, registry, name=subject.name, lock=None, locked=entry)
        for registry in (before, setting.registry)
    )
    passes = new.result is Result.PASS
    mark, tone = ("=", PLAIN) if old.result is new.result else ("~", GOOD if passes else BAD)
    line = (
        Span(f"{mark} {name}", tone),
        Span(f"  {old.result} → {new.result}: {printable(new.reason)}"),
    )
    return line, FAIL if old.result is Result.PASS and not passes else PASS
