"""`provenance inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance import replay
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import EVIDENCE, OUTPUT, with_means, with_options
from provenance.cli.subjects import Request, bench
from provenance.errors import ConfigError
from provenance.report.evidence import evidence_lines


@click.command(name="inspect")
@click.argument("ref")
@click.option("--revision", metavar="REV", help="A branch, tag or commit, if not behind @.")
@with_options(*EVIDENCE)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@with_means
@with_options(*OUTPUT)
def command(
    ref: str,
    revision: str | None,
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    form: str,
    means: Means,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what is known of a model, on a Hub or on disk, and judge nothing.

    The JSON form can be judged later, elsewhere: `provenance verify --evidence FILE`.
    """
    setting = bench(
        Request(
            refs=(ref,),
            named=named,
            revision=revision,
            include=include,
            exclude=exclude,
            offline=means.offline,
        )
    )
    if len(setting.subjects) != 1:
        raise ConfigError(f"{ref} means {len(setting.subjects)} models: name one")
    subject = setting.subjects[0]
    evidence = Gathering.begun(setting, means, quiet=quiet, signature=signature).of(subject)
    if form == "json":
        terminal.emit(replay.dumps(evidence), output)
    else:
        colour = output is None and terminal.wants_colour()
        terminal.emit(terminal.styled(evidence_lines(evidence), colour=colour), output)
