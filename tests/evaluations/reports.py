"""Reports as their tools write them: two logs of Inspect, results of lm-eval and XML of pytest that
these made; and of garak, and of larger runs of lm-eval, what their sources write, as far as a
reader looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "reports"
EVAL = (FOLDER / "inspect.eval").read_bytes()
LOG = (FOLDER / "inspect.json").read_bytes()
RESULTS = (FOLDER / "lm-eval.json").read_bytes()
PYTEST = (FOLDER / "pytest.xml").read_bytes()
Table = dict[str, Any]


def log(change: Callable[[Table], object]) -> bytes:
    """The log of Inspect after a change."""
    table = json.loads(LOG)
    change(table)
    return json.dumps(table).encode()


LM_EVAL: Table = {
    "results": {
        "arc_easy": {
            "alias": "arc_easy",
            "sample_len": 2376,
            "acc,none": 0.65,
            "acc_stderr,none": 0.0097,
            "acc_norm,none": 0.59,
            "acc_norm_stderr,none": "N/A",
        },
        "gsm8k": {"alias": "gsm8k", "exact_match,strict-match": 0.4},
    },
    "groups": {"reasoning": {"acc,none": 0.5, "alias": "reasoning"}},
    "group_subtasks": {"reasoning": ["arc_easy", "gsm8k"]},
    "configs": {"arc_easy": {"task": "arc_easy", "num_fewshot": 0}},
    "versions": {"arc_easy": 1.0, "gsm8k": 3.0},
    "n-shot": {"arc_easy": 0, "gsm8k": 5},
    "higher_is_better": {"arc_easy": {"acc": True}},
    "n-samples": {
        "arc_easy": {"original": 2376, "effective": 2376},
        "gsm8k": {"original": 1319, "effective": 1319},
    },
    "config": {
        "model": "hf",
        "model_args": "pretrained=acme/bot,dtype=bfloat16",
        "batch_size": "8",
        "limit": None,
    },
    "git_hash": "abc1234",
    "date": 1764500000.5,
    "lm_eval_version": "0.4.13",
    "task_hashes": {},
    "model_source": "hf",
    "model_name": "acme/bot",
}


def lm_eval(change: Callable[[Table], object] = lambda _: None) -> bytes:
    """The results of lm-eval after a change."""
    table = json.loads(json.dumps(LM_EVAL))
    change(table)
    return json.dumps(table, indent=2).encode()


def pair(probe: str, detector: str, passed: int, total: int, **more: object) -> Table:
    """A line of garak about one probe and detector."""
    return {
        "entry_type": "eval",
        "probe": probe,
        "detector": detector,
        "passed": passed,
        "fails": total - passed,
        "nones": 0,
        "total_evaluated": total,
        "total_processed": total,
        **more,
    }


SETUP: Table = {
    "entry_type": "start_run setup",
    "_config.DICT_CONFIG_AFTER_LOAD": False,
    "transient.report_filename": "garak.report.jsonl",
    "plugins.target_type": "huggingface",
    "plugins.target_name": "acme/bot",
    "run.generations": 5,
}
INIT: Table = {
    "entry_type": "init",
    "garak_version": "0.17.1",
    "start_time": "2026-11-30T10:00:00.123456",
    "run": "5b1f",
}
ATTEMPT: Table = {
    "entry_type": "attempt",
    "uuid": "9c0e",
    "status": 2,
    "probe_classname": "dan.Dan_11_0",
    "outputs": [{"text": "\u00e9"}],
    "detector_results": {"dan.DAN": [0.0, None]},
}
GOOD = pair("dan.Dan_11_0", "dan.DAN", 5, 5)
BAD = pair("dan.Dan_11_0", "mitigation.MitigationBypass", 9, 10)
COMPLETION: Table = {
    "entry_type": "completion",
    "end_time": "2026-11-30T10:05:00.5",
    "run": "5b1f",
}


def garak(*lines: Mapping[str, object], ended: bool = True) -> bytes:
    """A report of garak with these lines."""
    every: Sequence[Mapping[str, object]] = (
        SETUP,
        INIT,
        ATTEMPT,
        *lines,
        *((COMPLETION,) if ended else ()),
        {"entry_type": "digest", "meta": {}, "eval": {}},
    )
    return "".join(json.dumps(line) + "\n" for line in every).encode()


def junit(inside: str, head: str = "") -> bytes:
    """XML of one suite with this inside."""
    return f'{head}<testsuites><testsuite name="unit">{inside}</testsuite></testsuites>'.encode()


GOOGLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" disabled="1" errors="0" time="0.035"
    timestamp="2026-11-30T10:00:00.000" name="AllTests">
  <testsuite name="MathTest" tests="3" failures="1" disabled="1" skipped="0" errors="0">
    <testcase name="Addition" file="test.cpp" line="1" status="run" result="completed" time="0.007"
        classname="MathTest">
      <failure message="Value of: add(1, 1)" type=""><![CDATA[test.cpp:1]]></failure>
    </testcase>
    <testcase name="Subtraction" status="run" result="completed" classname="MathTest" />
    <testcase name="DISABLED_x" status="notrun" result="suppressed" classname="MathTest" />
  </testsuite>
</testsuites>
"""
SUREFIRE = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="org.acme.BotTest"
    time="0.1" tests="2" errors="0" skipped="0" failures="0" flakes="1">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="answers" classname="org.acme.BotTest" time="0.05"/>
  <testcase name="waits" classname="org.acme.BotTest" time="0.05">
    <flakyFailure message="late" type="AssertionError"><stackTrace>x</stackTrace></flakyFailure>
    <system-out>y</system-out>
  </testcase>
</testsuite>
"""
