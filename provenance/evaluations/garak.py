"""Reports of garak (`….report.jsonl`): one JSON object a line.

What counts are the lines `eval`, one for each probe and detector: how many answers were looked at,
and how many of them withstood. A report has all of them once its line `completion` is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.evaluations.report import MAX_TESTS, Measure, Report, moment, suite
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.wire.results import TestOutcome

BEGINS = re.compile(
    rb'\s*\{\s*"entry_type"\s*:|\s*\{[^\n]{0,4000}"entry_type"\s*:\s*"start_run setup"'
)
LONGEST = 16 << 20
"""Bytes of one line."""
KIND, SETUP, INIT, EVAL, COMPLETION = "entry_type", "start_run setup", "init", "eval", "completion"
MODELS = ("plugins.target_name", "plugins.model_name")
"""Where the name of the model stands, in the words of today and of before 0.13.1."""


def is_one(head: bytes) -> bool:
    """Whether a file that begins so is perhaps a report."""
    return bool(BEGINS.match(head))


def read(stream: BinaryIO) -> Report:
    """What a report says, or Malformed: for one that is not of a finished run, too."""
    model = version = ""
    finished: datetime | None = None
    ended = False
    measures: dict[str, Measure] = {}
    for kind, line in _lines(stream):
        if kind == SETUP:
            model = next((line.text(name) for name in MODELS if line.holds(name, str)), "")
        elif kind == INIT:
            version = line.text("garak_version", "")
        elif kind == EVAL:
            one = _measure(line)
            if one.name in measures:
                raise line.wrong("probe", f"{one.name!r} stands twice")
            measures[one.name] = one
            if len(measures) > MAX_TESTS:
                raise Malformed(f"more than {MAX_TESTS:,} lines {EVAL!r}", slug="limit")
        elif kind == COMPLETION:
            ended, finished = True, moment(line.text("end_time", ""), line.where("end_time"))
    if not ended:
        raise Malformed(f"no line {COMPLETION!r}: the run has not ended")
    if measures and all(one.value is None for one in measures.values()):
        raise Malformed(f"no answer was evaluated in {len(measures)} lines {EVAL!r}: expected some")
    return Report(
        tool=f"garak {version}".strip(),
        suites={one.suite: suite(one.suite) for one in measures.values()},
        measures=tuple(measures.values()),
        model=model,
        finished=finished,
    )


def _lines(stream: BinaryIO) -> Iterator[tuple[str, Fields]]:
    """The lines that count, each with its kind; all of them are JSON, or Malformed."""
    number = 0
    while data := stream.readline(LONGEST + 1):
        number += 1
        if len(data) > LONGEST:
            raise Malformed(f"line {number}: more than {LONGEST:,} bytes", slug="limit")
        if not data.strip():
            continue
        try:
            line = Fields(json.loads(data, constants=True), f"line {number}")
        except Malformed as error:
            raise Malformed(f"line {number}: {error}") from None
        yield line.text(KIND), line


def _measure(line: Fields) -> Measure:
    """A probe and a detector, called `probe/detector`, with the share of answers that withstood.

    It passes where all did, and with a warning where some could not be told.
    """
    probe, detector = line.filled("probe"), line.filled("detector").removeprefix("detector.")
    total = line.whole("total_evaluated" if "total_evaluated" in line else "total")
    passed, nones = line.whole("passed"), line.whole("nones", 0)
    if passed > total or line.whole("fails", total - passed) != total - passed:
        raise line.wrong(
            "passed", f"expected it to fit the other counts, found {passed} of {total}"
        )
    outcome = TestOutcome.FAILED if passed < total else TestOutcome.PASSED
    if outcome is TestOutcome.PASSED and (nones or not total):
        outcome = TestOutcome.WARNED
    return Measure(
        name=f"{probe}/{detector}",
        suite=f"garak/{probe}",
        value=passed / total if total else None,
        outcome=outcome,
    )
