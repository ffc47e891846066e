"""What of a registry can never verify anything, by the very readers that verify.

A registry can be read and its services still be of no use: `registry check` says so before the
first model is judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from provenance.errors import TrustError
from provenance.keys import SIGNING, TIMESTAMPING
from provenance.signature import keyless, roots
from provenance.signature.roots import Clock, Trusted
from provenance.trust import Registry, Sigstore


def unusable(registry: Registry) -> Iterator[tuple[str, str]]:
    """Each service of the registry that cannot be used, and why; TrustError never leaves."""
    for instance in registry.sigstores:
        yield from ((instance.name, reason) for reason in _instance(instance))
    for position, authority in enumerate(registry.timestamp_authorities):
        clock = Clock(certificates=authority.certificates)
        where = f"timestamp_authority[{position}]"
        yield from ((where, reason) for reason in amiss(clock))


def _instance(instance: Sigstore) -> Iterator[str]:
    try:
        root = roots.read(instance.trusted_root)
        if lacking := tuple(_lacking(root)):
            yield from lacking
            return
        keyless.verifier(roots.client_config(root, root.issuers, root.ct_logs))
    except TrustError as error:
        yield str(error)
        return
    for clock in root.clocks:
        yield from amiss(clock)


def _lacking(root: Trusted) -> Iterator[str]:
    """What every keyless signature needs, and the root has none of that could serve."""
    issuing = (i for i in root.issuers if all(c.may_issue(SIGNING) for c in i.certificates))
    services = (
        ("certificateAuthorities", "certificate authority that may issue for signing", issuing),
        ("tlogs", "transparency log with a validFor.start", (g for g in root.logs if g.start)),
        ("ctlogs", "certificate log with a validFor.start", (g for g in root.ct_logs if g.start)),
    )
    for name, what, serving in services:
        if not any(True for _ in serving):
            yield f"{name} of the trusted root has no {what}: no keyless signature can be verified"


def amiss(clock: Clock) -> Iterator[str]:
    """Why a timestamp authority of these certificates can verify nothing."""
    leaf, *above = clock.certificates
    if not leaf.is_for_timestamps:
        yield (
            f"{leaf.subject} stands first and is not for timestamps alone (a critical extended "
            "usage): name the authority's own certificate first, its root last"
        )
    for lower, upper in pairwise(clock.certificates):
        if not lower.is_issued_by(upper):
            yield f"{upper.subject} did not issue {lower.subject}, which stands before it"
    if not all(certificate.may_issue(TIMESTAMPING) for certificate in above):
        yield f"what stands above {leaf.subject} may not issue for timestamps"
    if not clock.certificates[-1].is_issued_by(clock.certificates[-1]):
        yield (
            f"{clock.certificates[-1].subject} stands last and is no root, as it did not issue "
            "itself: add those above it, up to the root"
        )
