"""What a registry's maintainers should look at: it can be read, and is still not as it should be.

A problem is something that lets in, or locks out, more than its words say. A hint is worth a look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from provenance.trust import confusable
from provenance.trust.material import PUBLIC_GOOD, Authority, Identity, Key, is_workflow
from provenance.trust.parties import OWN_ROLES, Org, Role, Signer
from provenance.trust.registry import FILE, Registry

EMPTY = f"sha256:{hashlib.sha256().hexdigest()}"
SOON = timedelta(days=30)
STRONG_RSA = 3072
ANCHORS = "/-_."


class Weight(StrEnum):
    """How serious a remark is."""

    PROBLEM = "problem"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to look at: `rule` names its kind, `where` the entry that it is about."""

    weight: Weight
    rule: str
    where: str
    message: str


def lint(registry: Registry, at: datetime) -> tuple[Remark, ...]:
    """Every remark on a registry as of `at`, problems first."""
    found = [*_of_the_whole(registry, at), *_of_sigstores(registry), *_of_keys(registry)]
    spaces = tuple(namespace for org in registry.orgs for namespace in org.namespaces)
    for org in registry.orgs:
        found += _of_org(org, at)
        found += _of_names(org, registry, spaces)
        for signer in org.signers:
            found += _of_signer(registry, org, signer, at)
    return tuple(sorted(found, key=lambda remark: remark.weight is Weight.HINT))


def _problem(rule: str, where: str, message: str) -> Remark:
    return Remark(weight=Weight.PROBLEM, rule=rule, where=where, message=message)


def _hint(rule: str, where: str, message: str) -> Remark:
    return Remark(weight=Weight.HINT, rule=rule, where=where, message=message)


def _of_the_whole(registry: Registry, at: datetime) -> Iterator[Remark]:
    if registry.expires is None:
        message = "no `expires`: nobody will notice if it is abandoned"
        yield _problem("no-expiry", registry.name, message)
    elif registry.expires <= at:
        day = f"{registry.expires:%Y-%m-%d}"
        yield _problem("expired", registry.name, f"expired on {day}: nothing passes by it")
    elif registry.expires < at + SOON:
        left = (registry.expires - at).days
        yield _problem("near-expiry", registry.name, f"expires in {left} days")
    for entry in registry.revoked:
        if (entry.kind, entry.value) == (FILE, EMPTY):
            said = "is the digest of an empty file, which honest models have too: take it out"
            yield _problem("revoked-empty-file", entry.value, said)


def _of_sigstores(registry: Registry) -> Iterator[Remark]:
    used = {s.material.sigstore for _, s in registry.signers() if isinstance(s.material, Identity)}
    for instance in registry.sigstores:
        if instance.name not in used and instance.name != PUBLIC_GOOD:
            yield _hint("unused-sigstore", instance.name, "no signer names this instance")


def _of_keys(registry: Registry) -> Iterator[Remark]:
    """One key or person under two names counts as two where signatures are counted by name."""
    first: dict[str, str] = {}
    for org, signer in registry.signers():
        where = f"{org.name}/{signer.name}"
        material = signer.material
        called = material.label if not isinstance(material, Authority) else ""
        if not called:
            continue
        if (other := first.setdefault(called, where)) != where:
            yield _problem("shared-material", where, f"is the same {material.kind} as {other}")


def _of_org(org: Org, at: datetime) -> Iterator[Remark]:
    if org.unknown:
        yield _problem("unknown-section", org.name, org.unknown)
    for root in org.roots:
        if root.manifest is None:
            said = "names no manifest: other bytes would be the root too"
            yield _problem("root-without-digest", root.repo, said)
        if root.commit is None:
            said = "names no commit: the same bytes at any commit are the root"
            yield _hint("root-without-commit", root.repo, said)
    yield from _of_threshold(org)
    yield from _overlaps(org)


