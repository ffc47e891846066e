"""From a bundle to an opinion: who signed it, in the eyes of one registry.

1. Read the bundle strictly.
2. Find who the material may mean: a registered key, an authority above the leaf, an instance.
3. Check the signature, every timestamp and every log entry.
4. Check the certificate at the earliest stamp, or now if there is none.
5. Name the registry's parties that the material is, or else a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from provenance import trust
from provenance.errors import Malformed
from provenance.keys import Certificate, PublicKey, chain
from provenance.signature import keyless, managed, roots
from provenance.signature.moments import Moments, moments
from provenance.signature.result import (
    UNKNOWN_KEY,
    Attestation,
    Invalid,
    Party,
    UnknownSigner,
    VerificationResult,
)
from provenance.signature.roots import Clock, Log
from provenance.trust import PUBLIC_GOOD, Registry, Sigstore
from provenance.wire.bundle import Bundle, Chain, Fulcio, KeyHint, Opened
from provenance.wire.intoto import Statement


def verify(opened: Opened, registry: Registry, at: datetime) -> VerificationResult:
    """What an opened bundle is worth to `registry` at the moment `at`.

    Never raises for what stands in the document; TrustError if a trust root of the registry
    cannot be used.
    """
    path, bundle, statement = opened.document.path, opened.bundle, opened.statement
    if isinstance(bundle, Malformed):
        return _malformed(path, bundle)
    if isinstance(statement, Malformed):
        return _malformed(path, statement)
    try:
        found = _verification(path, bundle, statement, registry, at)
    except Malformed as error:
        return _malformed(path, error)
    if isinstance(found, Invalid) and found.foreign:
        return replace(found, predicate_type=statement.predicate_type)
    return found


def _malformed(path: str, error: Malformed) -> Invalid:
    return Invalid(bundle=path, slug=error.slug, message=str(error))


def _verification(
    path: str, bundle: Bundle, statement: Statement, registry: Registry, at: datetime
) -> VerificationResult:
    match bundle.material:
        case KeyHint() as hint:
            return _by_key(path, bundle, statement, hint, registry, at)
        case Chain() as material:
            return _by_chain(path, bundle, statement, material, registry, at)
        case Fulcio() as material:
            return _by_certificate(path, bundle, statement, material, registry, at)


def _named(
    path: str,
    statement: Statement,
    parties: Sequence[Party],
    identity: str,
    known: Moments,
    names: frozenset[str],
) -> VerificationResult:
    if not parties:
        return UnknownSigner(
            bundle=path,
            statement=statement,
            identity=identity,
            moments=known,
            names=names,
        )
    return Attestation(
        bundle=path,
        statement=statement,
        identity=identity,
        moments=known,
        names=names,
        parties=tuple(parties),
    )


def _clocks(registry: Registry) -> tuple[Clock, ...]:
    return tuple(Clock(certificates=tsa.certificates) for tsa in registry.timestamp_authorities)


def _logs(bundle: Bundle, registry: Registry) -> tuple[Log, ...]:
    """Every log the registry's instances know, where the bundle has an entry to look up."""
    known = roots.instances(registry) if bundle.entries else ()
    return tuple(log for instance in known for log in roots.logs(instance.trusted_root))


def _by_key(
    path: str,
    bundle: Bundle,
    statement: Statement,
    hint: KeyHint,
    registry: Registry,
    at: datetime,
) -> VerificationResult:
    parties = [
        Party(org=org, signer=signer)
        for org, signer in registry.signers()
        if isinstance(signer.material, trust.Key) and managed.names(hint, signer.material.key)
    ]
    key = _key(parties) or (PublicKey.from_pem(hint.pem) if hint.pem else None)
    if key is None:
        return Invalid(
            bundle=path,
            slug=UNKNOWN_KEY,
            message=f"signed with a key that the bundle calls {hint.hint[:80]!r}",
            foreign=True,
        )
    stamps = managed.verify(bundle, key, clocks=_clocks(registry), logs=_logs(bundle, registry))
    identity = f"{key.description} key {key.fingerprint}"
    known = moments(statement, stamps, at=at)
    return _named(path, statement, parties, identity, known, frozenset({key.fingerprint}))


def _key(parties: Sequence[Party]) -> PublicKey | None:
    for party in parties:
        if isinstance(party.signer.material, trust.Key):
            return party.signer.material.key
    return None


def _by_chain(
    path: str,
    bundle: Bundle,
    statement: Statement,
    material: Chain,
    registry: Registry,
    at: datetime,
) -> VerificationResult:
    leaf, *rest = managed.certificates(material)
    stamps = managed.verify(bundle, leaf.key, clocks=_clocks(registry))
    known = moments(statement, stamps, at=at, certificate=leaf)
    parties, refused = [], []
    for org, signer in registry.signers():
        try:
            if isinstance(signer.material, trust.Authority) and _is_pinned(leaf, signer.material):
                chain(leaf, rest, signer.material.certificates, known.stamped or at)
                parties.append(Party(org=org, signer=signer))
        except Malformed as error:
            refused.append(error)
    if refused and not parties:
        raise refused[0]
    return _named(
        path,
        statement,
        parties,
        f"certificate {leaf.subject}, {leaf.fingerprint}",
        known,
        _names(leaf),
    )


def _names(leaf: Certificate) -> frozenset[str]:
    return frozenset({leaf.subject, *leaf.names, leaf.fingerprint, leaf.key.fingerprint})


def _is_pinned(leaf: Certificate, authority: trust.Authority) -> bool:
    """Whether the registry means this leaf, if the authority above it does stand for it."""
    return (
        authority.fingerprint == leaf.fingerprint
        or authority.subject == leaf.subject
        or authority.san in leaf.names
    )


def _by_certificate(
    path: str,
    bundle: Bundle,
    statement: Statement,
    material: Fulcio,
    registry: Registry,
    at: datetime,
) -> VerificationResult:
    leaf = Certificate.from_der(material.certificate)
    person = keyless.person(leaf)
    reasons = []
    for instance in roots.instances(registry):
        try:
            stamps = keyless.verify(bundle, instance)
        except Malformed as error:
            reasons.append((instance.name, error))
            continue
        return _named(
            path,
            statement,
            _people(registry, person, instance.name),
            f"{person}{_through(instance)}",
            moments(statement, stamps, at=at, certificate=leaf),
            _names(leaf),
        )
    return _by_nobody(path, reasons)


def _by_nobody(path: str, reasons: Sequence[tuple[str, Malformed]]) -> Invalid:
    """The refusal by the instance that issued the certificate, or by all of them if none did."""
    own = [(name, error) for name, error in reasons if error.slug != keyless.FOREIGN] or reasons
    stale = next((error for _, error in own if error.slug == "stale-root"), None)
    if stale:
        return Invalid(bundle=path, slug=stale.slug, message=str(stale))
    slugs = {error.slug for _, error in own} - {keyless.FOREIGN, "malformed"}
    message = "; ".join(f"{name}: {error}" for name, error in own)
    return Invalid(bundle=path, slug=slugs.pop() if len(slugs) == 1 else "invalid", message=message)


def _through(instance: Sigstore) -> str:
    return "" if instance.name == PUBLIC_GOOD else f", through the Sigstore {instance.name}"


def _people(registry: Registry, person: keyless.Person, instance: str) -> list[Party]:
    """The parties whose registry entry means `person` and trusts this instance to say so."""
    return [
        Party(org=org, signer=signer)
        for org, signer in registry.signers()
        if isinstance(signer.material, trust.Identity)
        and signer.material.sigstore == instance
        and person.is_named_by(signer.material)
    ]
