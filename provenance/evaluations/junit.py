"""JUnit XML, as test runners write it: `testsuites`, `testsuite`, `testcase`.

There is no standard; this reads what JUnit, Maven's Surefire, pytest, Bazel and GoogleTest write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from xml.parsers.expat import ExpatError, ParserCreate

from provenance.errors import Malformed
from provenance.evaluations.report import MAX_NAME, MAX_TESTS, Measure, Report, moment, suite
from provenance.wire.results import TestOutcome

PASSED, WARNED, FAILED = TestOutcome
CHUNK = 1 << 18
LONGEST = 4 << 20
"""Bytes of one tag, or of whatever else cannot be told before its end."""
DEEPEST = 64
SUITES, CASE = ("testsuites", "testsuite"), "testcase"
UNNAMED = "junit"
ASIDE = ("properties", "system-out", "system-err")
INSIDE: Mapping[str, TestOutcome] = {
    **dict.fromkeys(ASIDE, PASSED),
    **dict.fromkeys(("skipped", "flakyFailure", "flakyError"), WARNED),
    **dict.fromkeys(("failure", "error", "rerunFailure", "rerunError"), FAILED),
}
"""What an element in a test says of it; of several the worst counts."""
STATES: Mapping[str, TestOutcome] = {
    **dict.fromkeys(("run", "completed", "passed", "pass", "success", "ok"), PASSED),
    **dict.fromkeys(("notrun", "suppressed", "skipped", "disabled", "ignored"), WARNED),
    **dict.fromkeys(("failed", "fail", "failure", "error"), FAILED),
}
"""What the attributes `status` and `result` of a test say of it."""
WORST = (FAILED, WARNED, PASSED)
BEGINS = (b"<?xml", b"<testsuite", b"<!")


def is_one(head: bytes) -> bool:
    """Whether a file that begins so is perhaps XML of tests."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(BEGINS)


def read(stream: BinaryIO) -> Report:
    """What the tests found, or Malformed; for a document type, which nobody needs here, too."""
    tests, parser = _Tests(), ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = tests.begin, tests.end
    passed = 0
    try:
        while data := stream.read(CHUNK):
            parser.Parse(data, False)
            passed += len(data)
            if passed - parser.CurrentByteIndex > LONGEST:
                raise Malformed(f"a tag longer than {LONGEST:,} bytes", slug="limit")
        parser.Parse(b"", True)
    except ExpatError as error:
        raise Malformed(f"not XML: {error}") from None
    except (LookupError, ValueError) as error:
        raise Malformed(f"not XML in an encoding that is known: {str(error)[:80]}") from None
    return tests.report()


def _refuse_doctype(*_: object) -> None:
    raise Malformed("a document type (<!DOCTYPE …>), which no test runner writes: expected none")


@dataclass(slots=True, kw_only=True)
class _Suite:
    """A suite that is open: what it says of its tests, and what was found of them."""

    name: str
    tests: int
    failing: int
    found: int = 0
    failed: int = 0

    def check(self) -> None:
        """No test is missing, or Malformed; some writers count less than there are."""
        for said, found, what in (
            (self.tests, self.found, "tests"),
            (self.failing, self.failed, "failures and errors"),
        ):
            if said > found:
                raise Malformed(
                    f"suite {self.name[:80]!r}: expected {said} {what}, as it says; found {found}"
                )


class _Tests:
    """What handles the elements, in their order."""

    def __init__(self) -> None:
        self._above: list[str] = []
        self._suites: list[_Suite] = []
        self._named: dict[str, None] = {}
        self._measures: list[Measure] = []
        self._case = ""
        self._says: list[TestOutcome] = []
        self._ran = False
        self._times: list[datetime] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        parent = self._above[-1] if self._above else ""
        self._above.append(name)
        if len(self._above) > DEEPEST:
            raise Malformed(f"elements nested deeper than {DEEPEST}")
        if name in SUITES and (not parent or parent in SUITES):
            self._begin_suite(attributes)
        elif name == CASE and parent in SUITES:
            self._begin_case(attributes)
        elif parent == CASE:
            self._says.append(_known(INSIDE, name, f"in the test {self._case!r}"))
        elif parent in SUITES:
            self._beside(name)
        elif not parent:
            raise Malformed(f"expected <testsuites> or <testsuite>, found <{name[:80]}>")

    def end(self, name: str) -> None:
        """An element ends."""
        self._above.pop()
        parent = self._above[-1] if self._above else ""
        if name in SUITES and (not parent or parent in SUITES):
            self._end_suite()
        elif name == CASE and parent in SUITES:
            self._add(self._case, min(self._says, key=WORST.index))

    def report(self) -> Report:
        """All of it."""
        if self._measures and not self._ran:
            raise Malformed(f"each of {len(self._measures)} tests was skipped: none was run")
        return Report(
            tool="JUnit XML",
            suites={name: suite(name) for name in self._named},
            measures=tuple(self._measures),
            finished=max(self._times, default=None),
        )

    def _begin_suite(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")[:MAX_NAME] or UNNAMED
        if when := moment(attributes.get("timestamp"), f"suite {name[:80]!r}: timestamp"):
            self._times.append(when)
        failing = _count(attributes, "failures") + _count(attributes, "errors")
        self._suites.append(_Suite(name=name, tests=_count(attributes, "tests"), failing=failing))

    def _end_suite(self) -> None:
        ended = self._suites.pop()
        ended.check()
        if self._suites:
            self._suites[-1].found += ended.found
            self._suites[-1].failed += ended.failed

    def _begin_case(self, attributes: dict[str, str]) -> None:
        name, group = attributes.get("name", ""), attributes.get("classname", "")
        self._case = (f"{group}.{name}" if group else name)[:MAX_NAME]
        if not name:
            raise Malformed(f"a test without a name, behind {len(self._measures)} others")
        said = (attributes.get(key, "").lower() for key in ("status", "result"))
        where = f"as the state of the test {self._case!r}"
        self._says = [PASSED, *(_known(STATES, word, where) for word in said if word)]

    def _beside(self, name: str) -> None:
        """An element of a suite that is no test: a failure there is one of the whole suite."""
        where = f"in the suite {self._suites[-1].name[:80]!r}"
        if _known(INSIDE, name, where) is not PASSED:
            self._add(self._suites[-1].name, INSIDE[name])

    def _add(self, name: str, outcome: TestOutcome) -> None:
        own = self._suites[-1]
        own.found += 1
        own.failed += outcome is FAILED
        if outcome is not WARNED:
            self._ran = True
            self._named[own.name] = None
        self._measures.append(Measure(name=name, suite=own.name, outcome=outcome))
        if len(self._measures) > MAX_TESTS:
            raise Malformed(f"more than {MAX_TESTS:,} tests", slug="limit")


def _known(words: Mapping[str, TestOutcome], word: str, where: str) -> TestOutcome:
    if word not in words:
        raise Malformed(f"expected one of {', '.join(words)} {where}, found {word[:80]!r}")
    return words[word]


def _count(attributes: dict[str, str], name: str) -> int:
    """A number of tests that a suite states; 0 where it states none."""
    text = attributes.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Malformed(f"{name}: expected a number of tests, found {text[:80]!r}")
    return int(text)
