"""The report as GitHub shows it in summaries and comments: what changed, then what decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.report.common import (
    NOT_JUDGED,
    Summary,
    aside,
    basis,
    by_exception,
    counted,
    deciding,
    own_problems,
)
from provenance.report.graph import cut, has_parents, mermaid
from provenance.report.history import in_short
from provenance.report.markup import code, fenced, folded, html, plain
from provenance.report.review import SHARES, changed
from provenance.verdict import Finding, Level, Outcome, Result, Verdict, nobody

RESULTS = {Result.PASS: "✅", Result.FAIL: "❌", Result.INCOMPLETE: "❔"}
OUTCOMES = {
    Outcome.PASS: "✅",
    Outcome.EXCEPTED: "🔇",
    Outcome.FAIL: "❌",
    Outcome.UNKNOWN: "❔",
    Outcome.SKIPPED: "⏭️",
}
MOST_NODES = 40
MOST_FINDINGS = 50
MOST_STEPS, LONG = 6, 400
"""Steps of a history that are told, and letters of what went into one."""
MOST = 60_000
"""Bytes of a text for GitHub, which takes 65,536 letters and counts some of them twice."""
FEW = 10
"""Models that pass and did not change of which each has its own part, if nothing else has."""
BELOW = "what to add stands below"
ABOVE = "**About the rules, and not about any one model:**"


def markdown(summary: Summary) -> str:
    """The report in GitHub Flavored Markdown; nothing of a model's is taken for markup.

    Differences of texts are shortened, the same for each, until all of it fits a comment.
    """
    text = ""
    for share in SHARES:
        text = "\n".join(_lines(summary, share)) + "\n"
        if len(text.encode()) <= MOST:
            break
    return text


def _lines(summary: Summary, share: int) -> Iterator[str]:
    loud, quiet = _by_interest(summary)
    yield f"## {RESULTS[summary.result]} provenance: {plain(counted(summary))}"
    if summary.above:
        yield from ("", ABOVE, "", *_findings(summary.above))
    if loud or summary.unjudged:
        yield from ("", *_overview(loud, summary))
    for verdict in loud:
        yield from ("", *_model(verdict, summary, share))
    yield from _gone(summary, share)
    if quiet:
        yield from ("", *folded(_of_quiet(quiet, summary), [*HEAD, *map(_row, quiet)]))
    yield ""
    yield f"policy {code(summary.policy)}, registry {code(summary.registry)}"


def _by_interest(summary: Summary) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
    """The verdicts to be shown, and those that only are counted and listed: what did not change and
    has nothing against it but the rules, where there is something else to see."""
    loud = [v for v in summary.ordered if _speaks(v) or summary.change_of(v)]
    quiet = [verdict for verdict in summary.ordered if verdict not in loud]
    return (loud, quiet) if loud or summary.unjudged or len(quiet) > FEW else (quiet, ())


def _speaks(verdict: Verdict) -> bool:
    """Whether it does not pass for a reason of its own."""
    by_rules = verdict.result is Result.FAIL and not deciding(verdict)
    return verdict.result is not Result.PASS and not by_rules


def _of_quiet(quiet: Sequence[Verdict], summary: Summary) -> str:
    """What stands above the models that are folded away."""
    same = "unchanged" if summary.changes is not None else ""
    plainly = all(verdict.result is Result.PASS for verdict in quiet)
    come = "pass" if plainly else "have nothing against them but the rules"
    said = " and ".join(filter(None, (same, come)))
    return f"{len(quiet)} models {said}" if len(quiet) > 1 else f"1 model: {said}"


HEAD = ("| | model | verdict | why |", "|---|---|---|---|")


def _overview(loud: Sequence[Verdict], summary: Summary) -> Iterator[str]:
    yield from HEAD
    yield from map(_row, loud)
    for model in summary.unjudged:
        mark = RESULTS[Result.INCOMPLETE]
        yield f"| {mark} | {code(model.name)} | **{NOT_JUDGED}** | {plain(model.reason)} |"


def _row(verdict: Verdict) -> str:
    said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    return f"| {_mark(verdict)} | {code(verdict.name)} | {plain(said)} | {plain(verdict.reason)} |"


def _gone(summary: Summary, share: int) -> Iterator[str]:
    """What changes of models that are not judged: those that are locked no more."""
    known = {verdict.name for verdict in summary.verdicts}
    for name, review_of in (summary.changes or {}).items():
        if name not in known:
            yield from ("", f"### {code(name)}", "", *changed(review_of, share))


def _model(verdict: Verdict, summary: Summary, share: int) -> Iterator[str]:
    yield f"### {_mark(verdict)} {code(verdict.name)}"
    review_of = summary.change_of(verdict)
    if review_of and (lines := list(changed(review_of, share))):
        yield from ("", *lines)
    decided = deciding(verdict)
    if decided:
        yield from ("", *_findings(decided))
    yield from ("", *folded(_title(verdict), _evidence(verdict, decided, summary)))


def _title(verdict: Verdict) -> str:
    checks = " · ".join(f"{OUTCOMES[outcome]} {html(check)}" for check, outcome in verdict.checks)
    return checks or html(verdict.name)


def _evidence(verdict: Verdict, decided: Sequence[Finding], summary: Summary) -> Iterator[str]:
    """By what it was judged, and what else was found."""
    at = f" at {code(verdict.commit)}" if verdict.commit else ""
    yield f"{code(verdict.ref)}{at}: {basis(verdict)}, {code(verdict.manifest)}"
    yield ""
    yield from _signers(verdict)
    others = [finding for finding in own_problems(verdict) if finding not in decided]
    if others:
        yield from ("", *_findings(others))
    graph = summary.of(verdict).graph
    if graph and has_parents(graph) and len(graph.nodes) <= MOST_NODES:
        yield from ("", *fenced(mermaid(graph), "mermaid"))
        short = in_short(graph, MOST_STEPS)
        told = [f"- {plain(step)}: {plain(cut(facts, LONG))}" for step, facts in short]
        yield from ("", *told) if told else ()


def _mark(verdict: Verdict) -> str:
    return OUTCOMES[Outcome.EXCEPTED] if by_exception(verdict) else RESULTS[verdict.result]


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    yield "| | rule | about | |"
    yield "|---|---|---|---|"
    yield from map(_finding, found[:MOST_FINDINGS])
    if len(found) > MOST_FINDINGS:
        yield f"| | | | and {len(found) - MOST_FINDINGS} more |"
    for finding in found[:MOST_FINDINGS]:
        _, _, block = finding.message.partition("\n")
        if block:
            yield from ("", f"{code(finding.rule)}:", "", *fenced(block, "toml"))


def _finding(finding: Finding) -> str:
    mark, note = OUTCOMES[finding.outcome], ""
    if finding.waived:
        mark, note = OUTCOMES[Outcome.EXCEPTED], f" *waived: {plain(finding.waived)}*"
    elif finding.exempted:
        mark, note = OUTCOMES[Outcome.EXCEPTED], f" *exempted: {plain(finding.exempted)}*"
    elif finding.level is not Level.REQUIRE:
        mark = "⚠️"
    where = code(finding.where) if finding.where else ""
    said, _, block = finding.message.partition("\n")
    below = f" ({BELOW})" if block else ""
    return f"| {mark} | {code(finding.rule)} | {where} | {plain(said)}{below}{note} |"


def _signers(verdict: Verdict) -> Iterator[str]:
    for signer in verdict.signers:
        known = f"{signer.organisation} ({signer.name})" if signer.organisation else ""
        party = plain(known) or "somebody the registry does not know"
        when = f", verified {plain(signer.times[0])}" if signer.times else ", no verified time"
        yield f"- signed by {party}: {code(signer.identity)}{when}, {code(signer.bundle)}"
    if not verdict.signers:
        yield f"- {nobody(verdict.findings)}"
