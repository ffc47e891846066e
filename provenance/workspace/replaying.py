"""Evidence that was gathered before, with only that beside it which is still said today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provenance.case.mirror import named
from provenance.model import Evidence
from provenance.policy import Model, Settings
from provenance.trust import Registry


def as_said(stored: Evidence, model: Model, settings: Settings, registry: Registry) -> Evidence:
    """Stored evidence, of a mirror only what the caller or the registry says it is today; the same
    of its ancestors, and of what loaders fetch for it."""
    mirrors = settings.mirrors

    def said(found: Evidence | None) -> Evidence | None:
        return _still(found, mirrors.get(found.ref.repo or "", ()), registry) if found else None

    return replace(
        _still(stored, (model.mirror_of,) if model.mirror_of else (), registry),
        ancestors=tuple(replace(one, evidence=said(one.evidence)) for one in stored.ancestors),
        members=tuple(replace(one, evidence=said(one.evidence)) for one in stored.members),
    )


def _still(stored: Evidence, stated: Sequence[str], registry: Registry) -> Evidence:
    origin = stored.origin
    if origin is None or named(origin) in stated:
        return stored
    by_registry = origin.claimed in registry.mirrored(stored.ref.repo or "")
    return stored if by_registry else replace(stored, origin=None)
