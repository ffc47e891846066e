"""One report for every command that judges: its form, its place, and where models are named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from provenance.cli import terminal
from provenance.cli.options import VERBOSE, Decorator, here, in_form, with_options
from provenance.errors import ConfigError
from provenance.judgement import Evaluation
from provenance.report import FORMATS, Details, SourceLine, Summary, human
from provenance.report.formats import PAGE
from provenance.report.human import Detail
from provenance.verdict import Unjudged
from provenance.workspace.changes import changes
from provenance.workspace.gathering import Gathering
from provenance.workspace.places import pages_of, places_of

HUMAN = "human"


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
        made = summary(gathering, evaluations, unjudged, {self.form, *dict(self.also)})
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
            reports = Reports(form=form, output=output, also=_pairs(also), detail=detail)
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


def _pairs(reports: Sequence[str]) -> tuple[tuple[str, str], ...]:
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


def summary(
    gathering: Gathering,
    evaluations: Iterable[Evaluation],
    unjudged: Iterable[Unjudged],
    forms: Collection[str],
) -> Summary:
    """The report on these models: by what, and with what is shown beside each verdict.

    Where a model is named, and what a pull request changes of it, is looked up for those of `forms`
    that tell it.
    """
    session = gathering.session
    judged, others = tuple(evaluations), tuple(unjudged)
    asked = [FORMATS[form] for form in forms if form in FORMATS]
    places = places_of(session) if any(form.placed for form in asked) else {}
    compared = any(form.compares for form in asked)
    pages = pages_of(session, here().environment.endpoint) if HUMAN in forms else {}
    return Summary(
        verdicts=tuple(evaluation.verdict for evaluation in judged),
        unjudged=others,
        policy=session.policy_source,
        registry=session.registry_source,
        changes=changes(gathering, judged) if compared else None,
        shown={model.name: Details(place=places.get(model.name)) for model in others}
        | {evaluation.verdict.name: _shown(evaluation, places, pages) for evaluation in judged},
    )


def show(summary: Summary, form: str, output: str | None, detail: Detail = Detail.USUAL) -> None:
    """The report goes to `output`, or to stdout."""
    if form == HUMAN:
        lines = human(summary, width=terminal.width(), detail=detail)
        if lines or output:
            terminal.show(lines, output)
    else:
        terminal.emit(FORMATS[form].write(summary), output)


def _shown(
    evaluation: Evaluation, places: Mapping[str, SourceLine], pages: Mapping[str, str]
) -> Details:
    name, commit = evaluation.verdict.name, evaluation.verdict.commit
    page = pages.get(name, "")
    return Details(
        graph=evaluation.case.graph,
        files=evaluation.case.evidence.manifest,
        place=places.get(name),
        page=f"{page}/tree/{commit}" if commit and not page.startswith("file:") else page,
    )
