"""The report as workflow commands: annotations of the very lines that name the models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest

from provenance.report.common import (
    NOT_JUDGED,
    ORDER,
    UNJUDGED_RULE,
    SourceLine,
    Summary,
    counted,
    own_problems,
    place_of,
    printable,
    printable_lines,
)
from provenance.verdict import Finding, Level, Outcome, Result, Unjudged, Verdict


def github(summary: Summary) -> str:
    """One workflow command for each finding, one line each; the last line is the verdict.

    A step shows ten annotations of a kind, the first ones: what is said of the whole comes once,
    then each model's deciding finding before any model's second, those that fail first.
    """
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    yield from (_annotation(finding, place_of(finding), "") for finding in summary.above)
    ordered = sorted(summary.verdicts, key=lambda verdict: ORDER.index(verdict.result))
    failing = [verdict for verdict in ordered if verdict.result is Result.FAIL]
    others = [verdict for verdict in ordered if verdict.result is not Result.FAIL]
    each = [
        *(_annotations(verdict, summary.of(verdict).place) for verdict in failing),
        *(iter([_unjudged(model, summary.of(model).place)]) for model in summary.unjudged),
        *(_annotations(verdict, summary.of(verdict).place) for verdict in others),
    ]
    yield from filter(None, chain.from_iterable(zip_longest(*each)))
    yield f"{summary.result}: {counted(summary)}"


def _annotations(verdict: Verdict, place: SourceLine | None) -> Iterator[str]:
    """Those of one model, in the order in which its findings decided."""
    return (_annotation(finding, place, verdict.name) for finding in own_problems(verdict))


def _annotation(finding: Finding, place: SourceLine | None, model: str) -> str:
    about = f"{finding.where}: " if finding.where else ""
    message = printable(about) + printable_lines(finding.message)
    title = f"{finding.rule}: {model}" if model else finding.rule
    return annotated(_command(finding), place, title, message)


def _unjudged(model: Unjudged, place: SourceLine | None) -> str:
    message = printable(f"{NOT_JUDGED}: {model.reason}")
    return annotated("error", place, f"{UNJUDGED_RULE}: {model.name}", message)


def annotated(command: str, place: SourceLine | None, title: str, message: str) -> str:
    """A workflow command (`error`, `warning`, `notice`) about a line; the message is printable."""
    words = {"file": place.file, "line": str(place.line)} if place else {}
    words |= {"title": printable(title)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in words.items())
    return f"::{command} {properties}::{_data(message)}"


def _command(finding: Finding) -> str:
    if finding.waived or finding.exempted or finding.level is Level.OFF:
        return "notice"
    required = finding.level is Level.REQUIRE
    return "error" if required and finding.outcome is Outcome.FAIL else "warning"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
