"""The forms of a report, in one table: options, manual, README and tests derive from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provenance.errors import ConfigError
from provenance.report.common import Summary
from provenance.report.github import github
from provenance.report.human import human
from provenance.report.machine import machine
from provenance.report.markdown import markdown
from provenance.report.sarif import sarif

PAGE = "formats"
"""The name of the manual page on reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form: `write` makes it of a run's verdicts, `about` says what it shows and to whom.

    `suffix` is that of a file, without a dot, and `media` its media type (RFC 6838). `placed` says
    that it tells the line in which a model is named, `compares` that it tells what changed.
    """

    name: str
    suffix: str
    media: str
    about: str
    write: Callable[[Summary], str]
    placed: bool = False
    compares: bool = False


def _text(summary: Summary) -> str:
    return "\n".join("".join(span.text for span in line).rstrip() for line in human(summary))


def _html(summary: Summary) -> str:
    from provenance.report.page import html

    return html(summary)


ROWS = (
    Format(
        name="human",
        suffix="txt",
        media="text/plain",
        about="For a terminal: the verdict, each check, what to do next. In a file it has 100 "
        "columns and no colour.",
        write=_text,
    ),
    Format(
        name="json",
        suffix="json",
        media="application/json",
        about="For programs: every finding of every model. Within a version fields are only added.",
        write=machine,
    ),
    Format(
        name="markdown",
        suffix="md",
        media="text/markdown",
        about="For a step summary or a comment on GitHub: what changed, then what decided.",
        write=markdown,
        compares=True,
    ),
    Format(
        name="sarif",
        suffix="sarif",
        media="application/sarif+json",
        about="For code scanning (SARIF 2.1.0): a result for each finding that is no pass.",
        write=sarif,
        placed=True,
    ),
    Format(
        name="github",
        suffix="txt",
        media="text/plain",
        about="Workflow commands: annotations of the lines that name the models.",
        write=github,
        placed=True,
    ),
    Format(
        name="html",
        suffix="html",
        media="text/html",
        about="One page that asks for nothing from anywhere: an overview to sort and filter, what "
        "changed, each model with its lineage drawn.",
        write=_html,
        compares=True,
    ),
)
FORMATS: Mapping[str, Format] = {row.name: row for row in ROWS}
"""Every form of a report, by its name."""


def page() -> str:
    """The manual page on reports."""
    lines = [
        f"{PAGE}: how a verdict is reported.",
        "",
        "--format FORM prints one; --report FORM=FILE writes one more, and may be repeated.",
    ]
    for row in ROWS:
        lines += ["", f"{row.name}  ({row.media}, *.{row.suffix})", f"    {row.about}"]
    return "\n".join(lines)


def written_to(reports: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each `FORM=FILE` of --report as a pair, or ConfigError."""
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
