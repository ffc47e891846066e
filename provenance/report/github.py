"""The report as workflow commands: annotations of the very lines that name the models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest

from provenance.report.common import (
    NOT_JUDGED,
    UNJUDGED_RULE,
    Place,
    Summary,
    counted,
    printable,
    printable_lines,
    problems,
)
from provenance.verdict import Finding, Level, Outcome, Unjudged, Verdict


def github(summary: Summary) -> str:
    """One workflow command for each finding, one line each; the last line is the verdict.

    A step shows ten annotations of a kind, the first ones: so the models take turns.
    """
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    for model in summary.unjudged:
        yield _unjudged(model, summary.of(model).place)
    each = [_annotations(verdict, summary.of(verdict).place) for verdict in summary.verdicts]
    yield from filter(None, chain.from_iterable(zip_longest(*each)))
    yield f"{summary.result}: {counted(summary)}"


def _annotations(verdict: Verdict, place: Place | None) -> Iterator[str]:
    """Those of one model, in the order in which its findings decided."""
    for finding in problems(verdict):
        about = f"{finding.where}: " if finding.where else ""
        message = printable(about) + printable_lines(finding.message)
        yield _said(_command(finding), place, f"{finding.rule}: {verdict.name}", message)


def _unjudged(model: Unjudged, place: Place | None) -> str:
    message = printable(f"{NOT_JUDGED}: {model.reason}")
    return _said("error", place, f"{UNJUDGED_RULE}: {model.name}", message)


def _said(command: str, place: Place | None, title: str, message: str) -> str:
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
