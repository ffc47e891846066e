"""Which locked models use what a registry revoked, themselves or by an ancestor. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from provenance.lock import Entry, Lock, LockedSigner, Part
from provenance.names import namespace_of
from provenance.trust import Org, Registry, Revocation
from provenance.trust.registry import FILE

Known = dict[str, list[str | None]]
"""What something is known by, under each kind of revocation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A locked model, or an ancestor in its lockfile, that a revocation means."""

    name: str
    part: Part
    what: str
    reason: str


def affected(lock: Lock, registry: Registry, at: datetime) -> tuple[Hit, ...]:
    """Everything in a lockfile that is refused today, in its order, each thing once."""
    return tuple(dict.fromkeys(hit for entry in lock.entries for hit in _of(entry, registry, at)))


def _of(entry: Entry, registry: Registry, at: datetime) -> Iterator[Hit]:
    repos = [entry.repo, entry.name.partition("@")[0], _id(entry), entry.origin]
    known: Known = {
        "repo": repos,
        "manifest": [entry.manifest, entry.selected, entry.commit],
        "commit": [entry.commit, entry.origin_commit],
        FILE: [f"sha256:{file.sha256}" for file in entry.files.files if file.sha256],
    }
    yield from _found(entry, registry, known, "")
    for parent in entry.parents:
        stated: Known = {"repo": [parent.repo], "commit": [parent.commit]}
        yield from _found(entry, registry, stated, "parent ")
    for signer in entry.signers:
        for revocation in _of_signer(signer, registry, at):
            said = f"signed by {signer.identity}"
            yield _hit(entry, said, revocation)


def _found(entry: Entry, registry: Registry, known: Known, whose: str) -> Iterator[Hit]:
    namespaces = {namespace_of(repo) for repo in known["repo"] if repo} or None
    for kind, values in known.items():
        for value in dict.fromkeys(value for value in values if value):
            for revocation in registry.revocations(kind, value, namespaces):
                yield _hit(entry, f"{whose}{kind} {value}", revocation)


def _hit(entry: Entry, what: str, revocation: Revocation) -> Hit:
    return Hit(name=entry.name, part=entry.part, what=what, reason=revocation.reason)


def _id(entry: Entry) -> str | None:
    return entry.facts.id if entry.facts else None


def _of_signer(signer: LockedSigner, registry: Registry, at: datetime) -> Iterator[Revocation]:
    """The revocations of whoever signed then: by name in the registry, or as the lock has it."""
    named = _org(registry, signer.organisation)
    found = [
        entry
        for org in named
        for known in org.signers
        if known.name in signer.name.split(", ")
        for _, entry in registry.signer_revocations(org, known)
    ]
    words = {signer.identity, *signer.identity.replace(",", " ").split()}
    for word in sorted(words):
        found += registry.revocations("signer", word)
        found += registry.revocations("key", word)
    when = signer.time or at
    for entry in dict.fromkeys(found):
        if entry.compromised_since is None or entry.compromised_since <= when:
            yield entry


def _org(registry: Registry, name: str) -> tuple[Org, ...]:
    return tuple(org for org in registry.orgs if org.name in name.split(", "))
