"""The part of a registry that an organisation keeps itself: its signers, roots and revocations.

It reaches no further than the namespaces that the registry gave the organisation. Anything else in
it, and anything wrong with it, makes that organisation unknown and leaves the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from provenance import names
from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.trust import reading
from provenance.trust.material import PUBLIC_GOOD
from provenance.trust.parties import (
    OWN_ROLES,
    Org,
    check_threshold,
    read_roots,
    read_signers,
)
from provenance.trust.registry import VERSION, Registry, Release, Revocation, read_revoked


def with_section(
    registry: Registry, org: Org, table: Mapping[str, object], *, source: str, release: Release
) -> Registry:
    """The registry with what the section of `org` says, or with `org` unknown if it is wrong."""
    try:
        found = read_section(registry, org, table, source=source)
    except ConfigError as error:
        return without_section(registry, org, str(error))
    return replace(found, releases=(*found.releases, release))


def read_section(
    registry: Registry, org: Org, table: Mapping[str, object], *, source: str
) -> Registry:
    """The registry with what the section of `org` says, or ConfigError."""
    full, revoked = _read(registry, org, Fields(table, raises=reading.errors_in(source)))
    return replace(_with(registry, full), revoked=(*registry.revoked, *revoked))


def without_section(registry: Registry, org: Org, reason: str) -> Registry:
    """The registry with `org` unknown, and why."""
    said = f"the section that {org.name} keeps itself cannot be used: {reason}"
    return _with(registry, replace(org, unknown=said))


def _with(registry: Registry, org: Org) -> Registry:
    orgs = tuple(org if other.name == org.name else other for other in registry.orgs)
    return replace(registry, orgs=orgs)


def _read(registry: Registry, org: Org, fields: Fields) -> tuple[Org, tuple[Revocation, ...]]:
    if (version := fields.whole("version")) != VERSION:
        raise fields.wrong("version", f"expected {VERSION}, found {version}")
    if (called := fields.text("org")) != org.name:
        raise fields.wrong("org", f"expected {org.name!r}, found {called[:80]!r}")
    sigstores = frozenset({PUBLIC_GOOD, *(instance.name for instance in registry.sigstores)})
    own = read_signers(fields, org.namespaces, sigstores)
    kept = org.section.name if org.section else ""
    roots = (replace(root, section=kept) for root in read_roots(fields, org.namespaces))
    full = replace(
        org,
        signers=(*org.signers, *(replace(signer, of_section=True) for signer in own)),
        roots=(*org.roots, *roots),
    )
    revoked = tuple(
        replace(entry, within=org.namespaces, owner=org.name) for entry in read_revoked(fields)
    )
    fields.end()
    _check(fields, full, revoked)
    return full, revoked


def _check(fields: Fields, org: Org, revoked: tuple[Revocation, ...]) -> None:
    """Every signer has its own name and stays in the namespaces; so does every revocation."""
    if len({signer.name for signer in org.signers}) != len(org.signers):
        raise fields.wrong("signer", "two signers of the organisation have one name")
    for signer in org.signers:
        if signer.of_section and not signer.roles <= OWN_ROLES:
            abroad = ", ".join(sorted(signer.roles - OWN_ROLES))
            own = ", ".join(sorted(OWN_ROLES))
            said = f"{signer.name!r} is {abroad}; expected only roles of its own people: {own}"
            raise fields.wrong("signer", said)
    for entry in revoked:
        if entry.kind == "repo":
            _check_inside(fields, "revoked", entry.value, org)
    check_threshold(fields, org)


def _check_inside(fields: Fields, what: str, repo: str, org: Org) -> None:
    if names.namespace_of(repo) not in org.namespaces:
        raise fields.wrong(what, f"{repo!r} lies outside the namespaces of {org.name}")
