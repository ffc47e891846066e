"""Attesting what tests found of a model: a statement over every file of it."""

from __future__ import annotations

from provenance.errors import ConfigError
from provenance.model import Evidence
from provenance.produce.sign import of_a_size, whole
from provenance.wire.intoto import written
from provenance.wire.results import PREDICATE_TYPE, TestResult


def statement(evidence: Evidence, result: TestResult) -> bytes:
    """The in-toto statement, as bytes to sign: subjects are all files of `evidence`.

    ConfigError if that must not be: for a model without files, a selection of one, what was not
    measured, what is strange in the tree, names that are no Unicode, and what is too long for a
    verifier to read.
    """
    subjects = whole(evidence)
    try:
        made = written(sorted(subjects.items()), PREDICATE_TYPE, result.predicate)
    except UnicodeEncodeError:
        message = "half of a surrogate pair in the name of a test or suite: names must be Unicode"
        raise ConfigError(message) from None
    tests = len((*result.passed, *result.warned, *result.failed))
    return of_a_size(made, f"{len(subjects)} files and {tests} tests")
