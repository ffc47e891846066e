"""RFC 3161 timestamps: when a signature existed, in the word of a known clock.

The one door to rfc3161-client.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provenance.errors import Malformed
from provenance.signature.roots import Clock


def verified_times(
    timestamps: Sequence[bytes], signature: bytes, clocks: Sequence[Clock]
) -> tuple[datetime, ...]:
    """When each of `timestamps` says that `signature` existed.

    Raises Malformed with slug `timestamp` if one of them is not by one of `clocks`, over these
    bytes, at a moment when that clock was in service: a bad timestamp is not the same as none.
    """
    if len(set(timestamps)) != len(timestamps):
        raise Malformed("the same timestamp stands twice", slug="timestamp")
    return tuple(_time(timestamp, signature, clocks) for timestamp in timestamps)


def _time(timestamp: bytes, signature: bytes, clocks: Sequence[Clock]) -> datetime:
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        response = decode_timestamp_response(timestamp)
        moment = response.tst_info.gen_time
    except ValueError:
        raise Malformed("a timestamp is not an RFC 3161 response", slug="timestamp") from None
    reason = "no timestamp authority is registered"
    for clock in clocks:
        leaf, *others = (certificate.raw for certificate in clock.certificates)
        builder = VerifierBuilder().tsa_certificate(leaf).add_root_certificate((leaf, *others)[-1])
        for certificate in others[:-1]:
            builder = builder.add_intermediate_certificate(certificate)
        try:
            builder.build().verify_message(response, signature)
        except (VerificationError, ValueError) as error:
            reason = str(error)
            continue
        if (clock.start is None or clock.start <= moment) and (
            clock.end is None or moment <= clock.end
        ):
            return moment
        reason = f"the authority was not in service at {moment:%Y-%m-%d %H:%M} UTC"
    raise Malformed(f"a timestamp by no registered authority: {reason}", slug="timestamp")
