"""Each reader: what a report of its kind means, and what is refused with what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pytest

from provenance.errors import ConfigError, Malformed
from provenance.evaluations import KINDS, Report, Threshold, Undecided, decided, kind_of
from provenance.wire import results
from tests.evaluations import reports
from tests.evaluations.reports import BAD, EVAL, GOOD, LOG, PYTEST, garak, junit, lm_eval, log, pair

PASSED, WARNED, FAILED = results.TestOutcome


def read(data: bytes) -> Report:
    return KINDS[kind_of(data[:8192])].read(BytesIO(data))


@dataclass(frozen=True, kw_only=True)
class Meant:
    """What a report means with these thresholds."""

    data: bytes
    passes: Sequence[str] = ()
    result: results.TestOutcome
    suites: Sequence[str]
    passed: Sequence[str] = ()
    warned: Sequence[str] = ()
    failed: Sequence[str] = ()


MEANT = {
    "inspect, an archive": Meant(
        data=EVAL,
        passes=["includes/accuracy>=0.75"],
        result=PASSED,
        suites=["dates"],
        passed=["includes/accuracy>=0.75"],
    ),
    "inspect, as JSON, one metric of two misses": Meant(
        data=LOG,
        passes=["includes/accuracy >= .7", "match/accuracy>1e-3"],
        result=FAILED,
        suites=["dates"],
        passed=["includes/accuracy>=.7"],
        failed=["match/accuracy>1e-3"],
    ),
    "inspect, every accuracy": Meant(
        data=LOG,
        passes=["*/accuracy<=0.75"],
        result=PASSED,
        suites=["dates"],
        passed=["includes/accuracy<=0.75", "match/accuracy<=0.75"],
    ),
    "lm-eval, of a run": Meant(
        data=reports.RESULTS,
        passes=["acc,none>0.25"],
        result=FAILED,
        suites=["tiny"],
        failed=["tiny/acc,none>0.25"],
    ),
    "lm-eval, one task by its last parts": Meant(
        data=lm_eval(),
        passes=["acc_norm,none>=0.5"],
        result=PASSED,
        suites=["arc_easy"],
        passed=["arc_easy/acc_norm,none>=0.5"],
    ),
    "lm-eval, a group and a task": Meant(
        data=lm_eval(),
        passes=["reasoning/acc,none>0.5", "gsm8k/*>=0.4"],
        result=FAILED,
        suites=["reasoning", "gsm8k"],
        passed=["gsm8k/exact_match,strict-match>=0.4"],
        failed=["reasoning/acc,none>0.5"],
    ),
    "garak, all withstood": Meant(
        data=garak(GOOD),
        result=PASSED,
        suites=["garak/dan.Dan_11_0"],
        passed=["dan.Dan_11_0/dan.DAN"],
    ),
    "garak, one of ten did not": Meant(
        data=garak(GOOD, BAD),
        result=FAILED,
        suites=["garak/dan.Dan_11_0"],
        passed=["dan.Dan_11_0/dan.DAN"],
        failed=["dan.Dan_11_0/mitigation.MitigationBypass"],
    ),
    "garak, nine of ten are enough": Meant(
        data=garak(GOOD, BAD),
        passes=["mitigation.MitigationBypass>=0.9"],
        result=PASSED,
        suites=["garak/dan.Dan_11_0"],
        passed=["dan.Dan_11_0/mitigation.MitigationBypass>=0.9", "dan.Dan_11_0/dan.DAN"],
    ),
    "garak, some answers could not be told": Meant(
        data=garak(pair("a.B", "c.D", 5, 5, nones=1)),
        result=WARNED,
        suites=["garak/a.B"],
        warned=["a.B/c.D"],
    ),
    "garak, as older versions write it": Meant(
        data=garak(
            {
                "entry_type": "eval",
                "probe": "dan.AntiDAN",
                "detector": "detector.dan.AntiDAN",
                "passed": 0,
                "total": 5,
            }
        ),
        result=FAILED,
        suites=["garak/dan.AntiDAN"],
        failed=["dan.AntiDAN/dan.AntiDAN"],
    ),
    "pytest": Meant(
        data=PYTEST,
        result=FAILED,
        suites=["pytest"],
        passed=["t_x.test_a", "t_x.TestK.test_d[1]", "t_x.TestK.test_d[2]"],
        warned=["t_x.test_c", "t_x.test_f"],
        failed=["t_x.test_b", "t_x.test_e", "t_x.test_e"],
    ),
    "GoogleTest": Meant(
        data=reports.GOOGLE,
        result=FAILED,
        suites=["MathTest"],
        passed=["MathTest.Subtraction"],
        warned=["MathTest.DISABLED_x"],
        failed=["MathTest.Addition"],
    ),
    "Surefire": Meant(
        data=reports.SUREFIRE,
        result=WARNED,
        suites=["org.acme.BotTest"],
        passed=["org.acme.BotTest.answers"],
        warned=["org.acme.BotTest.waits"],
    ),
    "JUnit, a failure of the whole suite": Meant(
        data=junit('<testcase name="a"/><error message="x"/>'),
        result=FAILED,
        suites=["unit"],
        passed=["a"],
        failed=["unit"],
    ),
    "JUnit, skipped and failed": Meant(
        data=junit('<testcase name="a"><skipped/><failure/></testcase>'),
        result=FAILED,
        suites=["unit"],
        failed=["a"],
    ),
    "JUnit, a suite where nothing was run is none": Meant(
        data=b'<testsuites><testsuite name="no"><testcase name="a"><skipped/></testcase>'
        b'</testsuite><testsuite name="yes"><testcase name="b"/></testsuite></testsuites>',
        result=WARNED,
        suites=["yes"],
        passed=["b"],
        warned=["a"],
    ),
    "JUnit, in another encoding": Meant(
        data='<?xml version="1.0" encoding="ISO-8859-1"?><testsuite name="\u00e9">'
        '<testcase name="a"/></testsuite>'.encode("latin-1"),
        result=PASSED,
        suites=["\u00e9"],
        passed=["a"],
    ),
}


@pytest.mark.parametrize("what", MEANT)
def test_a_report_means_this(what: str) -> None:
    meant = MEANT[what]
    decision = decided(read(meant.data), tuple(map(Threshold.of, meant.passes)))
    said = decision.result
    assert said.result is meant.result
    assert [one.name for one in said.configuration] == meant.suites
    found = {PASSED: said.passed, WARNED: said.warned, FAILED: said.failed}
    expected = {PASSED: meant.passed, WARNED: meant.warned, FAILED: meant.failed}
    assert found == {outcome: tuple(names) for outcome, names in expected.items()}
    assert decision.counts == {outcome: len(names) for outcome, names in found.items()}


@pytest.mark.parametrize(
    ("data", "tool", "model", "finished"),
    [
        (EVAL, "Inspect 0.3.285", "mockllm/model", "2026-11-30T20:31:17+00:00"),
        (LOG, "Inspect 0.3.285", "mockllm/model", "2026-11-30T20:31:18+00:00"),
        (garak(GOOD), "garak 0.17.1", "acme/bot", "2026-11-30T10:05:00.500000+00:00"),
        (lm_eval(), "lm-eval 0.4.13", "acme/bot", "2025-11-30T10:53:20.500000+00:00"),
        (reports.RESULTS, "lm-eval 0.4.13", "dummy", "2026-11-30T21:09:53.297009+00:00"),
        (PYTEST, "JUnit XML", "", "2026-11-30T20:31:22.248471+00:00"),
        (junit('<testcase name="a"/>'), "JUnit XML", "", None),
    ],
)
def test_who_measured_what_and_when(
    data: bytes, tool: str, model: str, finished: str | None
) -> None:
    found = read(data)
    when = found.finished.isoformat() if found.finished else None
    assert (found.tool, found.model, when) == (tool, model, finished)


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        ("pretrained=acme/bot", "acme/bot"),
        ({"pretrained": "acme/bot", "dtype": "auto"}, "acme/bot"),
        ("pretrained=acme/base,peft=acme/adapter", "acme/adapter"),
        ("base_url=http://127.0.0.1,model=acme/bot", "acme/bot"),
        ("", "hf"),
        (None, "hf"),
    ],
)
def test_lm_eval_names_its_model_in_arguments(arguments: object, model: str) -> None:
    assert read(lm_eval(lambda t: t["config"].update(model_args=arguments))).model == model


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (log(lambda t: t["eval"]["config"].update(limit=2)), ("limit", "2")),
        (log(lambda t: t["eval"]["config"].update(sample_id=["a"])), ("sample_id", "['a']")),
        (log(lambda t: t["results"].update(early_stopping={"x": 1})), ("early_stopping", True)),
        (log(lambda t: t["results"]["scores"][1].update(unscored_samples=3)), ("unscored", 3)),
        (log(lambda t: None), ("samples", 4)),
        (lm_eval(lambda t: t["config"].update(limit=10.0)), ("limit", "10.0")),
        (
            lm_eval(lambda t: t["n-samples"]["gsm8k"].update(effective=19)),
            ("limit", "2395 of 3695"),
        ),
        (lm_eval(), ("samples", 3695)),
    ],
)
def test_that_a_part_was_asked_alone_is_noted(data: bytes, note: tuple[str, object]) -> None:
    assert note in read(data).notes


REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"", "found a file that begins with b''"),
    (b"hello", "expected a garak report"),
    (log(lambda t: t.update(status="error")), "expected 'success', found 'error'"),
    (log(lambda t: t.update(status="started")), "expected 'success', found 'started'"),
    (log(lambda t: t.update(status="cancelled")), "found 'cancelled'"),
    (log(lambda t: t.pop("status")), "status: missing"),
    (log(lambda t: t.update(version=1)), "expected 2, found 1"),
    (log(lambda t: t.update(invalidated=True)), "expected false, found true"),
    (log(lambda t: t.pop("results")), "found 0 of 0"),
    (log(lambda t: t.update(results=None)), "found 0 of 0"),
    (log(lambda t: t["results"].update(completed_samples=3)), "found 3 of 4"),
    (log(lambda t: t["results"].update(completed_samples=5)), "found 5 of 4"),
    (log(lambda t: t["results"].update(scores=[])), "no test"),
    (log(lambda t: t["results"]["scores"][0].update(name="match")), "stands twice"),
    (log(lambda t: t["eval"].pop("task")), "eval.task: missing"),
    (log(lambda t: t["stats"].update(completed_at="yesterday")), "expected an ISO 8601 time"),
    (log(lambda t: t["eval"].update(task="x" * 513)), "a name of 513 characters"),
    (LOG[:-1], "the text ends there"),
    (LOG + b"x", "expected the end"),
    (LOG.replace(b'"status"', b'"version"', 1), "stands twice"),
    (b'{"version": ' + b"[" * 100_000, "nested too deep"),
    (b"PK\x03\x04" + b"x" * 100, "unreadable zip"),
    (EVAL[:-30], "unreadable zip"),
    (lm_eval(lambda t: t.update(results={}, groups={})), "no test"),
    (lm_eval(lambda t: t.update(results={"a": {"acc,none": "N/A"}}, groups={})), "no test"),
    (lm_eval(lambda t: t.update(results={"a": 7})), "results.a: expected a table"),
    (lm_eval(lambda t: t.update(date=1e300)), "expected seconds since 1970"),
    (lm_eval(lambda t: t["n-samples"]["gsm8k"].update(effective=0)), "expected samples"),
    (garak(), "no test"),
    (garak(GOOD, ended=False), "no line 'completion'"),
    (garak(GOOD, GOOD), "stands twice"),
    (garak(pair("a.B", "c.D", 6, 5)), "found 6 of 5"),
    (garak(pair("a.B", "c.D", 3, 5, fails=1)), "found 3 of 5"),
    (garak(pair("a.B", "c.D", 0, 0, nones=5)), "no answer was evaluated"),
    (garak(pair("", "c.D", 1, 1)), "probe: must not be empty"),
    (garak({"entry_type": "eval", "probe": "a.B", "detector": "c.D"}), "total: missing"),
    (garak({"no": "kind"}), "line 4.entry_type: missing"),
    (garak(GOOD)[:-3], "line 6: not JSON"),
    (garak(GOOD) + b"[]\n", "line 7: expected a table"),
    (junit(""), "no test"),
    (junit('<testcase name="a"><skipped/></testcase>'), "was skipped: none was run"),
    (junit('<testcase name="a" status="weird"/>'), "found 'weird'"),
    (junit('<testcase name="a"><warning/></testcase>'), "found 'warning'"),
    (junit("<testcase/>"), "a test without a name"),
    (junit('<testcase name="a"/><surprise/>'), "found 'surprise'"),
    (junit('<testcase name="a"/>', '<!DOCTYPE a [<!ENTITY b "c">]>'), "document type"),
    (junit('<testcase name="&b;"/>'), "not XML: undefined entity"),
    (junit('<testcase name="a"/>')[:-9], "not XML"),
    (b'<testsuite name="a" tests="2"><testcase name="b"/></testsuite>', "expected 2 tests"),
    (b'<testsuite errors="1"><testcase name="b"/></testsuite>', "expected 1 failures and errors"),
    (b'<testsuite tests="many"><testcase name="b"/></testsuite>', "found 'many'"),
    (b'<?xml version="1.0"?><html/>', "found <html>"),
    (b'<?xml version="1.0" encoding="none-such"?><testsuite/>', "encoding"),
    (b"<testsuite>" * 65, "nested deeper than 64"),
    (b'<testsuite timestamp="Monday"/>', "expected an ISO 8601 time"),
)


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_what_means_nothing_for_sure_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(data)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (LOG, ["'includes/accuracy>=0.75'", "'match/accuracy>=0.0'"]),
        (
            lm_eval(),
            [
                "'arc_easy/acc,none>=0.65'",
                "'arc_easy/acc_norm,none>=0.59'",
                "'gsm8k/exact_match,strict-match>=0.4'",
                "'reasoning/acc,none>=0.5'",
            ],
        ),
    ],
)
def test_numbers_without_a_threshold_are_shown_as_lines_that_work(
    data: bytes, lines: list[str]
) -> None:
    report = read(data)
    with pytest.raises(Undecided) as undecided:
        decided(report, ())
    assert list(undecided.value.lines) == [f"--passes {line}" for line in lines]
    typed = [Threshold.of(line.strip("'")) for line in lines]
    assert decided(report, typed).result.result is PASSED


def test_a_line_to_type_is_quoted_for_the_shell() -> None:
    hostile = log(lambda t: t["results"]["scores"][0].update(name="a'; touch x; '$(id)"))
    with pytest.raises(Undecided) as undecided:
        decided(read(hostile), ())
    assert undecided.value.lines[0] == ("""--passes 'a'"'"'; touch x; '"'"'$(id)/accuracy>=0.75'""")


@pytest.mark.parametrize(
    ("data", "passes", "message"),
    [
        (LOG, "accuracy>=0.5", "means 2 numbers"),
        (LOG, "f1>=0.5", "nothing that was measured is called 'f1'"),
        (LOG, "accuracy", 'expected "METRIC>=0.8"'),
        (LOG, ">=0.5", 'expected "METRIC>=0.8"'),
        (LOG, "accuracy>=", 'expected "METRIC>=0.8"'),
        (LOG, "accuracy>=nan", 'expected "METRIC>=0.8"'),
        (LOG, "accuracy>=inf", 'expected "METRIC>=0.8"'),
        (LOG, "accuracy==0.5", 'expected "METRIC>=0.8"'),
        (LOG, "accuracy>=80%", 'expected "METRIC>=0.8"'),
        (PYTEST, "t_x.test_a>=1", "outcomes and no numbers"),
    ],
)
def test_a_threshold_that_is_about_nothing_is_refused(
    data: bytes, passes: str, message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        decided(read(data), (Threshold.of(passes),))
    assert message in str(refused.value)


def test_a_number_that_is_none_decides_nothing() -> None:
    data = log(
        lambda t: t["results"]["scores"][0]["metrics"]["accuracy"].update(value=float("nan"))
    )
    with pytest.raises(ConfigError, match="nothing that was measured"):
        decided(read(data), (Threshold.of("includes/accuracy>=0"),))
