"""`provenance inspect`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import replay
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import EVIDENCE, HUB, OUTPUT, with_options
from provenance.cli.subjects import Request, bench
from provenance.errors import ConfigError
from provenance.report.evidence import evidence_lines


@click.command(name="inspect")
@click.argument("ref")
@click.option("--revision", metavar="REV", help="A branch, tag or commit, if not behind @.")
@with_options(*EVIDENCE)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@with_options(*HUB, *OUTPUT)
def command(
    ref: str,
    revision: str | None,
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    form: str,
    token: str | None,
    cache_dir: Path | None,
    max_workers: int,
    offline: bool,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what is known of a model, on a Hub or on disk, and judge nothing.

    The JSON form can be judged later, elsewhere: `provenance verify --evidence FILE`.
    """
    setting = bench(
        Request(refs=(ref,), named=named, revision=revision, include=include, exclude=exclude)
    )
    if len(setting.subjects) != 1:
        raise ConfigError(f"{ref} means {len(setting.subjects)} models: name one")
    subject = setting.subjects[0]
    means = Means(token=token, cache_dir=cache_dir, max_workers=max_workers, offline=offline)
    progress = terminal.progress(quiet=quiet)
    gathering = Gathering(
        bench=setting,
        means=means,
        at=datetime.now(UTC),
        progress=progress,
        hub=means.hub(setting, progress) if subject.place is None else None,
        signature=signature,
    )
    evidence = gathering.of(subject)
    if form == "json":
        terminal.emit(replay.dumps(evidence), output)
    else:
        colour = output is None and terminal.wants_colour()
        terminal.emit(terminal.styled(evidence_lines(evidence), colour=colour), output)
