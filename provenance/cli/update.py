"""`provenance update`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from provenance.bump import Bump, bump, of_entry, of_trial
from provenance.bump.side import Side
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.locker import Judged, Locker, unasked
from provenance.cli.options import LOCKFILE, OUTPUT, RULES, with_means, with_options
from provenance.cli.outcome import combined
from provenance.cli.subjects import Request, bench
from provenance.errors import ConfigError, SourceError, Unselected
from provenance.judgement import tried
from provenance.lock import Entry, Lock
from provenance.lockfile import save
from provenance.report.review import review, review_markdown


@click.command(name="update")
@click.argument("refs", nargs=-1, metavar="[NAME]...")
@click.option("--format", "form", type=click.Choice(["human", "markdown"]), default="human")
@with_options(*RULES, *LOCKFILE)
@with_means
@with_options(*OUTPUT)
def command(
    refs: tuple[str, ...],
    form: str,
    policy: str | None,
    registry: tuple[str, ...],
    lockfile: Path | None,
    means: Means,
    output: str | None,
    quiet: bool,
) -> int:
    """Follow the branches and tags of provenance.toml, lock what passes, show what changed.

    What is printed can be the text of a pull request. A model whose newest revision does not pass
    keeps the entry it had, and the exit code says so.
    """
    request = Request(
        refs=refs,
        policy=policy,
        registry=registry,
        lockfile=lockfile,
        offline=means.offline,
    )
    setting = bench(request)
    gathering = Gathering.begun(setting, means, quiet=quiet)
    if gathering.hub is None and setting.away:
        raise ConfigError("asks a Hub, and nothing may be asked for offline", path="update")
    locker = Locker(
        gathering=gathering,
        upgrade=lambda subject: True,
        accepted={},
        measure=False,
        known=setting.lock,
    )
    found, new = locker.locked(setting.subjects)
    for line in unasked(found, setting.lock, ("update",)):
        click.echo(line, err=True)
    unjudged = tuple(item.unjudged for item in found if item.unjudged)
    bumps = tuple(_bumps(found, setting.lock, gathering))
    save(setting.lock_path, new, known=setting.lock)
    if form == "markdown":
        terminal.emit(review_markdown(bumps, unjudged).rstrip("\n"), output)
    else:
        colour = output is None and terminal.wants_colour()
        terminal.emit(terminal.styled(review(bumps, unjudged), colour=colour), output)
    return combined(item.code for item in found)


def _bumps(found: Sequence[Judged], lock: Lock | None, gathering: Gathering) -> Iterator[Bump]:
    """What changes for each model whose newest revision is another than the locked one."""
    known = {entry.name: entry for entry in (lock.models() if lock else ())}
    for item in found:
        old = known.get(item.subject.name)
        if item.trial and (old is None or _is_other(old, item)):
            before = _before(item, old, gathering) if old else None
            yield bump(item.subject.name, before, of_trial(item.trial))


def _is_other(old: Entry, item: Judged) -> bool:
    verdict = item.trial.verdict if item.trial else None
    return verdict is not None and (old.commit, old.selected) != (verdict.commit, verdict.manifest)


def _before(item: Judged, old: Entry, gathering: Gathering) -> Side:
    """The locked revision, looked at again; as the lockfile has it where it is gone."""
    subject = item.subject
    if subject.place is not None:
        return of_entry(old)
    try:
        evidence = gathering.of(subject, pinned=old)
    except (SourceError, Unselected):
        return of_entry(old)
    registry = gathering.bench.registry
    return of_trial(tried(evidence, subject.policy, registry, name=subject.name))
