"""registry: has the registry revoked this, and does it still speak?

Decided before every other check, with today's registry. No profile, level, waiver or exemption
turns it off.

Findings:

registry/revoked
    The manifest, repository or commit was revoked. Do not deploy it; the reason says where to read
    on.

registry/expired
    The registry has expired: whoever keeps it has not looked at it since. Nothing passes by it.
    Fetch the current one.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.case import Case
from provenance.verdict import Finding, failed


def check(case: Case) -> Iterator[Finding]:
    """What the registry refuses whatever else is true; silence is the normal answer."""
    evidence, registry = case.evidence, case.registry
    if registry.expires and evidence.at >= registry.expires:
        yield failed(
            "registry/expired",
            f"{registry.name} expired on {registry.expires:%Y-%m-%d}",
            registry.name,
        )
    subjects: dict[str, set[str | None]] = {
        "manifest": {evidence.manifest.digest, evidence.listing.digest},
        "repo": {evidence.ref.repo},
        "commit": {evidence.ref.commit},
    }
    for kind, values in subjects.items():
        for value in sorted(value for value in values if value):
            for entry in registry.revocations(kind, value):
                yield failed("registry/revoked", f"the {kind} was revoked: {entry.reason}", value)
