"""Signatures made by others, years of them: all verify, and no changed byte of one does."""

from __future__ import annotations

import json
import random
import shutil
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest

from provenance import signature
from provenance.errors import Malformed
from provenance.judgement import judge
from provenance.model import Document, Evidence, Ref
from provenance.policy import Policy, Settings
from provenance.signature import Attestation
from provenance.source import directory
from provenance.trust import Org, Registry
from provenance.verdict import Result, Verdict
from provenance.wire import bundle as bundles
from tests import forge

SEED, SAMPLE = 20_260_601, 400
OLD = "sigstore/model-transparency-tests"
SKILLS = "sigstore/nvidia-skills"
POLICY = Policy.of(Settings())
REDHAT = {
    "identity": "ifont@redhat.com",
    "issuer": "https://accounts.google.com",
    "sigstore": "staging",
}


@pytest.fixture(scope="session")
def trust(corpus: Path) -> Registry:
    folder = corpus / OLD
    bundle = json.loads((folder / "v1.0.0-elliptic-key" / "model.sig").read_text())
    key = b64decode(bundle["verificationMaterial"]["publicKey"]["rawBytes"]).decode()
    root = (folder / "keys" / "certificate" / "ca-cert.pem").read_text()
    vendor = (corpus / SKILLS / "nv-agent-root-cert.pem").read_text()
    subject = "CN=NVIDIA Agent Skills Signing 001,O=NVIDIA Corporation,C=US"
    person = {
        "identity": "stefanb@us.ibm.com",
        "issuer": "https://sigstore.verify.ibm.com/oauth2",
    }
    table = forge.registry(
        forge.org(
            "Old",
            forge.signer("key", key=key),
            forge.signer("chain", certificate_authority=root, subject="CN=intermediate-ca"),
            forge.signer("person", **person),
        ),
        forge.org("Vendor", forge.signer("pki", certificate_authority=vendor, subject=subject)),
    )
    return Registry.from_table(table, source="trust.toml")


def evidence(folder: Path, bundle: Path | None = None, exclude: tuple[str, ...] = ()) -> Evidence:
    ref = Ref(text="m")
    return directory.collect(folder, ref=ref, at=forge.NOW, signature=bundle, exclude=exclude)


def verdict(found: Evidence, trust: Registry) -> Verdict:
    return judge(found, POLICY, trust)


@pytest.mark.each(f"{OLD}/v*")
def test_every_historical_signature_passes(each: Path, trust: Registry) -> None:
    found = verdict(evidence(each, exclude=("ignore-me",)), trust)
    assert found.result is Result.PASS, found.reason
    assert not [f for f in found.findings if f.rule.startswith("signature/unsigned")]


@pytest.mark.each(f"{OLD}/v1*")
def test_what_a_signer_ignored_may_still_be_read(each: Path, trust: Registry) -> None:
    unsigned = {"ignore-me"} & {path.name for path in each.iterdir()}
    found = verdict(evidence(each), trust)
    assert {f.where for f in found.findings if f.rule == "signature/unsigned-file"} == unsigned


@pytest.mark.each(f"{OLD}/v*")
def test_a_real_signature_under_anothers_name_fails_and_names_both(
    each: Path, trust: Registry
) -> None:
    other = Org(name="Third Party", namespaces=("third",))
    found = replace(evidence(each), ref=Ref(text="m", repo="third/m"))
    verdict = judge(found, POLICY, replace(trust, orgs=(*trust.orgs, other)))
    assert verdict.result is Result.FAIL
    (finding,) = (f for f in verdict.findings if f.rule == "signature/wrong-namespace")
    assert finding.message.startswith("signed by Old (")
    assert "third/m is Third Party's" in finding.message


@pytest.mark.each(f"{OLD}/v*elliptic-key")
def test_the_file_alone_verifies_too(each: Path, trust: Registry) -> None:
    assert verdict(evidence(each / "signme-1"), trust).result is Result.PASS


