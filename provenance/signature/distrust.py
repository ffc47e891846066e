"""Whether a registered party's word counts, today and at the time it was given."""

from __future__ import annotations

from datetime import datetime

from provenance.signature.result import Attestation, Party
from provenance.trust import Registry


def distrust(registry: Registry, attestation: Attestation, party: Party, now: datetime) -> str:
    """The slug of the reason why this party's word does not count at these times, or nothing.

    `valid_from` asks when it was signed, which no stamp tells. Without a time, that is now.
    """
    moments = attestation.moments
    if compromised(registry, attestation, party, now):
        return "compromised"
    if party.signer.valid_from and moments.is_before(party.signer.valid_from, now):
        return "before-valid-from"
    return ""


def compromised(
    registry: Registry, attestation: Attestation, party: Party, now: datetime
) -> datetime | None:
    """As of when a signature exists that a revocation of its signer reaches; None if none does.

    The earliest stamp counts: whoever has the key can write any other time. A registry that revokes
    goes by its own clocks and logs; those of another vouch for nothing against it.
    """
    stamped = attestation.stamped_for or (attestation.moments.stamped,)
    found = registry.signer_revocations(party.org, party.signer, attestation.names)
    for rank, entry in found:
        existed = (stamped[rank] if rank < len(stamped) else None) or now
        if entry.compromised_since is None or entry.compromised_since <= existed:
            return existed
    return None
