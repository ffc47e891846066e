"""Whether a leaf chains to an anchor at a moment (RFC 5280, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from provenance.errors import Malformed
from provenance.keys.certificate import SIGNING, Certificate
from provenance.keys.public import UNREADABLE

MAX_DEPTH = 4


def chain(
    leaf: Certificate,
    intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate],
    at: datetime,
) -> tuple[Certificate, ...]:
    """The path from `leaf` to one of `anchors`, every certificate of it valid at `at`.

    Raises Malformed with slug `usage`, `expired` or `untrusted-chain`. Every one of
    `intermediates` must be in the path or be an anchor: what nobody checks may not ride along. One
    that has the name and key of such a one, issued again, is as good.
    """
    _check_usage(leaf)
    given = (leaf, *intermediates)
    for certificate in intermediates:
        if not certificate.may_issue(SIGNING):
            raise Malformed(
                f"the certificate {certificate.subject} issues none that sign: its extended usages "
                "leave code signing out",
                slug="usage",
            )
    issuers = {certificate.raw.issuer for certificate in given}
    named = [anchor for anchor in anchors if anchor.raw.subject in issuers]
    try:
        verifier = (
            PolicyBuilder()
            .store(Store([anchor.raw for anchor in anchors]))
            .time(at)
            .max_chain_depth(MAX_DEPTH)
            .extension_policies(ca_policy=_ca_policy(), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        path = verifier.verify(leaf.raw, [c.raw for c in intermediates]).chain
    except (VerificationError, *UNREADABLE):
        raise _reissued(intermediates, named, at) or _why((*given, *named), at) from None
    found = tuple(Certificate(member) for member in path)
    for certificate in intermediates:
        if not _is_known(certificate, (*found, *anchors)):
            raise Malformed(
                f"the bundle carries {certificate.subject}, which is not part of the chain",
                slug="untrusted-chain",
            )
    return found


def _is_known(certificate: Certificate, known: Sequence[Certificate]) -> bool:
    """Whether it is one of these, or the same authority issued again by a key that is known."""
    if certificate in known:
        return True
    again = any(certificate.is_issue_of(one) for one in known)
    return again and any(certificate.is_issued_by(one) for one in known)


def check_leaf(leaf: Certificate, at: datetime) -> None:
    """A leaf may sign, and is valid at `at`, whoever issued it, or Malformed as for `chain`."""
    _check_usage(leaf)
    if not leaf.valid_at(at):
        raise _why((leaf,), at)


def _check_usage(leaf: Certificate) -> None:
    if not leaf.may_sign():
        raise Malformed(
            f"the certificate {leaf.subject} may not sign: it needs digitalSignature, and code "
            "signing where it lists extended usages",
            slug="usage",
        )


def _ca_policy() -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _require_ca)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _require_cert_sign)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _require_code)
    )


def _require_ca(_: Policy, __: x509.Certificate, value: x509.BasicConstraints) -> None:
    if not value.ca:
        raise ValueError("not a certificate authority")


def _require_cert_sign(_: Policy, __: x509.Certificate, value: x509.KeyUsage | None) -> None:
    if value is not None and not value.key_cert_sign:
        raise ValueError("may not sign certificates")


def _require_code(_: Policy, __: x509.Certificate, value: x509.ExtendedKeyUsage | None) -> None:
    """An authority that lists extended usages issues for those alone (RFC 5280, 4.2.1.12)."""
    if value is not None and SIGNING.isdisjoint(value):
        raise ValueError("may not issue certificates that sign code")


def _reissued(
    carried: Sequence[Certificate], anchors: Sequence[Certificate], at: datetime
) -> Malformed | None:
    """That an authority is over in the registry, and was issued again since, if it was."""
    for old in anchors:
        for new in carried:
            if new.is_issue_of(old) and new.valid_at(at) and not old.valid_at(at):
                return Malformed(
                    f"the registered authority {old.subject} was valid {old.validity}, not at "
                    f"{at:%Y-%m-%d %H:%M} UTC; the signature carries it issued again, valid "
                    f"{new.validity}, {new.fingerprint}: get that one from the authority and name "
                    "it: `provenance registry add-signer ORG NAME --certificate-authority NEW.pem "
                    "--subject SUBJECT`",
                    slug="expired",
                )
    return None


def _why(given: Sequence[Certificate], at: datetime) -> Malformed:
    """The reason in the words of the first certificate that is out of its time, if one is."""
    for certificate in given:
        if not certificate.valid_at(at):
            return Malformed(
                f"the certificate {certificate.subject} is valid {certificate.validity}, "
                f"not at {at:%Y-%m-%d %H:%M} UTC",
                slug="expired",
            )
    return Malformed(
        f"no chain of certificates leads from {given[0].subject}, which {given[0].issuer} issued, "
        "to a registered authority",
        slug="untrusted-chain",
    )