@pytest.mark.each(f"{OLD}/v*")
def test_no_changed_byte_of_a_signed_file_passes(
    each: Path, trust: Registry, tmp_path: Path
) -> None:
    found = evidence(each)
    signed = [file.path for file in found.manifest.files if file.path != "ignore-me"]
    assert signed
    for path in signed:
        data = (each / path).read_bytes()
        for position in range(len(data)):
            copy = tmp_path / f"{path}-{position}"
            shutil.copytree(each, copy)
            (copy / path).chmod(0o600)
            (copy / path).write_bytes(flipped(data, position))
            assert verdict(evidence(copy), trust).result is Result.FAIL


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def escapes(folder: Path, trust: Registry, positions: list[int]) -> list[int]:
    """Where a flipped bit of the bundle changes a value and the model still passes."""
    found = evidence(folder)
    data = found.bundles[0].data
    whole = bundles.parse(data)
    escaped = []
    for position in positions:
        document = Document(path="model.sig", data=flipped(data, position))
        verification = signature.verify(document, trust, forge.NOW)
        if (
            not isinstance(verification, Attestation)
            or replace(bundles.parse(document.data), raw=data) == whole
        ):
            continue
        if verdict(replace(found, bundles=(document,)), trust).result is Result.PASS:
            escaped.append(position)
    return escaped


@pytest.mark.each(f"{OLD}/v*")
def test_no_changed_byte_of_a_bundle_passes(each: Path, trust: Registry) -> None:
    size = (each / "model.sig").stat().st_size
    sample = random.Random(SEED).sample(range(size), SAMPLE)
    print(f"{SAMPLE} of {size} bytes, seed {SEED}")
    assert escapes(each, trust, sample) == []


@pytest.mark.exhaustive
@pytest.mark.each(f"{OLD}/v*")
def test_no_changed_byte_of_a_bundle_passes_exhaustively(each: Path, trust: Registry) -> None:
    size = (each / "model.sig").stat().st_size
    assert escapes(each, trust, list(range(size))) == []


@pytest.mark.each(f"{SKILLS}/skills/*")
def test_vendor_trees_agree_with_their_reference_verdicts(
    each: Path, trust: Registry, corpus: Path
) -> None:
    rows = (corpus / SKILLS / "nvidia_skills.tsv").read_text().splitlines()
    reference = {path: strict for path, _, strict, _ in (row.split("\t") for row in rows)}
    bundle = each / "skill.oms.sig"
    found = verdict(evidence(each, bundle), trust)
    expected = reference[str(bundle.relative_to(corpus / SKILLS))]
    if expected == "ok":
        assert found.result is Result.PASS
    elif "Signature mismatch" in expected:
        assert found.result is Result.FAIL
    else:
        assert "self-signed certificate" in expected
        assert "signature/unregistered-signer" in {finding.rule for finding in found.findings}
        assert found.result is Result.INCOMPLETE


@pytest.mark.parametrize("instance", ["staging", "public-good"])
def test_the_oldest_predicate_verifies_against_its_own_instance_alone(
    corpus: Path, instance: str
) -> None:
    config = (corpus / "sigstore" / "client_trust_config.staging.json").read_text()
    table = forge.registry(
        forge.org(
            "Red Hat",
            forge.signer("person", **{**REDHAT, "sigstore": instance}),
            namespaces=["redhat"],
        ),
        sigstore=[{"name": "staging", "trusted_root": config}],
    )
    registry = Registry.from_table(table, source="trust.toml")
    data = (corpus / "sigstore/redhat-v0.1-digests/model.sig").read_bytes()
    verification = signature.verify(Document(path="model.sig", data=data), registry, forge.NOW)
    assert isinstance(verification, Attestation) is (instance == "staging")


@pytest.mark.each("sigstore/oms-test-vectors/v1.0/*/*.json")
def test_the_specification_s_vectors_are_read_as_they_should(each: Path) -> None:
    verification = signature.verify(
        Document(path=each.name, data=each.read_bytes()), Registry(name="nobody"), forge.NOW
    )
    assert not isinstance(verification, Attestation)
    if each.parent.name == "valid":
        bundles.parse(each.read_bytes())
    elif each.parent.name == "invalid" and "tlog" not in each.name:
        with pytest.raises(Malformed):
            bundles.parse(each.read_bytes())
