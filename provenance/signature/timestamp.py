"""RFC 3161 timestamps: when a signature existed, in the word of a known clock.

The one door to rfc3161-client.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime

from provenance.errors import Malformed
from provenance.formats.der import child, children
from provenance.keys import UNREADABLE
from provenance.signature.roots import Clock

SIGNED_DATA_VERSION, SIGNER_VERSION, SIGNER_FIELDS = b"\3", b"\1", 6

# Which signature algorithms go with a digest: RFC 5758, RFC 8017. By the DER of the OIDs.
RSA = bytes.fromhex("2a864886f70d010101")
ALGORITHMS = {
    bytes.fromhex(f"6086480165030402{digest}"): {
        RSA,
        bytes.fromhex(f"2a864886f70d0101{rsa}"),
        bytes.fromhex(f"2a8648ce3d0403{ecdsa}"),
    }
    for digest, rsa, ecdsa in (("01", "0b", "02"), ("02", "0c", "03"), ("03", "0d", "04"))
}


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
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        response = decode_timestamp_response(timestamp)
        moment = response.tst_info.gen_time
        _check_unsigned_fields(timestamp)
    except UNREADABLE:
        raise _bad("not an RFC 3161 response") from None
    reason = "no timestamp authority is registered"
    for clock in clocks:
        leaf, *others = (certificate.raw for certificate in clock.certificates)
        builder = VerifierBuilder().tsa_certificate(leaf).add_root_certificate((leaf, *others)[-1])
        for certificate in others[:-1]:
            builder = builder.add_intermediate_certificate(certificate)
        try:
            with warnings.catch_warnings(action="ignore"):
                builder.build().verify_message(response, signature)
        except (VerificationError, *UNREADABLE) as error:
            reason = str(error)
            continue
        if (clock.start is None or clock.start <= moment) and (
            clock.end is None or moment <= clock.end
        ):
            return moment
        reason = f"the authority was not in service at {moment:%Y-%m-%d %H:%M} UTC"
    raise _bad(f"by no registered authority: {reason}")


def _check_unsigned_fields(timestamp: bytes) -> None:
    """What the signature of a CMS leaves open is as RFC 5652 section 5 says, to the octet."""
    signed = child(timestamp, 0, 1, 1, 0)
    if child(signed, 0) != SIGNED_DATA_VERSION:
        raise _bad("another version of SignedData")
    signers = children(child(signed, -1))
    fields = children(signers[0][1]) if len(signers) == 1 else ()
    if len(fields) != SIGNER_FIELDS or fields[0][1] != SIGNER_VERSION:
        raise _bad("not exactly one signer, without unsigned attributes")
    digest, algorithm = child(fields[2][1], 0), child(fields[4][1], 0)
    if algorithm not in ALGORITHMS.get(digest, ()):
        raise _bad("its signature algorithm does not belong to its digest algorithm")


def _bad(message: str) -> Malformed:
    return Malformed(f"timestamp: {message}", slug="timestamp")
