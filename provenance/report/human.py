"""The report people read: the verdict first, then each check, then what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.report.common import (
    BASES,
    NOT_JUDGED,
    UNJUDGED_RULE,
    Summary,
    aside,
    by_exception,
    counted,
    printable,
)
from provenance.verdict import OF_THE_CALLER, Finding, Level, Outcome, Result, Unjudged, Verdict

GOOD, BAD, DOUBT, DIM, PLAIN = "good", "bad", "doubt", "dim", ""
RESULTS = {
    Result.PASS: ("✓", GOOD),
    Result.FAIL: ("✗", BAD),
    Result.INCOMPLETE: ("?", DOUBT),
}
OUTCOMES = {
    Outcome.PASS: ("✓", GOOD),
    Outcome.EXCEPTED: ("~", DOUBT),
    Outcome.FAIL: ("✗", BAD),
    Outcome.UNKNOWN: ("?", DOUBT),
    Outcome.SKIPPED: ("-", DIM),
}
INDENT = " " * 6
LEAST_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, and the tone it is said in."""

    text: str
    tone: str = PLAIN


Line = tuple[Span, ...]


def human(summary: Summary, *, width: int = 100) -> tuple[Line, ...]:
    """The lines of the report, wrapped to `width` columns; readable without any colour."""
    return tuple(_lines(summary, max(width, LEAST_WIDTH)))


def _lines(summary: Summary, width: int) -> Iterator[Line]:
    for finding in summary.above:
        yield from _finding(finding, width, "")
    if summary.above:
        yield ()
    for verdict in summary.verdicts:
        yield from _verdict(verdict, width)
        yield ()
    for model in summary.unjudged:
        yield from _unjudged(model, width)
        yield ()
    mark, tone = RESULTS[summary.result]
    yield (Span(f"{mark} {counted(summary)}", tone),)
    yield (Span(f"  policy    {printable(summary.policy)}", DIM),)
    yield (Span(f"  registry  {printable(summary.registry)}", DIM),)


def _verdict(verdict: Verdict, width: int) -> Iterator[Line]:
    mark, tone = OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]
    at = f" at {verdict.commit}" if verdict.commit else ""
    what, note = BASES[verdict.basis]
    basis = (
        f"{verdict.result} ({verdict.profile}){aside(verdict)} for {what}{at}{note and f': {note}'}"
    )
    yield Span(f"{mark} {printable(verdict.name)}", tone), Span(f"  {basis}")
    if verdict.ref != verdict.name:
        yield (Span(f"  {printable(verdict.ref)}", DIM),)
    yield (Span(f"  {verdict.manifest}", DIM),)
    for check, outcome in verdict.checks:
        yield from _check(check, outcome, verdict.findings, width)
    yield from _own(verdict, width)
    yield from _signers(verdict, width)
    yield from _next(verdict)


def _unjudged(model: Unjudged, width: int) -> Iterator[Line]:
    mark, tone = RESULTS[Result.INCOMPLETE]
    yield Span(f"{mark} {printable(model.name)}", tone), Span(f"  {NOT_JUDGED}")
    if model.ref != model.name:
        yield (Span(f"  {printable(model.ref)}", DIM),)
    yield from wrapped(model.reason, "  ", width)
    yield (Span(f"  next: provenance explain {UNJUDGED_RULE}"),)


def _check(check: str, outcome: Outcome, findings: Sequence[Finding], width: int) -> Iterator[Line]:
    mark, tone = OUTCOMES[outcome]
    own = [finding for finding in findings if finding.check == check]
    said = [f.message for f in own if f.outcome is Outcome.PASS]
    first, *rest = _broken(said[0] if said else str(outcome), 80 if width > 96 else width - 16)
    yield Span(f"  {mark} {check:<10}", tone), Span(first)
    yield from ((Span(" " * 14 + line),) for line in rest)
    for finding in own:
        if finding.outcome is not Outcome.PASS:
            yield from _finding(finding, width)


def _finding(finding: Finding, width: int, indent: str = INDENT) -> Iterator[Line]:
    mark, tone = OUTCOMES[finding.outcome]
    note = ""
    if finding.waived:
        (mark, _), tone = OUTCOMES[Outcome.EXCEPTED], DIM
        note = f"  waived: {finding.waived}"
    elif finding.level is not Level.REQUIRE:
        mark, tone, note = "!", DOUBT, f"  ({finding.level})"
    where = f"  {printable(finding.where)}" if finding.where else ""
    yield Span(f"{indent}{mark} {finding.rule}", tone), Span(where), Span(printable(note), DIM)
    yield from wrapped(finding.message, indent + "  ", width)


def _own(verdict: Verdict, width: int) -> Iterator[Line]:
    """Findings about waivers and revocation, which belong to no check."""
    checks = {check for check, _ in verdict.checks}
    for finding in verdict.findings:
        if finding.rule in OF_THE_CALLER:
            continue
        if finding.check not in checks and finding.outcome is not Outcome.PASS:
            yield from _finding(finding, width)


def _signers(verdict: Verdict, width: int) -> Iterator[Line]:
    for signer in verdict.signers:
        known = f"{signer.organisation} ({signer.name})"
        party = known if signer.organisation else "somebody the registry does not know"
        when = f"verified {signer.times[0]}" if signer.times else "no verified time"
        text = f"signed by {party}: {signer.identity}; {when}; {signer.bundle}"
        yield from wrapped(text, "  ", width, DIM)


def _next(verdict: Verdict) -> Iterator[Line]:
    rule = verdict.reason.partition(":")[0]
    if verdict.result is not Result.PASS and any(f.rule == rule for f in verdict.findings):
        yield (Span(f"  next: provenance explain {rule}"),)


def wrapped(text: str, indent: str, width: int, tone: str = PLAIN) -> Iterator[Line]:
    """The text wrapped; what stands behind its first line break is to be copied as it is."""
    first, *block = text.split("\n")
    yield from ((Span(indent + line, tone),) for line in _broken(first, width - len(indent)))
    yield from ((Span(f"{indent}  {printable(line)}", tone),) for line in block)


def _broken(text: str, width: int) -> list[str]:
    """The lines of a text; a digest is never broken."""
    lines = textwrap.wrap(printable(text), width, break_long_words=False, break_on_hyphens=False)
    return lines or [""]
