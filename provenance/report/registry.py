"""A registry for people: whom it trusts with what."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.report.common import printable
from provenance.report.human import BAD, DIM, Line, Span
from provenance.trust import Org, Registry


def registry_lines(registry: Registry) -> Iterator[Line]:
    """Each organisation with its signers and roots, and what was revoked."""
    if registry.expires:
        yield (Span(f"expires {registry.expires:%Y-%m-%d}", DIM),)
    for org in registry.orgs:
        yield ()
        yield from _org(org)
    if registry.revoked:
        yield ()
    for entry in registry.revoked:
        since = f" since {entry.compromised_since:%Y-%m-%d}" if entry.compromised_since else ""
        yield (
            Span(f"revoked  {entry.kind} {printable(entry.value)}{since}", BAD),
            Span(f"  {printable(entry.reason)}"),
        )


def _org(org: Org) -> Iterator[Line]:
    spaces = ", ".join(f"{namespace}/" for namespace in org.namespaces) or "no namespace"
    most = f", {org.threshold} publishers must sign" if org.threshold > 1 else ""
    yield Span(printable(org.name)), Span(f"  {spaces}{most}", DIM)
    if org.unknown:
        yield (Span(f"  {printable(org.unknown)}", BAD),)
    for signer in org.signers:
        roles = ", ".join(sorted(signer.roles))
        who = f"{signer.material.kind} {printable(signer.material.label)}"
        yield (
            Span(f"  {printable(signer.name)}  {roles} of {', '.join(signer.repos)}"),
            Span(f"  {who}", DIM),
        )
    for root in org.roots:
        yield Span(f"  root {root.repo}"), Span(f"  {root.commit or ''} {root.manifest or ''}", DIM)
