"""The Sigstore client conformance suite, driven over our own signature module."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from provenance.errors import Malformed
from provenance.keys import Certificate, Digest, PublicKey
from provenance.signature import keyless, managed, roots
from provenance.trust import Identity, Registry, Sigstore
from provenance.wire import bundle as bundles
from provenance.wire import intoto
from provenance.wire.bundle import Bundle, Fulcio, KeyHint
from provenance.wire.intoto import Envelope

BEACON = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon"
IDENTITY = f"{BEACON}/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"

# Refused although the suite wants it accepted, each with its reason.
REFUSED = {
    "intoto-with-custom-trust-root": "an intoto 0.0.2 log entry, which sigstore does not know: "
    "accepting it would need a second Sigstore, with SCT checks of its own",
}
# Since no intoto entry is accepted, a refusal of one must give the reason of its own case.
REASONS = {
    "intoto-log-entry-mismatch_fail": "the entry is about another signature",
    "intoto-missing-inclusion-proof_fail": "the entry has no inclusion proof",
    "intoto-set-outside-signing-cert-validity_fail": "the certificate is valid 2023-02-01 00:00:00",
    "intoto-with-custom-trust-root": "of the kind intoto 0.0.2",
    "wrong-hashedrekord-artifact_fail": "are not of one signing",
}


def instance(case: Path) -> Sigstore:
    own = case / "trusted_root.json"
    if own.exists():
        return Sigstore(name="custom", trusted_root=own.read_text())
    return roots.instances(Registry(name="nobody"))[0]


def read(case: Path, name: str, default: str) -> str:
    path = case / name
    return path.read_text().strip() if path.exists() else default


def verify(case: Path, *, by_digest: bool = False) -> None:
    """Raises Malformed unless the bundle of `case` holds for its artifact and its party.

    The artifact is given as its bytes, or by its SHA-256 alone.
    """
    bundle = bundles.parse((case / "bundle.sigstore.json").read_bytes())
    artifact = case / "artifact"
    data = (artifact if artifact.exists() else case.parent / "a.txt").read_bytes()
    digest = Digest(algorithm="sha256", value=sha256(data).digest())
    given = digest if by_digest else data
    match bundle.material:
        case KeyHint() as hint:
            verify_key(case, bundle, hint, given)
        case Fulcio() as material:
            verify_person(case, bundle, material, given)
        case _:
            raise Malformed("neither a key nor a person")
    if isinstance(bundle.content, Envelope):
        subjects = {subject.sha256 for subject in intoto.statement(bundle.content).subjects}
        if digest.value.hex() not in subjects:
            raise Malformed("the statement is about something else")


def verify_key(case: Path, bundle: Bundle, hint: KeyHint, data: bytes | Digest) -> None:
    if not (case / "key.pub").exists():
        raise Malformed("no key to verify with")
    key = PublicKey.from_pem((case / "key.pub").read_text())
    if not managed.names(hint, key):
        raise Malformed("the bundle names another key")
    logs = roots.logs(instance(case).trusted_root)
    clocks = roots.clocks(instance(case).trusted_root)
    managed.verify(bundle, key, clocks=clocks, logs=logs, artifact=data)


def verify_person(case: Path, bundle: Bundle, material: Fulcio, data: bytes | Digest) -> None:
    keyless.verify(bundle, instance(case), data)
    entry = Identity(identity=read(case, "identity", IDENTITY), issuer=read(case, "issuer", ISSUER))
    if not keyless.person(Certificate.from_der(material.certificate)).is_named_by(entry):
        raise Malformed("somebody else signed")


def test_the_suite_is_complete(corpus: Path) -> None:
    assert len(list(corpus.glob("sigstore/conformance/*/bundle.sigstore.json"))) == 40


@pytest.mark.parametrize("by_digest", [False, True], ids=["bytes", "digest"])
@pytest.mark.each("sigstore/conformance/*/bundle.sigstore.json")
def test_every_case_agrees_with_its_name(each: Path, by_digest: bool) -> None:
    case = each.parent
    if case.name.endswith("_fail") or case.name in REFUSED:
        with pytest.raises(Malformed, match=REASONS.get(case.name)):
            verify(case, by_digest=by_digest)
    else:
        verify(case, by_digest=by_digest)


def test_every_refusal_of_an_intoto_entry_has_its_reason(corpus: Path) -> None:
    """None of them is accepted, so that only the reason shows what a case proves."""
    cases = {path.name for path in corpus.glob("sigstore/conformance/intoto-*")}
    assert cases <= REASONS.keys()
