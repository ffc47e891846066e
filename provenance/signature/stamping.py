"""Asking an authority for an RFC 3161 timestamp, and whether its answer is one to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provenance.errors import Malformed
from provenance.keys import TIMESTAMPING, UNREADABLE, Certificate
from provenance.signature import timestamp, token
from provenance.signature.ordered import in_order
from provenance.signature.roots import Clock
from provenance.trust import Registry

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MOST_APART = timedelta(minutes=5)
"""By how much a clock that is asked now may differ from ours."""
GRANTED = 0
STATUS = {1: "granted with changes", 2: "rejected", 3: "waiting", 4: "revocation warning"}
STATUS[5] = "revoked"
"""What an authority answers that grants nothing (RFC 3161, section 2.4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to a timestamp authority: `request`, in DER, is over SHA-256 of `data`."""

    data: bytes
    request: bytes
    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A timestamp that was verified: by whom, and of when.

    `registered` says that the chain is one of a registry, and not only the one that the response
    itself carries. `chain` has the clock's own certificate first.
    """

    response: bytes
    moment: datetime
    chain: tuple[Certificate, ...]
    registered: bool

    @property
    def authority(self) -> str:
        """The name of the authority."""
        return self.chain[0].subject

    @property
    def is_whole(self) -> bool:
        """Whether the chain ends in a root, so that a registry can name it."""
        return self.chain[-1].is_issued_by(self.chain[-1])


def query(data: bytes) -> Query:
    """A question about these bytes, with a random nonce, that asks for the certificates too."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder(data, HashAlgorithm.SHA256, nonce=True, cert_req=True)
    request = builder.build()
    if request.nonce is None:
        raise AssertionError("rfc3161-client made a request without a nonce")
    return Query(data=data, request=request.as_bytes(), nonce=request.nonce)


def clocks(registry: Registry) -> tuple[Clock, ...]:
    """The timestamp authorities of every registry that this one stands for."""
    return tuple(
        Clock(certificates=authority.certificates)
        for part in registry.each
        for authority in part.timestamp_authorities
    )


def checked(asked: Query, response: bytes, known: Sequence[Clock], now: datetime) -> Stamp:
    """The timestamp that an authority answered at `now`, verified.

    It is over the bytes that were asked for, has the nonce, and is of no more than 5 minutes from
    now. Its signature is by one of the clocks that are `known`, or by the chain that it carries.
    Raises Malformed with the reason.
    """
    response = in_order(response)
    said = _decoded(response)
    imprint = said.tst_info.message_imprint
    if imprint.message != hashlib.sha256(asked.data).digest():
        raise _bad("it is over other bytes than those that were sent")
    if said.tst_info.nonce != asked.nonce:
        raise _bad("it has not the nonce of the question: it may be an old answer")
    moment = said.tst_info.gen_time
    if abs(moment - now) > MOST_APART:
        raise _bad(
            f"it says {moment:%Y-%m-%d %H:%M:%S} UTC, and the clock here {now:%Y-%m-%d %H:%M:%S} "
            "UTC; expected 5 minutes of difference at the most: set the clock that is wrong"
        )
    named = [clock for clock in known if token.names(response, clock.certificates[0])]
    if named:
        timestamp.verified_times((response,), asked.data, named)
        own = named[0].certificates
        return Stamp(response=response, moment=moment, chain=own, registered=True)
    try:
        chain = _carried_chain(response, moment)
    except UNREADABLE:
        raise _bad("it is not built as RFC 3161 says") from None
    return Stamp(response=response, moment=moment, chain=chain, registered=False)


def _decoded(response: bytes) -> TimeStampResponse:
    """An answer that grants a timestamp, or Malformed."""
    from rfc3161_client import decode_timestamp_response

    try:
        found = decode_timestamp_response(response)
        status, words = found.status, found.status_string
        if status == GRANTED:
            # Parsed late: what cannot be read raises here and nowhere later.
            _ = (found.tst_info.gen_time, found.tst_info.nonce, found.tst_info.message_imprint)
            return found
    except UNREADABLE:
        raise _bad(
            f"expected an RFC 3161 response, found {len(response)} bytes that begin with "
            f"{response[:24]!r}"
        ) from None
    said = f": {'; '.join(words)[:200]!a}" if words else ""
    raise _bad(f"the authority answered {STATUS.get(status, 'a status that is unknown')}{said}")


def _carried_chain(response: bytes, moment: datetime) -> tuple[Certificate, ...]:
    """The certificates that the response carries, the signer's first, once they verify it."""
    carried = token.Carried.of(response)
    leaf = next((one for one in carried.certificates if token.names(response, one)), None)
    if leaf is None:
        raise _bad("it carries no certificate of the one who signed it")
    chain = _above(leaf, carried.certificates)
    if not leaf.is_for_timestamps or not all(one.may_issue(TIMESTAMPING) for one in chain[1:]):
        raise _bad(f"{leaf.subject} signed it, whose certificate is not for timestamps alone")
    for one in chain:
        if not one.valid_at(moment):
            raise _bad(f"the certificate {one.subject} is valid {one.validity}")
    if chain[-1].subject == chain[-1].issuer and not chain[-1].is_issued_by(chain[-1]):
        raise _bad(f"the certificate {chain[-1].subject} that it carries is not signed by itself")
    token.check(response, chain)
    if not carried.is_signed_by(leaf):
        raise _bad(f"its signature is not by {leaf.subject}")
    return chain


def _above(leaf: Certificate, others: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The leaf and, one after the other, the certificates among `others` that issued it."""
    chain = [leaf]
    while True:
        found = (one for one in others if one not in chain and chain[-1].is_issued_by(one))
        issuer = next(found, None)
        if issuer is None:
            return tuple(chain)
        chain.append(issuer)


def _bad(message: str) -> Malformed:
    return Malformed(message, slug="timestamp")
