"""What failed once stays in the lockfile, by the evaluator's key and the digests of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.case.assessments import failures, key_of
from provenance.case.case import Case
from provenance.checks.attestation import check
from provenance.lock import Lock, dumps, loads
from provenance.trust import Registry
from tests import forge
from tests.checks.said import FAIL, SIBLING, WEIGHTS, Said, case


def locked(seen: Case) -> Lock:
    """What a lockfile remembers of this, once it was written and read."""
    lock = Lock(failures=tuple(failures(seen)))
    assert loads(dumps(lock), source="provenance.lock") == lock
    return lock


PAST = replace(FAIL, days=9)


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        (PAST, [], {"missing", "withheld"}),
        (PAST, [Said(days=20)], {"pass", "withheld"}),
        (PAST, [Said(days=20, stamps=[1])], {"pass", "withheld"}),
        (PAST, [Said(who="blue", days=1)], {"pass", "withheld"}),
        (PAST, [Said(days=1)], {"pass"}),
        (PAST, [Said(days=1, without=[WEIGHTS])], {"uncovered-file", "withheld"}),
        (PAST, [replace(SIBLING, result="PASSED")], {"uncovered-file", "withheld"}),
        (PAST, [Said(days=1, result="WARNED")], {"pass", "warned", "withheld"}),
        (PAST, [PAST], {"failed"}),
        (replace(PAST, days=None), [Said(days=1)], {"pass", "withheld"}),
        (replace(PAST, only=[WEIGHTS]), [Said(days=20)], {"pass", "withheld"}),
        (replace(PAST, renamed=True), [Said(days=20)], {"pass", "withheld"}),
        (replace(PAST, whole="oms"), [Said(days=20)], {"pass", "withheld"}),
        (replace(PAST, suites=["x"]), [Said(days=1)], {"pass", "withheld"}),
        (replace(PAST, suites=["x"]), [Said(days=1, suites=["y"])], {"pass", "withheld"}),
        (replace(PAST, suites=["x"]), [Said(days=1, suites=["x", "y"])], {"pass"}),
        (Said(days=9), [], {"missing"}),
        (replace(PAST, without=[WEIGHTS]), [Said(days=20)], {"pass"}),
    ],
)
def test_what_failed_once_is_not_forgotten(
    tmp_path: Path, before: Said, now: Sequence[Said], rules: set[str]
) -> None:
    lock = locked(case(tmp_path / "before", [before]))
    found = check(replace(case(tmp_path / "now", now), lock=lock))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


CHANGED: Mapping[str, dict[str, Any]] = {
    "a byte of the README": {"files": {**forge.MODEL, "README.md": b"# A Model\n"}},
    "a byte of the configuration": {"files": {**forge.MODEL, "config.json": b'{"x": 1}'}},
    "one file more": {"files": {**forge.MODEL, "NOTICE": b"x"}},
    "weights under another name": {
        "files": {**forge.MODEL, WEIGHTS: forge.safetensors(b"y"), "a.gguf": forge.MODEL[WEIGHTS]}
    },
    "a file left out": {"exclude": ["README.md"]},
    "the weights left out": {"exclude": [WEIGHTS]},
    "another repository": {"repo": "acme/copy"},
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_failure_goes_by_the_weights(tmp_path: Path, what: str) -> None:
    lock = locked(case(tmp_path / "before", [PAST]))
    now = case(tmp_path / "now", [Said(days=20)], **CHANGED[what])
    found = {finding.rule for finding in check(replace(now, lock=lock))}
    assert "attestation/withheld" in found


def renamed(organisation: str, name: str, key: str) -> Registry:
    signer = {**forge.signer(key, ["evaluator"], repos=["acme/*"]), "name": name}
    orgs = (forge.org(organisation, signer), forge.org("Acme", forge.signer("release")))
    return Registry.from_table(forge.registry(*orgs), source="trust.toml")


@pytest.mark.parametrize(
    ("key", "days", "rules"),
    [("red", 20, {"pass", "withheld"}), ("red", 1, {"pass"}), ("blue", 1, {"pass", "withheld"})],
)
def test_a_party_is_its_key_and_not_its_name(
    tmp_path: Path, key: str, days: int, rules: set[str]
) -> None:
    """Renamed it keeps its past, and answers it; another key under its old name does neither."""
    lock = locked(case(tmp_path / "before", [PAST]))
    named = ("Review", "scarlet") if key == "red" else ("Audit", "red")
    now = case(tmp_path / "now", [Said(days=days, who=key)], trust=renamed(*named, key))
    found = check(replace(now, lock=lock))
    assert {finding.rule.partition("/")[2] for finding in found} == rules


def old(seen: Case) -> Lock:
    """The same, as lockfiles had it that knew names and the manifest alone."""
    return Lock(failures=tuple(replace(f, key="", files=()) for f in failures(seen)))


@pytest.mark.parametrize(
    ("now", "rules"),
    [([], {"missing", "withheld"}), ([Said(days=1)], {"pass"}), ([Said(days=20)], {"withheld"})],
)
def test_a_lockfile_of_old_is_read_and_remembers(
    tmp_path: Path, now: Sequence[Said], rules: set[str]
) -> None:
    lock = old(case(tmp_path / "before", [PAST]))
    read = loads(dumps(lock), source="provenance.lock")
    assert read == lock
    found = check(replace(case(tmp_path / "now", now), lock=read))
    assert {finding.rule.partition("/")[2] for finding in found} >= rules


def test_a_failure_of_these_bytes_is_remembered_whatever_counted_as_read(tmp_path: Path) -> None:
    """As a version wrote it that took fewer files for read, of a model without weights by name."""
    graph = {"model.mnn": bytes(range(256)), "config.json": b"{}"}
    seen = case(tmp_path / "before", [PAST], files=graph)
    (config,) = [f.sha256 for f in seen.evidence.manifest.files if f.path == "config.json"]
    lock = Lock(failures=tuple(replace(one, files=(config,)) for one in failures(seen)))
    assert lock.failures
    found = check(replace(case(tmp_path / "now", [Said(days=20)], files=graph), lock=lock))
    assert "attestation/withheld" in {finding.rule for finding in found}


def test_a_failure_of_other_weights_is_no_matter(tmp_path: Path) -> None:
    lock = locked(case(tmp_path / "before", [PAST]))
    files = {**forge.MODEL, WEIGHTS: forge.safetensors(b"other")}
    found = check(replace(case(tmp_path / "now", [Said()], files=files), lock=lock))
    assert [finding.rule for finding in found] == ["attestation/pass"]


PERSON = {"identity": "red@audit.example", "issuer": "https://accounts.example"}
ROOT = forge.certificate_pem(forge.certificate("root", ca=True))
OTHER_ROOT = forge.certificate_pem(forge.certificate("other-root", ca=True))
PARTIES: Sequence[dict[str, str]] = (
    {"key": forge.key("red").public.pem},
    {"key": forge.key("blue").public.pem},
    PERSON,
    {**PERSON, "issuer": "https://elsewhere.example"},
    {**PERSON, "identity": "blue@audit.example"},
    {"certificate_authority": ROOT, "subject": "CN=red"},
    {"certificate_authority": ROOT, "subject": "CN=blue"},
    {"certificate_authority": OTHER_ROOT, "subject": "CN=red"},
)


def test_every_kind_of_party_has_a_key_of_its_own_and_keeps_it() -> None:
    def keys(name: str) -> list[str]:
        signers = [forge.signer(f"{name}-{n}", **fields) for n, fields in enumerate(PARTIES)]
        table = forge.registry(forge.org("Audit", *signers))
        read = Registry.from_table(table, source="trust.toml")
        return [key_of(signer.material) for _, signer in read.signers()]

    assert len(set(keys("old"))) == len(PARTIES)
    assert keys("old") == keys("new")
