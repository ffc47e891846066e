"""Whether a registered party's word counts, today and at the time it was given."""

from __future__ import annotations

from datetime import datetime

from provenance.signature.opinion import Attestation, Party
from provenance.trust import Registry


def distrust(registry: Registry, attestation: Attestation, party: Party, now: datetime) -> str:
    """The slug of the reason why this party's word does not count at these times, or nothing.

    The latest verified time counts against compromise, the earliest against `valid_from`; without
    one, the signature was made now.
    """
    times = attestation.times or (now,)
    found = [*registry.signer_revocations(party.org, party.signer)]
    own = party.org.namespaces
    for name in attestation.names:
        found += registry.revocations("key", name, own)
        found += registry.revocations("signer", name, own)
    if any(e.compromised_since is None or e.compromised_since <= times[-1] for e in found):
        return "compromised"
    if party.signer.valid_from and times[0] < party.signer.valid_from:
        return "before-valid-from"
    return ""
