"""What a signer is recognised by: a keyless identity, a public key, or an authority and a pin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.keys import Certificate, PublicKey, certificates
from provenance.trust import reading

PUBLIC_GOOD = "public-good"
ANY_TAG = "@refs/tags/*"
PINS = ("subject", "san", "fingerprint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A name in certificates that the Sigstore instance `sigstore` issues for `issuer`.

    A name that ends in `@refs/tags/*` stands for every tag of one workflow; any other is exact.
    """

    identity: str
    issuer: str
    sigstore: str = PUBLIC_GOOD
    source_repository: str | None = None
    source_repository_id: str | None = None
    owner_id: str | None = None

    kind: ClassVar[str] = "sigstore"

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.identity

    def covers(self, name: str) -> bool:
        """Whether a certificate's `name` is this one, or a tag that this one stands for."""
        if not self.identity.endswith(ANY_TAG):
            return name == self.identity
        fixed = self.identity.removesuffix("*")
        return name.startswith(fixed) and len(name) > len(fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key."""

    key: PublicKey

    kind: ClassVar[str] = "key"

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.key.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Certificates that may issue others, and exactly one pin on the leaf."""

    certificates: tuple[Certificate, ...]
    subject: str | None = None
    san: str | None = None
    fingerprint: str | None = None

    kind: ClassVar[str] = "certificate"

    @property
    def label(self) -> str:
        """What reports call it: the pin."""
        return self.subject or self.san or self.fingerprint or ""


Material = Identity | Key | Authority


def read_material(fields: Fields, sigstores: frozenset[str]) -> Material:
    """The one material of a `[[org.signer]]`; `sigstores` are the instances it may name."""
    match fields.one_of(("identity", "key", "certificate_authority")):
        case "identity":
            return _identity(fields, sigstores)
        case "key":
            return _key(fields)
    return _authority(fields)


def read_certificates(fields: Fields, name: str) -> tuple[Certificate, ...]:
    """One certificate or more from a PEM text."""
    try:
        return certificates(fields.filled(name))
    except Malformed as error:
        raise fields.wrong(name, str(error)) from None


def _identity(fields: Fields, sigstores: frozenset[str]) -> Identity:
    identity = reading.line(fields, "identity")
    _check_wildcard(fields, identity)
    if is_workflow(identity) and "source_repository" not in fields:
        raise fields.wrong(
            "source_repository",
            "missing: a workflow runs for whoever calls it, so say whose repository called it",
        )
    instance = fields.text("sigstore", PUBLIC_GOOD)
    if instance not in sigstores:
        known = ", ".join(sorted(sigstores))
        raise fields.wrong("sigstore", f"no [[sigstore]] is called {instance[:80]!r}; {known}")
    return Identity(
        identity=identity,
        issuer=reading.url(fields, "issuer"),
        sigstore=instance,
        source_repository=reading.optional_url(fields, "source_repository"),
        source_repository_id=reading.optional_line(fields, "source_repository_id"),
        owner_id=reading.optional_line(fields, "owner_id"),
    )


def _check_wildcard(fields: Fields, identity: str) -> None:
    fixed = identity.removesuffix(ANY_TAG)
    if "*" in fixed or (fixed != identity and not is_workflow(identity)):
        raise fields.wrong(
            "identity",
            f"expected an exact identity, or a workflow's URL and {ANY_TAG}; "
            f"found {identity[:200]!r}",
        )


def is_workflow(identity: str) -> bool:
    """Whether the identity is that of a build pipeline rather than of a person."""
    if "/.github/workflows/" in identity:
        return True
    url, at, _ = identity.partition("@refs/")
    return bool(at) and url.startswith("https://") and "/" in url.removeprefix("https://")


def _key(fields: Fields) -> Key:
    try:
        return Key(key=PublicKey.from_pem(fields.filled("key")))
    except Malformed as error:
        raise fields.wrong("key", str(error)) from None


def _authority(fields: Fields) -> Authority:
    name = "certificate_authority"
    issuers = read_certificates(fields, name)
    for position, certificate in enumerate(issuers):
        if not certificate.is_authority:
            raise fields.wrong(
                name, f"certificate {position} may not issue others (cA and keyCertSign)"
            )
    fields.one_of(PINS)
    return Authority(
        certificates=issuers,
        subject=reading.optional_line(fields, "subject"),
        san=reading.optional_line(fields, "san"),
        fingerprint=reading.optional_hexadecimal(fields, "fingerprint", 64, "sha256:"),
    )
