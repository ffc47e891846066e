"""Several registries as one: revocations of all hold, and the first wins on a namespace.

Otherwise none reaches into another. Its instances and clocks vouch for its own parties alone (they
stay in the parts), and nobody of a later one speaks, in whatever role, for a namespace that an
earlier one gives to somebody: who is named first is trusted first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provenance import names
from provenance.errors import ConfigError
from provenance.trust.parties import Org, Signer
from provenance.trust.registry import Registry


def merge(registries: Sequence[Registry]) -> Registry:
    """One registry that says what all of them say, an earlier one before a later one.

    What a later one claims of a namespace already taken is dropped with its signers' reach, its
    roots and its mirrors there. It expires with the first that does. ConfigError if there is none.
    """
    if not registries:
        raise ConfigError("no registry is named")
    if len(registries) == 1:
        return registries[0]
    parts = tuple(_parts(registries))
    return Registry(
        name=" + ".join(registry.name for registry in registries),
        expires=min((r.expires for r in registries if r.expires), default=None),
        orgs=tuple(org for part in parts for org in part.orgs),
        revoked=tuple(entry for r in registries for entry in r.revoked),
        releases=tuple(release for r in registries for release in r.releases),
        sources=tuple(source for r in registries for source in r.sources),
        parts=parts,
    )


def _parts(registries: Iterable[Registry]) -> Iterator[Registry]:
    """Each registry as far as it reaches, in order."""
    taken: set[str] = set()
    for rank, registry in enumerate(registries):
        kept = (own for org in registry.orgs for own in _without(org, taken))
        yield replace(registry, orgs=tuple(replace(org, rank=rank) for org in kept))
        taken |= {namespace.lower() for org in registry.orgs for namespace in org.namespaces}


def _without(org: Org, taken: set[str]) -> Iterator[Org]:
    """The organisation without what an earlier registry gave to somebody."""
    left = tuple(namespace for namespace in org.namespaces if namespace.lower() not in taken)
    signers = tuple(kept for signer in org.signers for kept in _within(signer, taken))
    mirrors = tuple(
        mirror
        for mirror in org.mirrors
        if mirror.namespace.lower() not in taken and {mirror.of, mirror.namespace} & set(left)
    )
    if (left, signers, mirrors) == (org.namespaces, org.signers, org.mirrors):
        yield org
    elif left or signers:
        yield replace(
            org,
            namespaces=left,
            namespace_ids=tuple(pair for pair in org.namespace_ids if pair[0] in left),
            signers=signers,
            mirrors=mirrors,
            roots=tuple(root for root in org.roots if names.namespace_of(root.repo) in left),
        )


def _within(signer: Signer, taken: set[str]) -> Iterator[Signer]:
    """The signer, whatever its role, as far as no earlier registry knows whose models these are."""
    repos = tuple(p for p in signer.repos if names.namespace_of(p).lower() not in taken)
    if repos == signer.repos:
        yield signer
    elif repos:
        yield replace(signer, repos=repos)
