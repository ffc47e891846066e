"""The report people read: one line for what passes, and of what does not: why, and what to do."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from provenance.report.common import (
    BASES,
    NOT_JUDGED,
    OWN,
    UNJUDGED_RULE,
    Details,
    Summary,
    aside,
    by_exception,
    counted,
    everywhere,
    printable,
    without,
)
from provenance.report.history import in_short
from provenance.verdict import Finding, Level, Outcome, Result, Unjudged, Verdict

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
QUIET_OUTCOMES = (Outcome.PASS, Outcome.SKIPPED)
RULE = re.compile(r"[a-z]+/[a-z0-9-]+")
UNNAMED = (
    "- weights were not compared, for no name says whose they are: "
    "`provenance verify {} --as ORG/NAME`"
)
LEAST_WIDTH, MOST_WIDTH = 60, 120
"""Columns: below, nothing is legible; beyond, the eye loses the next line of a long text."""
LEAST_COLUMN = 10
"""That of the names of checks."""
SHORT_COMMIT = 12


class Detail(IntEnum):
    """How much a report says: of what does not pass alone, as is usual, or everything."""

    FAILURES = 0
    USUAL = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, the tone it is said in, and the URL or file that it speaks of."""

    text: str
    tone: str = PLAIN
    link: str = ""


Line = tuple[Span, ...]
Block = tuple[Line, ...]


def mark(verdict: Verdict) -> str:
    """The sign of a verdict."""
    sign, _ = OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]
    return sign


def human(summary: Summary, *, width: int = 100, detail: Detail = Detail.USUAL) -> Block:
    """The lines of the report, wrapped to `width` columns; readable without any colour."""
    wide = max(width, LEAST_WIDTH)
    shared = everywhere(summary.verdicts)
    blocks = [tuple(_shared(shared, detail, wide))]
    for verdict in summary.verdicts:
        if detail > Detail.FAILURES or verdict.result is not Result.PASS:
            own = replace(verdict, findings=without(verdict.findings, shared))
            blocks.append(tuple(_verdict(own, summary.of(verdict), detail, wide)))
    blocks += (tuple(_unjudged(model, wide)) for model in summary.unjudged)
    if detail > Detail.FAILURES:
        blocks.append(tuple(_whole(summary, detail, wide)))
    return tuple(_spaced([block for block in blocks if block]))


def _spaced(blocks: Sequence[Block]) -> Iterator[Line]:
    """The blocks, with an empty line around each that has details."""
    for number, block in enumerate(blocks):
        if number and (_is_long(block) or _is_long(blocks[number - 1])):
            yield ()
        yield from block


def _is_long(block: Block) -> bool:
    return sum(not line[0].text.startswith("    ") for line in block if line) > 1


def _whole(summary: Summary, detail: Detail, width: int) -> Iterator[Line]:
    mark, tone = RESULTS[summary.result]
    yield (Span(f"{mark} {counted(summary)}", tone),)
    for basis in dict.fromkeys(verdict.basis for verdict in summary.verdicts):
        what, note = BASES[basis]
        if note and detail is Detail.USUAL:
            yield (Span(f"  {what}: {note}", DIM),)
    yield Span("  policy    ", DIM), Span(printable(summary.policy), DIM, summary.policy)
    yield Span("  registry  ", DIM), Span(printable(summary.registry), DIM, summary.registry)


def _shared(findings: Sequence[Finding], detail: Detail, width: int) -> Iterator[Line]:
    shown = [finding for finding in findings if _is_shown(finding, detail)]
    if shown:
        yield (Span("your policy, registries and lockfile:"),)
    for finding in shown:
        yield from _finding(finding, "  ", width)


def _is_shown(finding: Finding, detail: Detail) -> bool:
    """Whether a finding has lines of its own: what was set aside is counted."""
    if detail is Detail.FULL:
        return finding.outcome is not Outcome.PASS
    aside = finding.waived or finding.exempted or finding.level is Level.OFF
    quiet = detail is Detail.FAILURES and finding.level is not Level.REQUIRE
    return finding.outcome not in QUIET_OUTCOMES and not aside and not quiet


def _verdict(verdict: Verdict, shown: Details, detail: Detail, width: int) -> Iterator[Line]:
    yield from _headline(verdict, shown.page, detail, width)
    if detail is Detail.FULL:
        yield from _in_full(verdict, width)
        yield from _history(shown, width)
    else:
        yield from _in_short(verdict, detail, width)
        yield from _stated(shown.parents, width)
    if shown.unnamed and detail > Detail.FAILURES:
        yield from wrapped(UNNAMED.format(shlex.quote(shown.unnamed)), "  ", width, DIM)
    if verdict.result is not Result.PASS:
        yield from _next(verdict)


def _stated(parents: Sequence[str], width: int) -> Iterator[Line]:
    """The parents that the caller states: nothing else need say so."""
    if parents:
        mark, _ = OUTCOMES[Outcome.EXCEPTED]
        yield from wrapped(f"{mark} you say that it comes from {', '.join(parents)}", "  ", width)


def _headline(verdict: Verdict, page: str, detail: Detail, width: int) -> Iterator[Line]:
    """What was judged, by what, and how it came out; of what passes also why."""
    mark, tone = OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]
    name = printable(verdict.name)
    what, note = BASES[verdict.basis]
    commit = verdict.commit or ""
    full = detail is Detail.FULL
    at = f" at {commit if full else commit[:SHORT_COMMIT]}" if commit else ""
    said = f"{verdict.result} ({verdict.profile}){_aside(verdict)} for {what}{at}"
    more = note if full else verdict.reason if verdict.result is Result.PASS else ""
    begin = f"{mark} {name}  "
    first, *rest = _broken(f"{said}{more and f': {more}'}", width - 4, begin)
    yield Span(f"{mark} ", tone), Span(name, tone, page), Span(f"  {first}")
    yield from ((Span(f"    {line}"),) for line in rest)


