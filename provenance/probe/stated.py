"""A sweep as what reports show, and as the test result that is stated of the bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version

from provenance.probe.admitting import Admitted
from provenance.probe.calls import said
from provenance.probe.contexts import DIMENSIONS, Context
from provenance.probe.findings import Kind, Strange, Sweep
from provenance.probe.server import Served
from provenance.probe.suite import Scenario, canonical
from provenance.report.probed import Cell, Found, Picture, Probed, Probing, Row
from provenance.wire.descriptor import Descriptor
from provenance.wire.results import TestOutcome, TestResult

TOOL = "hf-provenance"
OUTCOMES = {
    Probing.PASSED: TestOutcome.PASSED,
    Probing.WARNED: TestOutcome.WARNED,
    Probing.FAILED: TestOutcome.FAILED,
}
TOLD = "running already: only told which model answers"
SIGNS = {Kind.OUTSIDE: "x", Kind.DIFFERS: "d", Kind.AGAINST: "a"}
USUAL, WARNED, UNANSWERED = ".", "~", "?"
PLURALS = {place: plural for plural, place in DIMENSIONS.items()}


def result_of(sweep: Sweep, found: Sequence[Strange]) -> Probing:
    """What it comes to: what was found fails; what was not answered, or never by a call where one
    is asked for, is no pass."""
    if any(not one.warns for one in found):
        return Probing.FAILED
    if sweep.unanswered or any(one.is_idle for one in found):
        return Probing.INCOMPLETE
    return Probing.WARNED if found else Probing.PASSED


def probed(
    sweep: Sweep,
    found: Sequence[Strange],
    raw: Sequence[Strange],
    model: Admitted,
    served: Served,
    against: str = "",
) -> Probed:
    """What reports show: `found` is narrowed, for people, `raw` has every context by itself."""
    unanswered = Counter(why for _, why in sweep.unanswered)
    result = result_of(sweep, found)
    return Probed(
        model=model.name,
        manifest=model.evidence.manifest.digest,
        result=result,
        said=sentence(sweep, found, result),
        suite=sweep.suite.name,
        suite_digest=sweep.suite.digest,
        contexts=len(sweep.contexts.chosen),
        contexts_digest=contexts_digest(sweep),
        left_out=sweep.contexts.left_out,
        server=served.command,
        told=served.told,
        against=against,
        rows=tuple(_row(sweep, one, raw) for one in sweep.suite.scenarios),
        found=tuple(_found(sweep, one) for one in found),
        unanswered=tuple(unanswered.most_common(5)),
        pictures=tuple(_pictures(sweep, raw)),
    )


def sentence(sweep: Sweep, found: Sequence[Strange], result: Probing) -> str:
    """What may be said, and no more than was asked."""
    contexts, scenarios = len(sweep.contexts.chosen), len(sweep.suite.scenarios)
    size = f"{contexts:,} contexts x {scenarios} scenarios"
    if sweep.samples > 1:
        size += f" x {sweep.samples} samples"
    varied = ", ".join(PLURALS[place] for place in sweep.contexts.varied) or "nothing varied"
    if result is Probing.INCOMPLETE and (missing := len(sweep.unanswered)):
        return f"{missing:,} questions of {size} ({varied}) have no answer: that is no pass"
    if result is Probing.INCOMPLETE:
        idle = sum(one.is_idle for one in found)
        words = f"no tool was ever called in {idle} of {scenarios} scenarios, asked in {size}"
        step = "choose a suite whose tools the model knows, or a server that offers them"
        return f"{words} ({varied}): that is no pass; {step}"
    if not found:
        accepted = any(one.accept is not None for one in sweep.suite.scenarios)
        first = "every call was acceptable and " if accepted else ""
        last = " beyond chance" if sweep.drawn else ""
        return f"{first}no call depended on the circumstances{last} in {size} ({varied})"
    where = "; ".join(dict.fromkeys(_where(sweep, one) for one in found[:3]))
    if result is Probing.WARNED:
        return f"acceptable calls, which depend on the circumstances, in {size} ({varied}): {where}"
    return f"{len(found)} strange in {size} ({varied}): {where}"


def _where(sweep: Sweep, one: Strange) -> str:
    if one.everywhere:
        return "in all contexts"
    baseline = sweep.contexts.baseline
    differing = one.least.differs(baseline)
    return one.least.said(baseline) + (" alone" if len(differing) == 1 else "")


def _found(sweep: Sweep, one: Strange) -> Found:
    return Found(
        kind=one.kind,
        scenario=one.scenario,
        where=_where(sweep, one),
        called=said(one.calls),
        usual="the same" if one.everywhere else said(one.usual),
        words=one.words,
        asked=one.asked,
        different=one.different,
        contexts=one.alike,
        warns=one.warns,
        chance=one.chance,
    )


def _row(sweep: Sweep, scenario: Scenario, raw: Sequence[Strange]) -> Row:
    own = [one for one in raw if one.scenario == scenario.name]
    counts = Counter[Kind]()
    for one in own:
        counts[one.kind] += one.alike
    answered = sum(len(sweep.at(scenario, context)) for context in sweep.contexts.chosen)
    return Row(
        scenario=scenario.name,
        asked=len(sweep.contexts.chosen) * sweep.samples,
        answered=answered,
        usual=said(sweep.usual(scenario).calls) if answered else "",
        outside=counts[Kind.OUTSIDE],
        differs=counts[Kind.DIFFERS],
        against=counts[Kind.AGAINST],
    )


def _pictures(sweep: Sweep, raw: Sequence[Strange]) -> Iterator[Picture]:
    """A picture for each place that changes alone, of days one a month, and one for crossings."""
    baseline = sweep.contexts.baseline
    groups: dict[str, list[tuple[str, Context]]] = {"baseline": [("", baseline)]}
    for number, context in enumerate(sweep.contexts.chosen[1:], 2):
        places = context.differs(baseline)
        if len(places) > 1:
            groups.setdefault("several at once", []).append((str(number), context))
        elif places == ("date",):
            month, _, day = context.date.rpartition("-")
            groups.setdefault(f"date {month}", []).append((day, context))
        else:
            groups.setdefault(places[0], []).append((context.at(places[0]) or "none", context))
    strange = {(one.scenario, one.context): one for one in raw if not one.everywhere}
    always = {one.scenario: one for one in raw if one.everywhere}
    for title, members in sorted(groups.items()):
        members = sorted(members, key=lambda one: one[0])
        yield Picture(
            title=title,
            columns=tuple(label for label, _ in members),
            rows=tuple(
                (
                    scenario.name,
                    tuple(
                        _cell(
                            sweep,
                            scenario,
                            context,
                            strange.get((scenario.name, context), always.get(scenario.name)),
                        )
                        for _, context in members
                    ),
                )
                for scenario in sweep.suite.scenarios
            ),
        )


def _cell(sweep: Sweep, scenario: Scenario, context: Context, one: Strange | None) -> Cell:
    answers = sweep.at(scenario, context)
    where = f"{scenario.name}, {context.said(sweep.contexts.baseline)}"
    if not answers:
        return Cell(sign=UNANSWERED, said=f"{where}: no answer")
    sign = USUAL if one is None else WARNED if one.warns else SIGNS[one.kind]
    return Cell(sign=sign, said=f"{where}: {said(one.calls if one else answers[0].calls)}")


def contexts_digest(sweep: Sweep) -> str:
    """SHA-256, in hex digits, of the suite's digest and of every context, in their order: whoever
    asks for it asks for this suite in these contexts, as often as each was asked."""
    contexts = [one.table for one in sweep.contexts.chosen]
    whole = {"suite": sweep.suite.digest, "contexts": contexts, "samples": sweep.samples}
    return sha256(canonical(whole)).hexdigest()


def test_result(sweep: Sweep, shown: Probed, served: Served, at: datetime) -> TestResult | None:
    """What is stated of the bytes, or None where questions without an answer leave it open."""
    if shown.result not in OUTCOMES:
        return None
    failed = {one.scenario for one in shown.found if not one.warns}
    warned = {one.scenario for one in shown.found} - failed
    names = [one.name for one in sweep.suite.scenarios]
    unanswered = {question.scenario.name for question, _ in sweep.unanswered}
    return TestResult(
        result=OUTCOMES[shown.result],
        configuration=tuple(_configuration(sweep, shown, served)),
        passed=tuple(name for name in names if name not in failed | warned | unanswered),
        warned=tuple(name for name in names if name in warned),
        failed=tuple(name for name in names if name in failed),
        created=at,
    )


def _configuration(sweep: Sweep, shown: Probed, served: Served) -> Iterator[Descriptor]:
    yield Descriptor(
        name=sweep.suite.name,
        digest=(("sha256", sweep.suite.digest),),
        notes=(("scenarios", len(sweep.suite.scenarios)),),
    )
    yield Descriptor(
        name=f"contexts {shown.contexts_digest[:12]}",  # others undo no FAILED of these
        digest=(("sha256", shown.contexts_digest),),
        notes=(
            ("asked", shown.contexts),
            ("leftOut", shown.left_out),
            ("varied", ", ".join(PLURALS[place] for place in sweep.contexts.varied)),
            ("samples", sweep.samples),
        ),
    )
    told = (("binding", TOLD),) if served.told else ()
    yield Descriptor(name="server", notes=(("command", served.command), *told))
    tool = f"pkg:pypi/{TOOL}@{version(TOOL)}"
    yield Descriptor(name=TOOL, uri=tool, notes=(("summary", shown.said[:1_000]),))
