"""RFC 3161 timestamps: when a signature existed, in the word of a known clock.

The one door to rfc3161-client.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provenance.errors import Malformed
from provenance.keys import TIMESTAMPING, UNREADABLE
from provenance.signature import token
from provenance.signature.ordered import in_order
from provenance.signature.roots import Clock

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse


def verified_times(
    timestamps: Sequence[bytes], signature: bytes, clocks: Sequence[Clock]
) -> tuple[datetime, ...]:
    """When each of `timestamps` says that `signature` existed.

    Raises Malformed with slug `timestamp` if one of them is not by one of `clocks`, over these
    bytes, at a moment when that clock was in service: a bad timestamp is not the same as none.
    """
    if len(set(timestamps)) != len(timestamps):
        raise _bad("the same one stands twice")
    return tuple(_time(timestamp, signature, clocks) for timestamp in timestamps)


def _time(timestamp: bytes, signature: bytes, clocks: Sequence[Clock]) -> datetime:
    from rfc3161_client import decode_timestamp_response

    timestamp = in_order(timestamp)
    try:
        response = decode_timestamp_response(timestamp)
        moment = response.tst_info.gen_time
    except UNREADABLE:
        raise _bad("not an RFC 3161 response") from None
    named = [clock for clock in clocks if token.names(timestamp, clock.certificates[0])]
    reason = "it is by no registered timestamp authority: `registry add-clock URL|FILE` names one"
    for clock in named:
        reason = _refusal(clock, timestamp, response, signature) or (
            "" if clock.serves(moment, moment) else f"the authority served {clock.service}"
        )
        if not reason:
            return moment
    raise _bad(f"{reason}; it says {moment:%Y-%m-%d %H:%M} UTC")


def _refusal(clock: Clock, timestamp: bytes, response: TimeStampResponse, signature: bytes) -> str:
    """Why this is not a timestamp of `clock` over `signature`, or nothing."""
    from rfc3161_client import VerificationError, VerifierBuilder

    leaf, *others = clock.certificates
    if not all(above.may_issue(TIMESTAMPING) for above in others):
        return "the certificates above the authority's do not issue any for timestamps"
    try:
        token.check(timestamp, clock.certificates)
    except Malformed as error:
        return str(error)
    except UNREADABLE:
        return "it is not built as RFC 3161 says"
    builder = VerifierBuilder().tsa_certificate(leaf.raw)
    builder = builder.add_root_certificate((leaf, *others)[-1].raw)
    for certificate in others[:-1]:
        builder = builder.add_intermediate_certificate(certificate.raw)
    try:
        with warnings.catch_warnings(action="ignore"):
            builder.build().verify_message(response, signature)
    except (VerificationError, *UNREADABLE):
        return "it is not over this signature, or not by a certificate that was good for it then"
    return ""


def _bad(message: str) -> Malformed:
    return Malformed(f"timestamp: {message}", slug="timestamp")