def _aside(verdict: Verdict) -> str:
    """What the caller set aside, as every report says it, and what they do not want to see."""
    shown = [f for f in verdict.findings if f.outcome not in QUIET_OUTCOMES and not f.waived]
    off = sum(finding.level is Level.OFF for finding in shown)
    return aside(verdict) + (f", {off} off" if off else "")


def _in_short(verdict: Verdict, detail: Detail, width: int) -> Iterator[Line]:
    """The findings that are not set aside, then the checks that pass."""
    failing = verdict.result is not Result.PASS
    if failing and verdict.ref != verdict.name:
        yield Span("  "), Span(printable(verdict.ref), DIM)
    for finding in sorted(verdict.findings, key=lambda finding: finding.check not in OWN):
        if _is_shown(finding, detail):
            yield from _finding(finding, "  ", width)
    for outcome in (Outcome.PASS, Outcome.EXCEPTED):
        named = [check for check, one in verdict.checks if one is outcome]
        if named and (failing or outcome is Outcome.EXCEPTED):
            mark, tone = OUTCOMES[outcome]
            yield Span(f"  {mark} ", tone), Span(", ".join(named))


def _in_full(verdict: Verdict, width: int) -> Iterator[Line]:
    """Every check with what it found, and everybody who signed."""
    if verdict.ref != verdict.name:
        yield (Span(f"  {printable(verdict.ref)}", DIM),)
    yield (Span(f"  {verdict.manifest}", DIM),)
    for family, words in OWN.items():
        found = [finding for finding in verdict.findings if finding.check == family]
        if any(finding.outcome is not Outcome.PASS for finding in found):
            yield (Span(f"  {words}:"),)
            yield from _details(found, width)
    column = max((LEAST_COLUMN, *(len(check) + 1 for check, _ in verdict.checks)))
    for check, outcome in verdict.checks:
        yield from _check(f"{check:<{column}}", outcome, verdict.findings, width)
    yield from _signers(verdict, width)


def _check(check: str, outcome: Outcome, findings: Sequence[Finding], width: int) -> Iterator[Line]:
    """What a check came to in one line, with why where it passes or was skipped; then the rest."""
    mark, tone = OUTCOMES[outcome]
    own = [finding for finding in findings if finding.check == check.strip()]
    quiet = [f for f in own if f.outcome is outcome and outcome in QUIET_OUTCOMES]
    said = "; ".join(dict.fromkeys(finding.message for finding in quiet)) or str(outcome)
    first, *rest = _broken(said, width - 6 - len(check))
    words = DIM if outcome is Outcome.SKIPPED else PLAIN
    yield Span(f"  {mark} {check}", tone), Span(first, words)
    yield from ((Span(" " * (4 + len(check)) + line, words),) for line in rest)
    yield from _details([finding for finding in own if finding not in quiet], width)


def _details(findings: Sequence[Finding], width: int) -> Iterator[Line]:
    for finding in findings:
        if _is_shown(finding, Detail.FULL):
            yield from _finding(finding, " " * 6, width)


def _finding(finding: Finding, indent: str, width: int) -> Iterator[Line]:
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


def _signers(verdict: Verdict, width: int) -> Iterator[Line]:
    for signer in verdict.signers:
        known = f"{signer.organisation} ({signer.name})"
        party = known if signer.organisation else "somebody the registry does not know"
        when = f"verified {signer.times[0]}" if signer.times else "no verified time"
        text = f"signed by {party}: {signer.identity}; {when}; {signer.bundle}"
        yield from wrapped(text, "  ", width, DIM)


def _history(shown: Details, width: int) -> Iterator[Line]:
    """How each model of the history was made, by whoever attests it."""
    for step, facts in in_short(shown.graph) if shown.graph else ():
        yield from wrapped(step, "  ", width, DIM)
        yield from wrapped(facts, " " * 6, width, DIM)


def _unjudged(model: Unjudged, width: int) -> Iterator[Line]:
    mark, tone = RESULTS[Result.INCOMPLETE]
    yield Span(f"{mark} {printable(model.name)}", tone), Span(f"  {NOT_JUDGED}")
    if model.ref != model.name:
        yield (Span(f"  {printable(model.ref)}", DIM),)
    yield from wrapped(model.reason, "  ", width)
    yield (Span(f"  next: provenance explain {UNJUDGED_RULE}"),)


def _next(verdict: Verdict) -> Iterator[Line]:
    rule = verdict.reason.partition(":")[0]
    if RULE.fullmatch(rule):
        yield (Span(f"  next: provenance explain {rule}"),)


def wrapped(text: str, indent: str, width: int, tone: str = PLAIN) -> Iterator[Line]:
    """The text wrapped; what stands behind its first line break is to be copied as it is."""
    first, *block = text.split("\n")
    lines = _broken(first, min(width, MOST_WIDTH) - len(indent))
    yield from ((Span(indent + line, tone),) for line in lines)
    yield from ((Span(f"{indent}  {printable(line)}", tone),) for line in block)


def _broken(text: str, width: int, begin: str = "") -> list[str]:
    """The lines of a text, the first shorter by `begin`; a digest is never broken."""
    lines = textwrap.wrap(
        printable(text),
        width,
        initial_indent=" " * max(0, len(begin) - 4),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.lstrip() for line in lines] or [""]
