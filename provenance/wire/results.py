"""Test results: in-toto's predicate test-result v0.1, as others write it and as we do.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.formats.fields import Fields
from provenance.wire.descriptor import Descriptor
from provenance.wire.intoto import MOMENT

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
CREATED = "timeCreated"
"""Beside the fields of the specification, whose readers pass over what they do not know: when the
tests were done, since no other field says how old a result is."""


class TestOutcome(StrEnum):
    """What tests found, as a whole."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What tests found of the subjects of a statement.

    `configuration` are the suites and whatever else the tests were made with, `url` is where more
    of it lies. `passed`, `warned` and `failed` are names of tests. `created`, in UTC, is when they
    were done, as far as that is to be said; of what is read it is in the statement's own times.
    """

    result: TestOutcome
    configuration: tuple[Descriptor, ...] = ()
    url: str = ""
    passed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    created: datetime | None = None

    @classmethod
    def read(cls, predicate: object) -> TestResult:
        """The result that a predicate is, or Malformed with the path of what is wrong.

        Fields that are not known are passed over, as in-toto asks of its readers. Many write no
        `configuration` though the specification asks for it: there is then none.
        """
        fields = _without_nulls(predicate)
        return cls(
            result=_outcome(fields),
            configuration=tuple(map(Descriptor.read, fields.tables("configuration"))),
            url=fields.text("url", ""),
            passed=fields.texts("passedTests", ()),
            warned=fields.texts("warnedTests", ()),
            failed=fields.texts("failedTests", ()),
        )

    @property
    def predicate(self) -> dict[str, object]:
        """As JSON has it: `result` and `configuration`, and what else is not empty."""
        tests = {
            "passedTests": self.passed,
            "warnedTests": self.warned,
            "failedTests": self.failed,
        }
        found: dict[str, object] = {
            "result": self.result.value,
            "configuration": [one.table for one in self.configuration],
        }
        if self.url:
            found["url"] = self.url
        found |= {name: list(names) for name, names in tests.items() if names}
        return found | ({CREATED: self.created.strftime(MOMENT)} if self.created else {})

    @property
    def labels(self) -> frozenset[str]:
        """What its configuration is called: names, or else URIs."""
        return frozenset(one.name or one.uri for one in self.configuration) - {""}

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many tests passed, warned and failed; where names are left out a note says it."""
        tests = (self.passed, self.warned, self.failed)
        return tuple(
            (word, max(len(names), *(_noted(one, word) for one in self.configuration), 0))
            for word, names in zip((one.lower() for one in TestOutcome), tests, strict=True)
        )

    def names(self, suite: str) -> bool:
        """Whether it was found by this suite: the name of one, or its digest, `sha256:<hex>`."""
        return any(suite in (one.name, one.sha256) for one in self.configuration)


def _noted(descriptor: Descriptor, word: str) -> int:
    found = dict(descriptor.notes).get(word)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def outcome(predicate: object) -> TestOutcome:
    """What a predicate says was found, whatever else of it can be read; Malformed with the path."""
    return _outcome(_without_nulls(predicate))


def _outcome(fields: Fields) -> TestOutcome:
    return TestOutcome(fields.choice("result", tuple(TestOutcome)))


def _without_nulls(predicate: object) -> Fields:
    """What is null is absent, as writers of protobuf and Go have it."""
    if isinstance(predicate, Mapping):
        predicate = {name: value for name, value in predicate.items() if value is not None}
    return Fields(predicate, "predicate")
