"""Who has which power by a registry, and what of that another one gives or takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.trust.parties import Org
from provenance.trust.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One power: `before` and `after` are how it was had, None where it was not."""

    power: str
    before: str | None
    after: str | None


def shifts(old: Registry, new: Registry) -> tuple[Shift, ...]:
    """Every power that is gained, lost or had on other terms, in the order of its name."""
    before, after = powers(old), powers(new)
    changed = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
    return tuple(Shift(power=p, before=before.get(p), after=after.get(p)) for p in changed)


def powers(registry: Registry) -> Mapping[str, str]:
    """Each power of a registry in words, and on which terms somebody has it."""
    return dict(_powers(registry))


def _powers(registry: Registry) -> Iterator[tuple[str, str]]:
    expires = f"{registry.expires:%Y-%m-%d}" if registry.expires else "never"
    yield "the registry expires", expires
    for instance in registry.sigstores:
        digest = hashlib.sha256(instance.trusted_root.encode()).hexdigest()
        yield f"the Sigstore {instance.name} vouches for identities", f"sha256:{digest[:16]}"
    for clock in registry.timestamp_authorities:
        leaf = clock.certificates[0]
        yield f"the clock {leaf.subject} tells the time", leaf.fingerprint
    for entry in registry.revoked:
        since = f" since {entry.compromised_since:%Y-%m-%d}" if entry.compromised_since else ""
        scope = f" within {', '.join(entry.within)}" if entry.within is not None else ""
        yield f"the {entry.kind} {entry.value} is refused{scope}", f"{entry.reason}{since}"
    for org in registry.orgs:
        yield from _of(org)


def _of(org: Org) -> Iterator[tuple[str, str]]:
    for namespace in org.namespaces:
        pin = dict(org.namespace_ids).get(namespace)
        yield f"{namespace}/ belongs to {org.name}", f"as {pin}" if pin else "by name"
    terms = {
        "publishers must sign": str(org.threshold) if org.threshold > 1 else "",
        "models without a stated parent are roots": "yes" if org.originates else "",
        "once signed must stay signed": {True: "yes", False: "no", None: ""}[
            org.once_signed_must_stay_signed
        ],
        "keeps its own section": _keepers(org),
    }
    yield from ((f"{org.name}: {term}", value) for term, value in terms.items() if value)
    for root in org.roots:
        at = f"{root.commit or 'any commit'}, {root.manifest or 'any bytes'}"
        yield f"{root.repo} is a root at {at}", root.repo_id or "by name"
        if root.fingerprint:
            yield f"weights are compared with those of {root.repo} at {at}", root.fingerprint
    for mirror in org.mirrors:
        yield f"{mirror.namespace}/ may mirror {mirror.of}/", f"by {org.name}"
    for signer in org.signers:
        since = f"{signer.valid_from:%Y-%m-%d}" if signer.valid_from else "ever"
        for role in sorted(signer.roles):
            for pattern in signer.repos:
                who = f"{signer.material.kind} {signer.material.label}"
                power = f"{pattern}: {org.name} has the {role} {who}"
                yield power, f"called {signer.name}, since {since}{_bounds(signer.material)}"


def _keepers(org: Org) -> str:
    if org.section is None:
        return ""
    keys = ", ".join(key.fingerprint for key in org.section.keys)
    return f"{org.section.name}, {org.section.threshold} of {keys}"


def _bounds(material: object) -> str:
    """What else an identity must be, in words."""
    words = ("issuer", "sigstore", "source_repository", "source_repository_id", "owner_id")
    pairs = ((word, getattr(material, word, None)) for word in words)
    return "".join(f", {word} {value}" for word, value in pairs if value)
