"""Several registries as one: revocations of all hold, and the first wins on a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provenance.errors import ConfigError
from provenance.trust import names
from provenance.trust.parties import OWN_ROLES, Org, Signer
from provenance.trust.registry import Registry, Sigstore


def merge(registries: Sequence[Registry]) -> Registry:
    """One registry that says what all of them say, an earlier one before a later one.

    What a later one claims of a namespace already taken is dropped with its signers' reach and its
    roots. It expires with the first that does. ConfigError if there is none, or if one defines
    another's Sigstore instance anew.
    """
    if not registries:
        raise ConfigError("no registry is named")
    if len(registries) == 1:
        return registries[0]
    return Registry(
        name=" + ".join(registry.name for registry in registries),
        expires=min((r.expires for r in registries if r.expires), default=None),
        sigstores=_sigstores(registries),
        timestamp_authorities=tuple(a for r in registries for a in r.timestamp_authorities),
        orgs=tuple(_orgs(registries)),
        revoked=tuple(entry for r in registries for entry in r.revoked),
        releases=tuple(release for r in registries for release in r.releases),
        sources=tuple(source for r in registries for source in r.sources),
    )


def _sigstores(registries: Iterable[Registry]) -> tuple[Sigstore, ...]:
    instances: dict[str, Sigstore] = {}
    for registry in registries:
        for instance in registry.sigstores:
            first = instances.setdefault(instance.name, instance)
            if first.trusted_root != instance.trusted_root:
                raise ConfigError(
                    f"an earlier registry has another Sigstore instance called {instance.name!r}; "
                    "rename this one and the signers that name it",
                    path=", ".join(registry.sources),
                )
    return tuple(instances.values())


def _orgs(registries: Iterable[Registry]) -> Iterator[Org]:
    taken: set[str] = set()
    for registry in registries:
        for org in registry.orgs:
            yield from _without(org, taken)
        taken |= {namespace.lower() for org in registry.orgs for namespace in org.namespaces}


def _without(org: Org, taken: set[str]) -> Iterator[Org]:
    left = tuple(namespace for namespace in org.namespaces if namespace.lower() not in taken)
    if left == org.namespaces:
        yield org
        return
    signers = tuple(kept for signer in org.signers for kept in _within(signer, left))
    if left or signers:
        yield replace(
            org,
            namespaces=left,
            namespace_ids=tuple(pair for pair in org.namespace_ids if pair[0] in left),
            signers=signers,
            roots=tuple(root for root in org.roots if names.namespace_of(root.repo) in left),
        )


def _within(signer: Signer, namespaces: tuple[str, ...]) -> Iterator[Signer]:
    if not signer.roles & OWN_ROLES:
        yield signer
        return
    repos = tuple(p for p in signer.repos if names.namespace_of(p) in namespaces)
    if repos:
        yield replace(signer, repos=repos)
