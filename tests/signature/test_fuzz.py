"""What anybody may write: every reader refuses in its own words, and never raises anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provenance import signature
from provenance.errors import Malformed
from provenance.formats import der
from provenance.keys import Certificate, PublicKey, certificates
from provenance.model import Document
from provenance.signature import Attestation, Invalid, roots, timestamp
from provenance.trust import Registry
from provenance.wire import bundle as bundles
from provenance.wire import intoto, oms
from provenance.wire.intoto import PAYLOAD_TYPE, Envelope
from tests import forge

CLOCKS = roots.clocks(roots.instances(Registry(name="nobody"))[0].trusted_root)
TRUST = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"))), source="trust.toml"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WORDS = """mediaType verificationMaterial publicKey hint rawBytes x509CertificateChain certificates
certificate tlogEntries dsseEnvelope payload payloadType signatures sig keyid"""
NAMES = st.sampled_from(WORDS.split())
NEARLY = st.recursive(
    JSON | st.sampled_from([*bundles.MEDIA_TYPES, "e30=", "", "AA=="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
)
PREDICATE = st.fixed_dictionaries(
    {
        "resources": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.text() | st.sampled_from([".", "..", "a/../b", "a:0:1", "/a"]),
                    "algorithm": st.sampled_from(["sha256", "blake2b", "md5"]) | JSON,
                    "digest": st.sampled_from(["0" * 64, "0" * 128, "A" * 64, ""]) | JSON,
                }
            )
            | JSON
        )
        | JSON,
        "serialization": st.fixed_dictionaries(
            {
                "method": st.sampled_from(["files", "shards", "x"]) | JSON,
                "hash_type": st.sampled_from(["sha256", "blake2b", "md5"]) | JSON,
                "allow_symlinks": st.booleans() | JSON,
                "shard_size": st.integers() | st.floats() | JSON,
            }
        )
        | JSON,
    }
)


def refused(document: bytes) -> bool:
    verification = signature.verify(Document(path="model.sig", data=document), TRUST, forge.NOW)
    return isinstance(verification, Invalid)


@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"mediaType":' + b"9" * 5000 + b"}")
def test_bytes_are_no_bundle(data: bytes) -> None:
    assert refused(data)


@given(NEARLY)
def test_what_looks_like_a_bundle_is_none(value: object) -> None:
    assert refused(json.dumps(value).encode("utf-8", "surrogatepass"))


@given(PREDICATE | JSON, JSON)
def test_a_manifest_is_read_or_malformed(predicate: object, name: object) -> None:
    statement = {
        "_type": intoto.STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": "0" * 64}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": predicate,
    }
    payload = json.dumps(statement).encode("utf-8", "surrogatepass")
    envelope = Envelope(payload_type=PAYLOAD_TYPE, payload=payload, signature=b"")
    try:
        manifest = oms.signed_manifest(intoto.statement(envelope))
    except Malformed:
        return
    assert manifest.resources


@given(st.binary(max_size=2000))
def test_bytes_are_no_key_certificate_or_timestamp(data: bytes) -> None:
    readers = (
        PublicKey.from_der,
        Certificate.from_der,
        lambda d: PublicKey.from_pem(d.decode("latin-1")),
        lambda d: certificates(d.decode("latin-1")),
        lambda d: timestamp.verified_times((d,), b"", CLOCKS),
    )
    for reader in readers:
        with pytest.raises(Malformed):
            reader(data)


@given(st.binary())
def test_der_is_walked_or_malformed(data: bytes) -> None:
    try:
        found = der.children(data)
    except Malformed:
        return
    assert sum(len(value) for _, value in found) <= len(data)


@given(st.data())
def test_a_bent_certificate_is_read_or_malformed(data: st.DataObject) -> None:
    der_bytes = bytearray(forge.certificate("fuzzed", san="a@b.example").der)
    position = data.draw(st.integers(0, len(der_bytes) - 1))
    der_bytes[position] = data.draw(st.integers(0, 255))
    try:
        found = Certificate.from_der(bytes(der_bytes))
        assert isinstance((found.names, found.subject, found.is_authority, found.validity), tuple)
        assert found.key
    except Malformed:
        return


@given(st.lists(st.sampled_from(["good", "stranger", "broken", "other"]), max_size=5))
def test_withholding_or_adding_bundles_never_makes_an_attestation(kinds: list[str]) -> None:
    """Only the publisher's own bundle is one, whatever stands beside it."""
    statement = {
        "_type": intoto.STATEMENT_TYPE,
        "subject": [{"name": "m", "digest": {"sha256": "0" * 64}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": {},
    }
    made = {
        "good": json.dumps(forge.bundle_of(statement, forge.TufKey(key=forge.key("release")))),
        "stranger": json.dumps(forge.bundle_of(statement, forge.TufKey(key=forge.key("x")))),
        "broken": "{",
        "other": "[]",
    }
    verifications = [
        signature.verify(Document(path=kind, data=made[kind].encode()), TRUST, forge.NOW)
        for kind in kinds
    ]
    believed = [
        verification.bundle
        for verification in verifications
        if isinstance(verification, Attestation)
    ]
    assert believed == [kind for kind in kinds if kind == "good"]


@pytest.mark.each("sigstore/model-transparency-tests/v*/model.sig")
def test_a_real_bundle_cut_anywhere_is_refused(each: Path) -> None:
    data = each.read_bytes()
    for length in range(0, len(data) - 1, max(1, len(data) // 100)):
        assert refused(data[:length])
