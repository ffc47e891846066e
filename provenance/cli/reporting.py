"""One report for every command that judges: its form, its place, and where models are named."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from provenance.checks.case import Case
from provenance.cli import terminal
from provenance.cli.subjects import Bench
from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.judgement import Trial
from provenance.registry.file import read_text
from provenance.report import FORMATS, Place, Shown, Summary, human
from provenance.verdict import Unjudged

PLACED = frozenset({"github", "sarif"})
"""The forms of a report that tell the line in which a model is named."""

with_format = click.option(
    "--format",
    "form",
    type=click.Choice(["human", *FORMATS, "vsa"]),
    default="human",
    help="human, or a form that other tools read; vsa signs what was verified.",
)


with_reports = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORM=FILE",
    help="Write the report there too, in that form.",
)


def check_reports(reports: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each `FORM=FILE` as a pair, or ConfigError."""
    pairs = []
    for report in reports:
        form, _, file = report.partition("=")
        if form not in FORMATS or not file:
            known = ", ".join(FORMATS)
            raise ConfigError(
                f"expected one of {known} and =FILE, found {report!r}", path="--report"
            )
        pairs.append((form, file))
    return tuple(pairs)


def written(output: str | None, also: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The files that reports go to."""
    files = (output or "-", *(file for _, file in also))
    return tuple(file for file in files if file != "-")


def summary(
    setting: Bench,
    trials: Iterable[Trial],
    unjudged: Iterable[Unjudged],
    forms: Collection[str],
) -> Summary:
    """The report on these models: by what, and with what is shown beside each verdict.

    Where a model is named is looked up for those of `forms` that tell it.
    """
    judged, others = tuple(trials), tuple(unjudged)
    places = _places(setting) if PLACED & set(forms) else {}
    return Summary(
        verdicts=tuple(trial.verdict for trial in judged),
        unjudged=others,
        policy=setting.policy_source,
        registry=setting.registry_source,
        shown={model.name: Shown(place=places.get(model.name)) for model in others}
        | {
            trial.verdict.name: _shown(trial.case, places.get(trial.verdict.name))
            for trial in judged
        },
    )


def show(summary: Summary, form: str, output: str | None) -> None:
    """The report goes to `output`, or to stdout."""
    if form != "human":
        terminal.emit(FORMATS[form](summary), output)
        return
    colour = output is None and terminal.wants_colour()
    lines = human(summary, width=terminal.width())
    terminal.emit(terminal.styled(lines, colour=colour), output)


def _shown(case: Case, place: Place | None) -> Shown:
    return Shown(graph=case.graph, files=case.evidence.manifest, place=place)


def _places(setting: Bench) -> Mapping[str, Place]:
    """The line that names each model: of the lockfile, else of provenance.toml."""
    found: dict[str, Place] = {}
    for file, table in ((setting.settings_path, "models"), (setting.lock_path, "model")):
        if file and file.is_file():
            found |= dict(_named(file, table))
    return found


def _named(file: Path, table: str) -> Iterator[tuple[str, Place]]:
    try:
        text = read_text(file)
    except ConfigError:
        return
    shown = _from_top(file)
    for block in toml.scan(text):
        if block.name != table:
            continue
        for key in ("repo", "path", "name"):
            if key in block.values:
                begin, end = block.values[key]
                line = text.count("\n", 0, begin) + 1
                yield text[begin:end].strip("\"'"), Place(file=shown, line=line)


def _from_top(file: Path) -> str:
    """The path from the top of the repository that the file lies in, or from here."""
    here = file.absolute()
    top = next((f for f in here.parents if os.path.lexists(f / ".git")), Path.cwd())
    return here.relative_to(top).as_posix() if here.is_relative_to(top) else str(file)
