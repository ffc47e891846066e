"""RFC 3161 timestamps made by OpenSSL: they outlive a certificate, if the clock is registered."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.entries import entry_of
from provenance.judgement import Evaluation, evaluate, judge
from provenance.keys import Certificate
from provenance.lock import Entry
from provenance.model import Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Verdict
from tests import forge

pytestmark = pytest.mark.interop

NOW = datetime.now(UTC).replace(microsecond=0)
LIFE = {"start": NOW - forge.DAY, "end": NOW + forge.DAY}
LATER = NOW + 400 * forge.DAY
LONG = {"start": NOW - forge.DAY, "end": NOW + 4000 * forge.DAY}
ROOT = forge.certificate("pki-root", ca=True, **LONG)
LEAF = forge.certificate("pki-leaf", "pki-root", **LIFE)
CLOCK_ROOT = forge.certificate("clock-root", ca=True, **LONG)
CLOCK = forge.certificate("clock", "clock-root", usages=("time",), **LONG)
CONFIGURATION = """
[tsa]
default_tsa = it
[it]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


def stamp(signature: bytes, folder: Path) -> bytes:
    """OpenSSL's timestamp over `signature`, by the clock."""
    folder.mkdir(exist_ok=True)
    (folder / "data").write_bytes(signature)
    (folder / "serial").write_text("01")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "clock.pem").write_text(forge.certificate_pem(CLOCK))
    (folder / "key.pem").write_bytes(forge.pem(forge.key("clock")))
    query = ["-query", "-data", "data", "-sha256", "-cert", "-out", "query"]
    signer = ["-signer", "clock.pem", "-inkey", "key.pem", "-config", "tsa.cnf"]
    for words in (query, ["-reply", "-queryfile", "query", *signer, "-out", "reply"]):
        subprocess.run(["openssl", "ts", *words], cwd=folder, check=True, capture_output=True)
    return (folder / "reply").read_bytes()


def verdict(folder: Path, clocks: tuple[Certificate, ...], *, bend: int | None = None) -> Verdict:
    """The judgement, long after the leaf expired, of a model signed and stamped today."""
    model = forge.write(folder / "m")
    made = forge.bundle(model, forge.TufKey(key=forge.key("pki-leaf"), chain=(LEAF,)))
    signature = base64.b64decode(made["dsseEnvelope"]["signatures"][0]["sig"])
    token = bytearray(stamp(signature, folder / "tsa"))
    if bend is not None:
        token[bend] ^= 1
    stamped = {"rfc3161Timestamps": [{"signedTimestamp": base64.b64encode(token).decode()}]}
    made["verificationMaterial"]["timestampVerificationData"] = stamped
    (model / "model.sig").write_text(json.dumps(made))
    signer = forge.signer(
        "pki", certificate_authority=forge.certificate_pem(ROOT), subject="CN=pki-leaf"
    )
    known = [{"certificates": forge.certificate_pem(*clocks)}] if clocks else []
    table = forge.registry(forge.org("Acme", signer), timestamp_authority=known)
    evidence = directory.collect(model, ref=Ref(text="m", repo="acme/m"), at=LATER)
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    return judge(evidence, policy, Registry.from_table(table, source="trust.toml"))


def test_a_registered_clock_outlives_the_certificate(tmp_path: Path) -> None:
    found = verdict(tmp_path, (CLOCK, CLOCK_ROOT))
    assert (found.result, len(found.signers[0].times)) == ("pass", 1)


def test_an_unregistered_clock_proves_nothing(tmp_path: Path) -> None:
    found = verdict(tmp_path, ())
    assert "signature/timestamp" in {finding.rule for finding in found.findings}
    assert found.result == "fail"


def test_without_a_timestamp_the_certificate_has_expired(tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    forge.sign(model, forge.TufKey(key=forge.key("pki-leaf"), chain=(LEAF,)))
    signer = forge.signer(
        "pki", certificate_authority=forge.certificate_pem(ROOT), subject="CN=pki-leaf"
    )
    registry = Registry.from_table(forge.registry(forge.org("Acme", signer)), source="trust.toml")
    evidence = directory.collect(model, ref=Ref(text="m", repo="acme/m"), at=LATER)
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    found = judge(evidence, policy, registry)
    assert "signature/expired" in {finding.rule for finding in found.findings}


def test_no_changed_bit_of_a_timestamp_passes(tmp_path: Path) -> None:
    size = len(stamp(b"x" * 70, tmp_path / "size"))
    for position in range(0, size - 16, 7):
        found = verdict(tmp_path / str(position), (CLOCK, CLOCK_ROOT), bend=position)
        assert found.result == "fail", position


def release(folder: Path, weights: bytes, *, stamped: bool) -> Evidence:
    """A model signed by Acme's key, which has no time of its own, with a stamp of today or none."""
    files = {**forge.MODEL, "model.safetensors": forge.safetensors(weights)}
    model = forge.write(folder / "m", files)
    made = forge.bundle(model, forge.TufKey(key=forge.key("release")))
    if stamped:
        signature = base64.b64decode(made["dsseEnvelope"]["signatures"][0]["sig"])
        token = base64.b64encode(stamp(signature, folder / "tsa")).decode()
        data = {"rfc3161Timestamps": [{"signedTimestamp": token}]}
        made["verificationMaterial"]["timestampVerificationData"] = data
    (model / "model.sig").write_text(json.dumps(made))
    return directory.collect(model, ref=Ref(text="acme/m", repo="acme/m"), at=LATER)


def tried_against(locked: Entry | None, evidence: Evidence) -> Evaluation:
    clocks = [{"certificates": forge.certificate_pem(CLOCK, CLOCK_ROOT)}]
    acme = forge.org("Acme", forge.signer("release"), originates=True)
    table = forge.registry(acme, timestamp_authority=clocks)
    policy = Policy.of(Settings(), Model(name="acme/m", repo="acme/m"))
    return evaluate(
        evidence, policy, Registry.from_table(table, source="trust.toml"), locked=locked
    )


@pytest.mark.parametrize("relocked", [False, True], ids=["locked", "locked again without a stamp"])
@pytest.mark.parametrize("stamped", [False, True], ids=["its stamp dropped", "stamped anew"])
def test_a_release_put_back_is_no_pass_whatever_is_done_to_its_stamps(
    tmp_path: Path, stamped: bool, relocked: bool
) -> None:
    second = release(tmp_path / "second", b"second", stamped=True)
    entry = entry_of("acme/m", tried_against(None, second))
    if relocked:
        bare = tried_against(entry, release(tmp_path / "bare", b"second", stamped=False))
        assert bare.verdict.result == "pass"
        entry = entry_of("acme/m", bare, before=entry)
    assert tried_against(entry, second).verdict.result == "pass"
    first = tried_against(entry, release(tmp_path / "first", b"first", stamped=stamped))
    assert first.verdict.result != "pass"
    assert "signature/rollback" in first.verdict.reason
