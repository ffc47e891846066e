"""The Sigstore client conformance suite, driven over our own signature module."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from provenance import bundle as bundles
from provenance import intoto
from provenance.bundle import Bundle, Fulcio, KeyHint
from provenance.errors import Malformed
from provenance.intoto import Envelope
from provenance.keys import Certificate, PublicKey
from provenance.signature import keyless, managed, roots
from provenance.trust import Identity, Registry, Sigstore

BEACON = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon"
IDENTITY = f"{BEACON}/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"

# Refused although the suite wants it accepted, each with its reason.
REFUSED = {
    "intoto-with-custom-trust-root": "an intoto 0.0.2 log entry, which sigstore does not know: "
    "accepting it would need SCT checks of our own",
}


def instance(case: Path) -> Sigstore:
    own = case / "trusted_root.json"
    if own.exists():
        return Sigstore(name="custom", trusted_root=own.read_text())
    return roots.instances(Registry(name="nobody"))[0]


def read(case: Path, name: str, default: str) -> str:
    path = case / name
    return path.read_text().strip() if path.exists() else default


def verify(case: Path) -> None:
    """Raises Malformed unless the bundle of `case` holds for its artifact and its party."""
    bundle = bundles.parse((case / "bundle.sigstore.json").read_bytes())
    artifact = case / "artifact"
    data = (artifact if artifact.exists() else case.parent / "a.txt").read_bytes()
    match bundle.material:
        case KeyHint() as hint:
            verify_key(case, bundle, hint, data)
        case Fulcio() as material:
            verify_person(case, bundle, material, data)
        case _:
            raise Malformed("neither a key nor a person")
    if isinstance(bundle.content, Envelope):
        subjects = {subject.sha256 for subject in intoto.statement(bundle.content).subjects}
        if sha256(data).hexdigest() not in subjects:
            raise Malformed("the statement is about something else")


def verify_key(case: Path, bundle: Bundle, hint: KeyHint, data: bytes) -> None:
    if not (case / "key.pub").exists():
        raise Malformed("no key to verify with")
    key = PublicKey.from_pem((case / "key.pub").read_text())
    if not managed.names(hint, key):
        raise Malformed("the bundle names another key")
    logs = roots.logs(instance(case).trusted_root)
    clocks = roots.clocks(instance(case).trusted_root)
    managed.verify(bundle, key, clocks=clocks, logs=logs, artifact=data)


def verify_person(case: Path, bundle: Bundle, material: Fulcio, data: bytes) -> None:
    keyless.verify(bundle, instance(case), data)
    entry = Identity(identity=read(case, "identity", IDENTITY), issuer=read(case, "issuer", ISSUER))
    if not keyless.person(Certificate.from_der(material.certificate)).is_named_by(entry):
        raise Malformed("somebody else signed")


def test_the_suite_is_complete(corpus: Path) -> None:
    assert len(list(corpus.glob("sigstore/conformance/*/bundle.sigstore.json"))) == 40


@pytest.mark.each("sigstore/conformance/*/bundle.sigstore.json")
def test_every_case_agrees_with_its_name(each: Path) -> None:
    case = each.parent
    if case.name.endswith("_fail") or case.name in REFUSED:
        with pytest.raises(Malformed):
            verify(case)
    else:
        verify(case)
