"""`--timestamp` from the outside: a key signs, a clock says when, and a registry makes it count."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import tomli_w

from tests import forge, tsa
from tests.cli.conftest import Run
from tests.cli.test_sign import trust, write_key
from tests.tsa import CHAIN, honest, serving


def clocked(run: Run, folder: Path, url: str) -> Path:
    """A registry with Acme's key, to which the authority at `url` was added."""
    registry = trust(folder, key=forge.key("k").public.pem)
    added = run("registry", "add-clock", url, "--file", registry)
    assert added.returncode == 0, added.stderr
    assert CHAIN[0].fingerprint in added.stderr
    return registry


def test_what_is_noted_is_typed_and_the_time_counts(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    with serving(honest()) as url:
        words = ("sign", model, "--key", write_key(tmp_path, "k"), "--timestamp", url)
        signed = run(*words)
        assert signed.returncode == 0, signed.stderr
        assert f"`provenance registry add-clock {url}`" in signed.stderr
        bare = trust(tmp_path, key=forge.key("k").public.pem)
        refused = run("verify", model, "--as", "acme/m", "--registry", bare)
        assert refused.returncode == 1
        assert "no registered timestamp authority" in refused.stdout
        registry = clocked(run, tmp_path, url)
        known = run(*words, PROVENANCE_REGISTRY=str(registry))
    verified = run("verify", model, "--as", "acme/m", "--registry", registry, "-v")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "no verified time" not in verified.stdout
    assert known.returncode == 0


def test_what_was_signed_before_has_no_verified_time(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    assert run("sign", model, "--key", write_key(tmp_path, "k")).returncode == 0
    registry = trust(tmp_path, key=forge.key("k").public.pem)
    verified = run("verify", model, "--as", "acme/m", "--registry", registry, "-v")
    assert "no verified time" in verified.stdout


def test_nothing_is_written_where_the_clock_is_wrong(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    with serving(tsa.fixed(b"<html></html>", "text/html")) as url:
        words = ("sign", model, "--key", write_key(tmp_path, "k"), "--timestamp", url)
        done = run(*words)
    assert done.returncode == 5
    assert "nothing was written" in done.stderr
    assert not (model / "model.sig").exists()


@pytest.mark.parametrize(
    "url",
    ["ftp://tsa.example", "tsa.example", "https://", "file:///etc", "https://u:secret@tsa.example"],
)
def test_what_is_no_address_is_said_before_anything_is_asked(
    run: Run, tmp_path: Path, url: str
) -> None:
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", write_key(tmp_path, "k"), "--timestamp", url)
    assert done.returncode == 2
    assert "--timestamp: " in done.stderr
    assert "secret" not in done.stderr


def test_an_identity_has_its_time_already(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    words = ("--identity-token", "x", "--timestamp", "https://tsa.example")
    done = run("sign", model, *words)
    assert (done.returncode, "--timestamp: goes with a key" in done.stderr) == (2, True)


def test_a_chain_that_ends_in_no_root_is_no_clock(run: Run, tmp_path: Path) -> None:
    registry = trust(tmp_path, key=forge.key("k").public.pem)
    before = registry.read_text()
    (tmp_path / "chain.pem").write_text(forge.certificate_pem(CHAIN[0]))
    done = run("registry", "add-clock", tmp_path / "chain.pem", "--file", registry)
    assert (done.returncode, "is no root" in done.stderr) == (2, True)
    (tmp_path / "chain.pem").write_text(forge.certificate_pem(*CHAIN))
    assert registry.read_text() == before
    done = run("registry", "add-clock", tmp_path / "chain.pem", "--file", registry)
    assert done.returncode == 0, done.stderr
    assert "[[timestamp_authority]]" in registry.read_text()
    again = run("registry", "add-clock", tmp_path / "chain.pem", "--file", registry)
    assert (again.returncode, "names CN=stamps already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    "called", ["CN=stamps", CHAIN[0].fingerprint], ids=["its subject", "its fingerprint"]
)
def test_a_clock_is_taken_out_again(run: Run, tmp_path: Path, called: str) -> None:
    registry = trust(tmp_path, key=forge.key("k").public.pem)
    before = registry.read_text()
    (tmp_path / "chain.pem").write_text(forge.certificate_pem(*CHAIN))
    assert run("registry", "add-clock", tmp_path / "chain.pem", "--file", registry).returncode == 0
    words = ("registry", "remove", "clock", "--reason", "gone", "--file", registry)
    done = run(*words, "CN=other")
    assert (done.returncode, f"({CHAIN[0].fingerprint})" in done.stderr) == (2, True), done.stderr
    assert run(*words, called).returncode == 0
    assert registry.read_text().strip() == before.strip()


def test_a_training_statement_by_a_key_meets_the_demand_for_a_time(
    run: Run, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    model = forge.write(work / "out")
    signer = {"name": "t", "roles": ["trainer", "publisher"], "key": forge.key("k").public.pem}
    org = forge.org("Acme", signer, originates=True)
    clock = {"certificates": forge.certificate_pem(*CHAIN)}
    table = forge.registry(org, timestamp_authority=[clock])
    (work / "trust.toml").write_text(tomli_w.dumps(table))
    (work / "provenance.toml").write_text(
        '[policy]\nregistry = ["trust.toml"]\n[policy.rules]\nlineage = "require"\n'
        "[policy.training]\ntimestamp = true\n"
    )
    key = write_key(tmp_path, "k")
    words = ("attest", model, "--as", "acme/out", "--method", "pretrain", "--key", key)
    bare = run(*words)
    assert bare.returncode == 0, bare.stderr
    assert "--timestamp URL does" in bare.stderr
    with serving(honest()) as url:
        stamped = run(*words, "-o", work / "stamped.jsonl", "--timestamp", url)
    assert stamped.returncode == 0, stamped.stderr
    assert "has no verified time" not in stamped.stderr
    assert "verified against the [[timestamp_authority]]" in stamped.stderr
    verdict = run("verify", "out", "--as", "acme/out")
    assert "lineage/no-timestamp" in verdict.stdout
    (work / "stamped.jsonl").replace(model / "claims.jsonl")
    verdict = run("verify", "out", "--as", "acme/out")
    assert "lineage/no-timestamp" not in verdict.stdout


@pytest.mark.interop
def test_openssl_makes_it_and_openssl_verifies_it(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    with serving(tsa.openssl(tmp_path / "tsa")) as url:
        registry = clocked(run, tmp_path, url)
        words = ("sign", model, "--key", write_key(tmp_path, "k"), "--timestamp", url)
        signed = run(*words, PROVENANCE_REGISTRY=str(registry))
    assert signed.returncode == 0, signed.stderr
    bundle = json.loads((model / "model.sig").read_text())
    (item,) = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    (tmp_path / "reply").write_bytes(base64.b64decode(item["signedTimestamp"]))
    (sig,) = bundle["dsseEnvelope"]["signatures"]
    (tmp_path / "data").write_bytes(base64.b64decode(sig["sig"]))
    (tmp_path / "root.pem").write_text(forge.certificate_pem(CHAIN[1]))
    check = ["openssl", "ts", "-verify", "-in", "reply", "-data", "data", "-CAfile", "root.pem"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout + done.stderr
    verified = run("verify", model, "--as", "acme/m", "--registry", registry, "-v")
    assert verified.returncode == 0, verified.stdout
    assert "no verified time" not in verified.stdout


def test_a_summary_is_stamped_too(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    words = ("verify", model, "--as", "acme/m", "--format", "vsa", "--sign-key")
    with serving(honest()) as url:
        done = run(*words, write_key(tmp_path, "k"), "--timestamp", url)
    bundle = json.loads(done.stdout.splitlines()[0])
    assert bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
