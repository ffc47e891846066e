"""Test results: what we write others read, what others write we read, and lies are Malformed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import ConfigError, Malformed
from provenance.model import Basis, Evidence, Ref
from provenance.produce import result as writing
from provenance.source import directory
from provenance.wire import intoto, results
from provenance.wire.descriptor import Descriptor
from tests import forge

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
SUITE = Descriptor(name="dates", uri="https://acme.example/dates", digest=(("sha256", "a" * 64),))
REPORT = Descriptor(digest=(("sha256", "b" * 64),), notes=(("samples", 365), ("tool", "x")))
LEAST = results.TestResult(result=results.TestOutcome.PASSED)
MOST = results.TestResult(
    result=results.TestOutcome.FAILED,
    configuration=(SUITE, REPORT),
    url="https://acme.example/run/7",
    passed=("a", "ü\n"),
    warned=("b",),
    failed=("c", "d"),
    created=NOW,
)
RESULTS = {"least": LEAST, "most": MOST}


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    folder = forge.write(tmp_path / "bot", forge.MODEL)
    return directory.collect(folder, ref=Ref(text=str(folder)), at=NOW)


def read(statement: bytes) -> intoto.Statement:
    envelope = intoto.Envelope(payload_type=intoto.PAYLOAD_TYPE, payload=statement, signature=b"")
    return intoto.statement(envelope)


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_written_is_read_back(name: str, evidence: Evidence) -> None:
    said = read(writing.statement(evidence, RESULTS[name]))
    assert said.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert {one.name: one.sha256 for one in said.subjects} == {
        file.path: file.sha256 for file in evidence.manifest.files
    }
    assert results.TestResult.read(said.predicate) == replace(RESULTS[name], created=None)
    assert results.outcome(said.predicate) is RESULTS[name].result


@pytest.mark.parametrize("name", RESULTS)
def test_the_readers_of_in_toto_take_it(name: str, evidence: Evidence) -> None:
    from google.protobuf.json_format import ParseDict
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    document = json.loads(writing.statement(evidence, RESULTS[name]))
    Statement.copy_from_pb(ParseDict(document, statement_pb2.Statement())).validate()
    own = {name: value for name, value in document["predicate"].items() if name != results.CREATED}
    found = ParseDict(own, test_result_pb2.TestResult())
    for one in found.configuration:
        ResourceDescriptor.copy_from_pb(one).validate()
    said = (found.result, found.url, *map(len, (found.passed_tests, found.failed_tests)))
    meant = RESULTS[name]
    assert said == (meant.result, meant.url, len(meant.passed), len(meant.failed))


READ: tuple[tuple[dict[str, object], results.TestResult], ...] = (
    ({"result": "PASSED"}, LEAST),
    ({"result": "PASSED", "configuration": None, "url": None, "failedTests": None}, LEAST),
    ({"result": "PASSED", "somethingElse": {"deep": [1]}}, LEAST),
    (
        {"result": "WARNED", "configuration": [{"name": "x", "mediaType": "text/plain"}]},
        results.TestResult(
            result=results.TestOutcome.WARNED, configuration=(Descriptor(name="x"),)
        ),
    ),
)


@pytest.mark.parametrize(("predicate", "meant"), READ)
def test_what_others_write_is_read(
    predicate: Mapping[str, object], meant: results.TestResult
) -> None:
    assert results.TestResult.read(predicate) == meant


MALFORMED: tuple[tuple[object, str], ...] = (
    (None, "predicate: "),
    ([], "predicate: "),
    ({}, "predicate.result: missing"),
    ({"result": "passed"}, "predicate.result: "),
    ({"result": None}, "predicate.result: "),
    ({"result": ["PASSED"]}, "predicate.result: "),
    ({"result": "PASSED", "configuration": {}}, "predicate.configuration: "),
    ({"result": "PASSED", "configuration": ["dates"]}, "predicate.configuration[0]: "),
    ({"result": "PASSED", "configuration": [{"name": 7}]}, "predicate.configuration[0].name: "),
    ({"result": "PASSED", "configuration": [{"digest": "a"}]}, "predicate.configuration[0].digest"),
    ({"result": "PASSED", "url": 7}, "predicate.url: "),
    ({"result": "PASSED", "failedTests": [7]}, "predicate.failedTests[0]: "),
)


@pytest.mark.parametrize(("predicate", "message"), MALFORMED)
def test_what_is_no_result_is_malformed(predicate: object, message: str) -> None:
    with pytest.raises(Malformed) as refused:
        results.TestResult.read(predicate)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("suite", "named"),
    [
        ("dates", True),
        (f"sha256:{'a' * 64}", True),
        (f"sha256:{'b' * 64}", True),
        ("date", False),
        ("Dates", False),
        ("a" * 64, False),
        (f"sha256:{'c' * 64}", False),
    ],
)
def test_a_suite_is_named_by_its_name_or_its_digest(suite: str, named: bool) -> None:
    assert MOST.names(suite) is named


REFUSED: tuple[tuple[dict[str, Any], results.TestResult, str], ...] = (
    ({"include": ("*.json",)}, LEAST, "whole model"),
    ({"basis": Basis.DECLARED}, LEAST, "declared digests"),
    ({}, replace(LEAST, passed=("\ud800",)), "surrogate"),
    ({}, replace(LEAST, passed=("x" * 1000,) * 4000), "4000 tests"),
)


@pytest.mark.parametrize(("change", "said", "message"), REFUSED)
def test_what_nobody_should_sign_is_refused(
    change: dict[str, Any], said: results.TestResult, message: str, evidence: Evidence
) -> None:
    with pytest.raises(ConfigError, match=message):
        writing.statement(replace(evidence, **change), said)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    found = directory.collect(tmp_path, ref=Ref(text=str(tmp_path)), at=NOW)
    with pytest.raises(ConfigError, match="there is no file"):
        writing.statement(found, LEAST)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.bin").symlink_to("/etc/hostname")
    found = directory.collect(tmp_path, ref=Ref(text=str(tmp_path)), at=NOW)
    with pytest.raises(ConfigError, match="links are not followed"):
        writing.statement(found, LEAST)