def _of_threshold(org: Org) -> Iterator[Remark]:
    """Scopes in which fewer publishers speak than must have signed."""
    if org.threshold == 1 or org.unknown:
        return
    publishers = [signer for signer in org.signers if Role.PUBLISHER in signer.roles]
    for pattern in sorted({pattern for signer in publishers for pattern in signer.repos}):
        speaking = {s.material.label for s in publishers if _covers_all(s.repos, pattern)}
        if len(speaking) < org.threshold:
            said = f"{org.threshold} publishers must sign, and {len(speaking)} may for {pattern}"
            yield _problem("unreachable-threshold", org.name, said)


def _overlaps(org: Org) -> Iterator[Remark]:
    """Patterns inside a wider one of another signer in the same role: it speaks there as well."""
    for role in Role:
        by_pattern: dict[str, str] = {}
        for signer in org.signers:
            for pattern in signer.repos if role in signer.roles else ():
                by_pattern.setdefault(pattern, signer.name)
        for pattern, name in by_pattern.items():
            wider = next((w for w in _wider(pattern) if by_pattern.get(w, name) != name), None)
            if wider:
                said = f"{pattern} is also {by_pattern[wider]}'s, as {role}, by {wider}"
                yield _hint("overlapping-scope", f"{org.name}/{name}", said)


def _wider(pattern: str) -> Iterator[str]:
    """Every pattern that covers all of this one, the widest first."""
    namespace, _, name = pattern.partition("/")
    fixed = name.removesuffix("*")
    yield from (f"{namespace}/{fixed[:n]}*" for n in range(len(fixed) + 1))


def _covers_all(patterns: Iterable[str], pattern: str) -> bool:
    own = set(patterns)
    return pattern in own or any(wider in own for wider in _wider(pattern))


def _of_names(org: Org, registry: Registry, spaces: tuple[str, ...]) -> Iterator[Remark]:
    for namespace in org.namespaces:
        for other in confusable.doubles(namespace, spaces):
            owner = registry.owner(f"{other}/x")
            if owner and owner.name != org.name:
                said = f"{namespace} can be taken for {other} of {owner.name}"
                yield _hint("confusable-namespace", org.name, said)


def _of_signer(registry: Registry, org: Org, signer: Signer, at: datetime) -> Iterator[Remark]:
    where = f"{org.name}/{signer.name}"
    for pattern in signer.repos:
        fixed = pattern.removesuffix("*")
        if fixed != pattern and fixed[-1] not in ANCHORS:
            said = f"{pattern} ends inside a word: it also covers {fixed}anything"
            yield _problem("unanchored-pattern", where, said)
    yield from _of_material(signer, where, at)
    if not signer.repos or (signer.roles <= OWN_ROLES and not org.namespaces):
        yield _hint("unused-signer", where, "speaks for no repository")
    revoked = registry.signer_revocations(org, signer)
    since = [entry.compromised_since for _, entry in revoked if entry.compromised_since]
    if since and signer.valid_from and min(since) <= signer.valid_from:
        yield _hint("unused-signer", where, "is revoked from before it was valid: remove it")


def _of_material(signer: Signer, where: str, at: datetime) -> Iterator[Remark]:
    match signer.material:
        case Key(key=key):
            if key.rsa_bits is not None and key.rsa_bits < STRONG_RSA:
                said = f"{key.description}: {STRONG_RSA} bits are the least for new signatures"
                yield _problem("weak-key", where, said)
        case Authority(certificates=certificates):
            for certificate in certificates:
                if certificate.ends <= at + SOON:
                    day = f"{certificate.ends:%Y-%m-%d}"
                    said = f"the authority {certificate.subject} ends on {day}"
                    yield _problem("near-expiry", where, said)
        case Identity() as person if is_workflow(person.identity):
            if person.source_repository_id is None and person.owner_id is None:
                said = "without source_repository_id or owner_id, who re-creates the name may sign"
                yield _hint("renameable-source", where, said)
            if "@refs/heads/" in person.identity:
                yield _hint("branch-identity", where, "everybody who may push to the branch signs")
