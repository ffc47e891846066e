"""What is declared today of a locked model, where it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provenance.closure.members import pins_of
from provenance.gate.judging import ref_of, weighed_by
from provenance.gate.values import Rules
from provenance.lock.known import member_pins, mirrors, pins, with_known_digests, with_locked
from provenance.model import Evidence
from provenance.source.detached import with_detached

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.remote.release import Release
    from provenance.source.remote.store import Store


def declared_at(asked: Hub | Store, rules: Rules, cache: Path | None) -> tuple[Evidence, Release]:
    """The evidence on the model by what is declared of it, and where its bytes are had.

    `cache` is the Hub's own, whose files need not come again. Raises SourceError.
    """
    from provenance.source.hub.client import Hub
    from provenance.source.hub.release import HubRelease
    from provenance.source.remote.sampling import Remote

    if isinstance(asked, Hub):
        found = _on_hub(asked, rules)
        release: Release = HubRelease.of(asked, found, cache)
    else:
        found = _in_store(asked, rules)
        release = asked.opened(found.ref.commit).release
    return weighed_by(rules, found, Remote(release=release, evidence=found)), release


def _on_hub(hub: Hub, rules: Rules) -> Evidence:
    from provenance.source.hub.ancestors import with_ancestors
    from provenance.source.hub.collect import collect
    from provenance.source.hub.members import with_members
    from provenance.source.hub.origin import Origins, with_origin

    entry = rules.entry
    found = collect(hub, ref_of(entry), at=rules.at, include=entry.include, exclude=entry.exclude)
    found = with_known_digests(found, entry)
    if entry.mirror_of:
        found = with_origin(hub, found, entry.mirror_of)
    found = with_detached(found, rules.attestations)
    lock, policy = rules.lock, rules.policy
    origins = Origins(registry=rules.registry, lock=lock, stated=mirrors(lock))
    if policy.asks_for_closure:
        stated, known = pins_of(policy.members), member_pins(lock)
        found = with_members(hub, found, stated, locked=known, origins=origins)
    found = with_ancestors(hub, found, policy.parents, pins=pins(lock), origins=origins)
    return with_detached(found, rules.attestations)


def _in_store(store: Store, rules: Rules) -> Evidence:
    """Of what a model in a store leads to nobody is asked: the lockfile knows it."""
    from provenance.source.remote.store import collect

    entry = rules.entry
    found = collect(store, ref_of(entry), at=rules.at, include=entry.include, exclude=entry.exclude)
    found = with_locked(with_known_digests(found, entry), rules.lock, entry)
    return with_detached(found, rules.attestations)
