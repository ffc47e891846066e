"""One report for every command that judges: its form, its place, and where models are named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from provenance.cli import terminal
from provenance.cli.options import HUMAN, VERBOSE, Decorator, here, in_form, with_options
from provenance.errors import ConfigError
from provenance.judgement import Evaluation
from provenance.report import FORMATS, Summary, human
from provenance.report.formats import PAGE, written_to
from provenance.report.human import Detail
from provenance.verdict import Unjudged
from provenance.workspace.gathering import Gathering
from provenance.workspace.summing import summary_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Which reports are wanted: one in `form` to `output`, else to stdout, and each of `also`."""

    form: str
    output: str | None
    also: tuple[tuple[str, str], ...]
    detail: Detail = Detail.USUAL

    @property
    def files(self) -> tuple[str, ...]:
        """The files that reports go to."""
        files = (self.output or "-", *(file for _, file in self.also))
        return tuple(file for file in files if file != "-")

    def emit(self, text: str) -> None:
        """Write something else than a report to where the report would go."""
        terminal.emit(text, self.output)

    def write(
        self,
        gathering: Gathering,
        evaluations: Iterable[Evaluation],
        unjudged: Iterable[Unjudged],
        *,
        shown: bool = True,
    ) -> None:
        """Write every report on these models; without `shown`, only those of --report."""
        forms = {self.form, *dict(self.also)}
        endpoint = here().environment.endpoint if HUMAN in forms else None
        made = summary_of(gathering, evaluations, unjudged, forms, endpoint)
        if shown:
            show(made, self.form, self.output, self.detail)
        for form, file in self.also:
            show(made, form, file)


def with_reports(*others: str) -> Decorator:
    """The options of a report, as the argument `reports`; `others` are forms that are none."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(
            *args: Any,
            form: str,
            output: str | None,
            also: tuple[str, ...],
            verbose: bool,
            quiet: bool,
            **words: Any,
        ) -> Any:
            if verbose and quiet:
                raise ConfigError("says the opposite of --quiet: give one of them", path="-v")
            detail = Detail.FULL if verbose else Detail.FAILURES if quiet else Detail.USUAL
            reports = Reports(form=form, output=output, also=written_to(also), detail=detail)
            return function(*args, reports=reports, quiet=quiet, **words)

        return with_options(
            in_form(
                *FORMATS, *others, help=f"How the report looks: see `provenance explain {PAGE}`."
            ),
            VERBOSE,
            click.option(
                "--report",
                "also",
                multiple=True,
                metavar="FORM=FILE",
                help="Write the report also to FILE, in FORM.",
            ),
        )(command)

    return decorate


def show(summary: Summary, form: str, output: str | None, detail: Detail = Detail.USUAL) -> None:
    """The report goes to `output`, or to stdout."""
    if form == HUMAN:
        lines = human(summary, width=terminal.width(), detail=detail)
        if lines or output:
            terminal.show(lines, output)
    else:
        terminal.emit(FORMATS[form].write(summary), output)
