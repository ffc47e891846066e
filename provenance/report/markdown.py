"""The report as GitHub shows it: step summaries, pull request comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from provenance.report.common import (
    NOT_JUDGED,
    Shown,
    Summary,
    aside,
    basis,
    by_exception,
    counted,
    printable,
    problems,
)
from provenance.report.graph import mermaid
from provenance.verdict import Finding, Level, Outcome, Result, Verdict, nobody

RESULTS = {Result.PASS: "✅", Result.FAIL: "❌", Result.INCOMPLETE: "❔"}
OUTCOMES = {
    Outcome.PASS: "✅",
    Outcome.EXCEPTED: "🔇",
    Outcome.FAIL: "❌",
    Outcome.UNKNOWN: "❔",
    Outcome.SKIPPED: "⏭️",
}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
BACKTICKS = re.compile("`+")
MOST_NODES = 40
MOST_FINDINGS = 50
BELOW = "what to add stands below"
ZERO_WIDTH = "\u200b"
"""Behind an @ or # that GitHub would make a mention of somebody, or a link to an issue."""
MENTION = re.compile(r"(?<!\w)@|#")


def markdown(summary: Summary) -> str:
    """The report in GitHub Flavored Markdown; nothing of a model's is taken for markup."""
    return "\n".join(_lines(summary)) + "\n"


def plain(text: str) -> str:
    """The text on one line as it is, its punctuation escaped (CommonMark, section 2.4)."""
    return PUNCTUATION.sub(r"\\\1", _nobody(printable(text)))


def code(text: str) -> str:
    """The text as a code span, which holds in a table too (CommonMark, section 6.1)."""
    shown = printable(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest else f"{fence}{shown}{fence}"


def fenced(text: str, language: str) -> list[str]:
    """The lines as a code block that nothing in them ends."""
    longest = max((len(run) for run in BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = [printable(line) for line in text.splitlines()]
    return [f"{fence}{language}", *lines, fence]


def _lines(summary: Summary) -> Iterator[str]:
    yield f"## {RESULTS[summary.result]} provenance: {plain(counted(summary))}"
    yield ""
    if summary.verdicts or summary.unjudged:
        yield "| | model | verdict | why |"
        yield "|---|---|---|---|"
    for verdict in summary.verdicts:
        mark = _mark(verdict)
        said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
        yield f"| {mark} | {code(verdict.name)} | {plain(said)} | {plain(verdict.reason)} |"
    for model in summary.unjudged:
        mark = RESULTS[Result.INCOMPLETE]
        yield f"| {mark} | {code(model.name)} | **{NOT_JUDGED}** | {plain(model.reason)} |"
    for verdict in summary.verdicts:
        yield ""
        yield from _model(verdict, summary.of(verdict))
    yield ""
    yield f"policy {code(summary.policy)}, registry {code(summary.registry)}"


def _model(verdict: Verdict, shown: Shown) -> Iterator[str]:
    is_open = " open" if verdict.result is not Result.PASS else ""
    yield f"<details{is_open}><summary>{_mark(verdict)} {_html(verdict.name)}</summary>"
    yield ""
    at = f" at {code(verdict.commit)}" if verdict.commit else ""
    yield f"{code(verdict.ref)}{at}: {basis(verdict)}, {code(verdict.manifest)}"
    yield ""
    yield " · ".join(f"{OUTCOMES[outcome]} {check}" for check, outcome in verdict.checks)
    found = problems(verdict)
    if found:
        yield ""
        yield from _findings(found)
    yield ""
    yield from _signers(verdict)
    if shown.graph and 1 < len(shown.graph.nodes) <= MOST_NODES:
        yield ""
        yield from fenced(mermaid(shown.graph), "mermaid")
    yield ""
    yield "</details>"


def _mark(verdict: Verdict) -> str:
    return OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]


def _html(text: str) -> str:
    """A text inside an HTML block, where no Markdown counts (CommonMark, section 4.6)."""
    return escape(_nobody(printable(text)))


def _nobody(text: str) -> str:
    """The text, in which nobody is mentioned and nothing linked to."""
    return MENTION.sub(lambda match: match[0] + ZERO_WIDTH, text)


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    yield "| | rule | about | |"
    yield "|---|---|---|---|"
    for finding in found[:MOST_FINDINGS]:
        mark = OUTCOMES[finding.outcome]
        note = ""
        if finding.waived:
            mark, note = OUTCOMES[Outcome.EXCEPTED], f" *waived: {plain(finding.waived)}*"
        elif finding.exempted:
            mark, note = OUTCOMES[Outcome.EXCEPTED], f" *exempted: {plain(finding.exempted)}*"
        elif finding.level is not Level.REQUIRE:
            mark = "⚠️"
        where = code(finding.where) if finding.where else ""
        said, _, block = finding.message.partition("\n")
        below = f" ({BELOW})" if block else ""
        yield f"| {mark} | {code(finding.rule)} | {where} | {plain(said)}{below}{note} |"
    if len(found) > MOST_FINDINGS:
        yield f"| | | | and {len(found) - MOST_FINDINGS} more |"
    for finding in found[:MOST_FINDINGS]:
        _, _, block = finding.message.partition("\n")
        if block:
            yield ""
            yield f"{code(finding.rule)}:"
            yield ""
            yield from fenced(block, "toml")


def _signers(verdict: Verdict) -> Iterator[str]:
    for signer in verdict.signers:
        known = f"{signer.organisation} ({signer.name})" if signer.organisation else ""
        party = plain(known) or "somebody the registry does not know"
        when = f", verified {plain(signer.times[0])}" if signer.times else ", no verified time"
        yield f"- signed by {party}: {code(signer.identity)}{when}, {code(signer.bundle)}"
    if not verdict.signers:
        yield f"- {nobody(verdict.findings)}"
