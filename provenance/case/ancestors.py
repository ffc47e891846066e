"""The ancestors of a model by the names of their origins, where they are mirrors.

An ancestor is the mirror that it is said to be by the same proof as a model: its bytes are the
origin's. It counts as that then, whoever owns its own name. Of one that only the lockfile knows the
digest of all its files tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provenance.case.mirror import Mirror, Unproved, mirror
from provenance.claims.files import ModelFiles
from provenance.lock import Lock, Part
from provenance.lock.known import stated_origin
from provenance.model import Ancestor, Evidence, Facts
from provenance.trust import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestors:
    """The files of a model whose ancestors go by the names of their origins; `origins` has one row
    for each of them, None for one that is no mirror."""

    files: ModelFiles
    origins: tuple[Ancestor | None, ...]


def by_origin(files: ModelFiles, registry: Registry, lock: Lock | None) -> Ancestors:
    """The ancestors, each that is proved to be a mirror as the model that it is one of."""
    known = files.evidence.ancestors
    seen = _alike(known, [_seen(one, files, registry, lock) for one in known])
    origins = tuple(origin for _, origin in seen)
    if not any(origins):
        return Ancestors(files=files, origins=origins)
    ancestors = tuple(one for one, _ in seen)
    parsed = tuple(
        files.of(before.evidence).seen(now.evidence)
        for before, now in zip(known, ancestors, strict=True)
        if before.evidence and now.evidence
    )
    around = files.seen(replace(files.evidence, ancestors=ancestors))
    return Ancestors(files=replace(around, above=parsed), origins=origins)


Seen = tuple[Ancestor, Ancestor | None]
"""An ancestor by the name that it goes by, and what it is a mirror of, if it is one."""


def _alike(known: Sequence[Ancestor], seen: Sequence[Seen]) -> list[Seen]:
    """A name stands for its origin where all that is known of it does, at every revision: what
    claims call by one name has to be one model."""
    by_name: dict[str, set[str]] = {}
    for before, (now, _) in zip(known, seen, strict=True):
        for name in _names(before):
            by_name.setdefault(name, set()).add(now.facts.id if now.facts else "")
    return [
        one if all(len(by_name[name]) == 1 for name in _names(before)) else (before, None)
        for before, one in zip(known, seen, strict=True)
    ]


def _names(ancestor: Ancestor) -> set[str]:
    return {ancestor.claimed, *([ancestor.facts.id] if ancestor.facts else [])}


def tried(files: ModelFiles, name: str, registry: Registry, lock: Lock | None) -> str:
    """What was tried to find an ancestor of this name the mirror that it is said to be, in vain;
    empty where nobody says so."""
    for ancestor in files.evidence.ancestors:
        if ancestor.evidence and ancestor.evidence.ref.repo == name:
            found = mirror(files.of(ancestor.evidence), registry, lock)
            if isinstance(found, Unproved):
                return found.said
    if possible := registry.mirrored(name):
        return f"nothing proves that the bytes are those of {' or '.join(possible)}"
    return ""


def _seen(ancestor: Ancestor, files: ModelFiles, registry: Registry, lock: Lock | None) -> Seen:
    """An ancestor as what it is a mirror of, and that; as it is, and None, where it is none."""
    evidence: Evidence | None = None
    if ancestor.evidence:
        found = mirror(files.of(ancestor.evidence), registry, lock)
        if not isinstance(found, Mirror):
            return ancestor, None
        origin, evidence = found.origin, found.evidence
    elif (known := _by_digest(ancestor, registry, lock)) is not None:
        origin = known
    else:
        return ancestor, None
    facts = origin.facts or Facts(id=origin.claimed)
    said = (*(ancestor.facts.parents if ancestor.facts else ()), *facts.parents)
    if evidence:
        evidence = replace(evidence, ref=replace(evidence.ref, repo=facts.id))
    seen = replace(
        ancestor,
        facts=replace(facts, parents=tuple(dict.fromkeys(said))),
        commit=origin.revision,
        manifest=origin.manifest or ancestor.manifest,
        evidence=evidence,
    )
    return seen, origin


def _by_digest(ancestor: Ancestor, registry: Registry, lock: Lock | None) -> Ancestor | None:
    """What the lockfile has an ancestor as a mirror of, at the same files; else the root of these
    very files that the registry lets it mirror."""
    if ancestor.manifest is None:
        return None
    name = "@".join(filter(None, (ancestor.claimed, ancestor.revision)))
    for entry in lock.entries if lock else ():
        same = (entry.name, entry.manifest) == (name, ancestor.manifest)
        if entry.part is Part.ANCESTOR and entry.mirror_of and same:
            return stated_origin(entry.mirror_of, lock)
    for repo in registry.mirrored(ancestor.facts.id if ancestor.facts else ancestor.claimed):
        for root in registry.roots(repo):
            if root.manifest == ancestor.manifest:
                return stated_origin("@".join(filter(None, (repo, root.commit))), lock)
    return None
