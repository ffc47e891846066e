"""The report as workflow commands: annotations of the very lines that name the models."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.report.common import Place, Summary, counted, printable, problems
from provenance.verdict import Finding, Level, Outcome, Verdict


def github(summary: Summary) -> str:
    """One workflow command for each finding, one line each; the last line is the verdict."""
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    for verdict in summary.verdicts:
        for finding in problems(verdict):
            yield _annotation(verdict, finding, summary.of(verdict).place)
    yield f"{summary.result}: {counted(summary.verdicts)}"


def _annotation(verdict: Verdict, finding: Finding, place: Place | None) -> str:
    words = {"title": f"{finding.rule}: {printable(verdict.name)}"}
    if place:
        words = {"file": place.file, "line": str(place.line), **words}
    properties = ",".join(f"{name}={_property(value)}" for name, value in words.items())
    about = f"{finding.where}: " if finding.where else ""
    return f"::{_command(finding)} {properties}::{_data(printable(about + finding.message))}"


def _command(finding: Finding) -> str:
    if finding.waived or finding.level is Level.OFF:
        return "notice"
    required = finding.level is Level.REQUIRE
    return "error" if required and finding.outcome is Outcome.FAIL else "warning"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
