"""Whether a registered party's word counts, today and at the time it was given."""

from __future__ import annotations

from datetime import datetime

from provenance.signature.opinion import Attestation, Party
from provenance.trust import Registry


def distrust(registry: Registry, attestation: Attestation, party: Party, now: datetime) -> str:
    """The slug of the reason why this party's word does not count at these times, or nothing.

    The earliest stamp counts against compromise: whoever has the key can write any other time.
    `valid_from` asks when it was signed, which no stamp tells. Without a time, that is now.
    """
    moments = attestation.moments
    existed = moments.stamped or now
    found = registry.signer_revocations(party.org, party.signer, attestation.names)
    if any(e.compromised_since is None or e.compromised_since <= existed for e in found):
        return "compromised"
    if party.signer.valid_from and moments.is_before(party.signer.valid_from, now):
        return "before-valid-from"
    return ""
