"""`provenance inspect`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import replay
from provenance.cli import terminal
from provenance.cli.options import EVIDENCE, OUTPUT, with_options
from provenance.cli.subjects import reference
from provenance.report.evidence import evidence_lines
from provenance.source import directory


@click.command(name="inspect")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_options(*EVIDENCE)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@with_options(*OUTPUT)
def command(
    path: Path,
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    form: str,
    output: str | None,
    quiet: bool,
) -> None:
    """Show what is known of the model at PATH, and judge nothing.

    The JSON form can be judged later, elsewhere: `provenance verify --evidence FILE`.
    """
    evidence = directory.collect(
        path,
        ref=reference(str(path), named),
        at=datetime.now(UTC),
        include=include,
        exclude=exclude,
        signature=signature,
        progress=terminal.progress(quiet=quiet),
    )
    if form == "json":
        terminal.emit(replay.dumps(evidence), output)
    else:
        colour = output is None and terminal.wants_colour()
        terminal.emit(terminal.styled(evidence_lines(evidence), colour=colour), output)
