"""The days on which a verdict on stored evidence may become another, though nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from provenance.errors import Malformed
from provenance.fleet.asked import mark
from provenance.keys import Certificate
from provenance.model import Evidence
from provenance.signature.moments import own_time
from provenance.trust import Registry
from provenance.trust.material import Authority
from provenance.wire.bundle import Bundle, Chain, Fulcio, Opened
from provenance.wire.intoto import Statement

DAY = "day"
MOST = 20_000
"""Days between two runs after which everything is judged again: half a century."""


def marks_of(evidence: Evidence) -> Iterator[int]:
    """A mark for each day on which a certificate of its bundles begins or ends, and for the day
    that a statement says it is of: what was signed without a stamp was signed when it is judged."""
    for document in evidence.bundles:
        opened = Opened(document=document)
        if isinstance(opened.bundle, Malformed):
            continue
        for certificate in _certificates(opened.bundle):
            yield from (_mark(certificate.starts.date()), _mark(certificate.ends.date()))
        said = own_time(opened.statement) if isinstance(opened.statement, Statement) else None
        if said:
            yield _mark(said.date())


def marks_between(then: datetime, now: datetime) -> frozenset[int] | None:
    """Those of the days from one moment to another, with a day before and after for clocks that
    differ; None where there are too many."""
    early, late = sorted((then.date(), now.date()))
    count = (late - early).days + 3
    if early == late:
        return frozenset()
    if count > MOST:
        return None
    return frozenset(_mark(early + timedelta(days=day - 1)) for day in range(count))


def moments_of(registry: Registry) -> Iterator[datetime]:
    """When something in a registry begins or ends that counts for a verdict."""
    for one in (registry, *registry.parts):
        if one.expires:
            yield one.expires
        yield from (entry.compromised_since for entry in one.revoked if entry.compromised_since)
        for signer in (signer for org in one.orgs for signer in org.signers):
            if signer.valid_from:
                yield signer.valid_from
            if isinstance(signer.material, Authority):
                for certificate in signer.material.certificates:
                    yield from (certificate.starts, certificate.ends)


def _certificates(bundle: Bundle) -> Iterator[Certificate]:
    found = bundle.material
    known = found.certificates if isinstance(found, Chain) else ()
    for der in (found.certificate,) if isinstance(found, Fulcio) else known:
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue


def _mark(day: date) -> int:
    return mark(DAY, day.isoformat())
