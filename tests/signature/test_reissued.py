"""An authority may issue its own certificate again: the same name and key, and other dates."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.judgement import judge
from provenance.keys import Certificate
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Verdict
from tests import forge

NOW, DAY = forge.NOW, forge.DAY
OLD = forge.certificate("root", ca=True, start=NOW - 900 * DAY, end=NOW - DAY)
NEW = forge.certificate("root", ca=True, start=NOW - 30 * DAY, end=NOW + 900 * DAY)
NEWER = forge.certificate("root", ca=True, start=NOW - 2 * DAY, end=NOW + 1800 * DAY)
OTHER = forge.certificate("other-root", ca=True, start=NOW - 2 * DAY, end=NOW + 1800 * DAY)
LEAF = forge.certificate("leaf", "root")


def verdict(folder: Path, carried: Certificate, *known: Certificate) -> Verdict:
    """Of a model that the leaf signed, with a root beside it, by those that a registry has."""
    model = forge.write(folder / "m")
    signed = forge.bundle(model, forge.TufKey(key=forge.key("leaf"), chain=(LEAF, carried)))
    (model / "model.sig").write_text(json.dumps(signed))
    authority = forge.certificate_pem(*known)
    signer = forge.signer("pki", certificate_authority=authority, subject="CN=leaf")
    table = forge.registry(forge.org("Acme", signer, originates=True))
    evidence = directory.collect(
        model, ref=Ref(text="m", repo="acme/m"), at=NOW + timedelta(hours=1)
    )
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    return judge(evidence, policy, Registry.from_table(table, source="trust.toml"))


HOLDS = {
    "the registry's own": (NEW, (NEW,)),
    "an older issue is carried": (OLD, (NEW,)),
    "a newer issue is carried": (NEWER, (NEW,)),
    "the registry has both": (OLD, (OLD, NEW)),
}


@pytest.mark.parametrize(("carried", "known"), HOLDS.values(), ids=HOLDS.keys())
def test_another_issue_of_a_registered_root_is_as_good(
    tmp_path: Path, carried: Certificate, known: tuple[Certificate, ...]
) -> None:
    found = verdict(tmp_path, carried, *known)
    assert found.result == "pass", [f.rule for f in found.findings]


def test_where_the_registered_one_is_over_it_is_said_what_to_add(tmp_path: Path) -> None:
    found = verdict(tmp_path, NEW, OLD)
    (finding,) = (f for f in found.findings if f.rule == "signature/expired")
    assert NEW.fingerprint in finding.message
    assert "--certificate-authority NEW.pem" in finding.message
    assert found.result == "fail"


def test_another_authority_does_not_ride_along(tmp_path: Path) -> None:
    found = verdict(tmp_path, OTHER, NEW)
    assert "signature/untrusted-chain" in {f.rule for f in found.findings}


def test_a_root_by_another_key_of_the_same_name_is_no_issue_of_it(tmp_path: Path) -> None:
    found = verdict(tmp_path, _renamed(), NEW)
    assert found.result == "fail"


def _renamed() -> Certificate:
    """A root called as ours is, by a key of somebody else."""
    signer = forge.key("somebody").numbers
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(NEW.raw.subject)
        .issuer_name(NEW.raw.subject)
        .public_key(signer.public_key())
        .serial_number(7)
        .not_valid_before(NEW.starts)
        .not_valid_after(NEW.ends)
    )
    for extension in NEW.raw.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return Certificate(builder.sign(signer, hashes.SHA256()))
