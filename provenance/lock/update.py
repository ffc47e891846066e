"""A whole lockfile: what it becomes once models were judged, and whether it is in step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from provenance.formats.names import is_weight_name
from provenance.lock.floors import floor_of
from provenance.lock.memory import is_of
from provenance.lock.model import Entry, Floor, Lock, LockedFailure, Part
from provenance.lock.text import dumps
from provenance.model import Manifest
from provenance.policy import Model, Settings
from provenance.trust import Registry


def out_of_step(settings: Settings, entry: Entry, registry: Registry) -> Iterator[str]:
    """How provenance.toml asks for something else than is locked; whose mirror it is may be said by
    the registry."""
    for model in settings.models:
        if model.name == entry.name:
            for word in ("repo", "source", "revision", "include", "exclude"):
                locked, asked = getattr(entry, word), getattr(model, word)
                if locked != asked:
                    yield f"{entry.name}: {word} is {asked!r}, and {locked!r} is locked"
            locked, asked = entry.mirror_of, model.mirror_of
            known = (*registry.mirrored(entry.repo or ""), *registry.imported(entry.origin))
            by_registry = not asked and entry.origin in known
            if locked != asked and not by_registry:
                yield f"{entry.name}: mirror_of is {asked!r}, and {locked!r} is locked"
            return
    if settings.source:
        yield f"{entry.name} is not in {settings.source} any more"


def standing(
    old: Iterable[Entry], fresh: Mapping[str, Entry], models: Sequence[Model]
) -> tuple[Entry, ...]:
    """The entries of a new lockfile: the `fresh` ones by name, and the old ones that stay.

    An old entry stays as it is while its model is named and has no fresh one: it did not pass, was
    not asked about, or could not be. Where its name went to another repository, or is named no
    more, it stays for as long as a model of its repository has no entry.
    """
    found = dict(fresh)
    asked = {model.name: model for model in models}
    before = list(old)
    own = [e for e in before if e.name in asked and is_of(e, asked[e.name].repo)]
    for entry in own:
        found.setdefault(entry.name, entry)
    for entry in before:
        waiting = [m.name for m in models if m.repo == entry.repo and m.name not in found]
        if entry not in own and entry.repo and waiting:
            name = waiting[0] if entry.name in found else entry.name
            found[name] = replace(entry, name=name)
    for entry in before:
        if entry.name in asked:
            found.setdefault(entry.name, entry)
    return tuple(found.values())


def relocked(
    before: Lock | None,
    registry: Registry,
    entries: Sequence[Entry],
    failures: Iterable[LockedFailure],
) -> Lock:
    """The lock with new entries and failures; of failures none is forgotten.

    An edit of the registry that changes nothing else leaves the lock as it is.
    """
    lock = Lock(
        registries=_floors(registry, before),
        entries=entries_in_order(entries),
        failures=_remembered(before.failures if before else (), failures),
    )
    nameless = frozenset(f.name for f in before.registries if not f.url) if before else frozenset()
    if before and _versioned(before, nameless) == _versioned(lock, nameless):
        kept = replace(lock, registries=before.registries)
        return kept if dumps(kept) == dumps(before) else lock
    return lock


def _remembered(
    old: Sequence[LockedFailure], new: Iterable[LockedFailure]
) -> tuple[LockedFailure, ...]:
    """Every failure once, whatever else of the model or the party's name has changed since."""
    found = {
        (f.predicate, f.key or (f.organisation, f.name), f.files or f.manifest, f.suites, f.time): f
        for f in reversed((*old, *new))
    }
    return tuple(reversed(found.values()))


def as_proposed(lock: Lock, proposed: Lock | None, known: Sequence[Lock] = ()) -> Lock:
    """The lock in the terms of one that is proposed: its floors, and what it says was accepted.

    What was accepted counts for nothing, so that it makes no difference; nor do floors that lie
    between those that are `known` (of the base, and of where the proposal set out) and today's.
    """
    if proposed is None:
        return lock
    floors = proposed.registries
    if not _between(floors, [other.registries for other in known], lock.registries):
        floors = lock.registries
    accepted = {(entry.part, entry.name): entry.accepted for entry in proposed.entries}
    entries = (replace(e, accepted=accepted.get((e.part, e.name), ())) for e in lock.entries)
    return replace(lock, registries=floors, entries=tuple(entries))


def _between(
    floors: Sequence[Floor], known: Sequence[Sequence[Floor]], today: Sequence[Floor]
) -> bool:
    """Whether floors forget none that is known, and claim none that nobody has seen."""
    if any(tuple(floors) == tuple(other) for other in known):
        return True
    own, most = _versions(floors), _versions(today)
    least = [_versions(other) for other in known]
    for key in most.keys() | own.keys():
        lowest = min((other[key] for other in least if key in other), default=0)
        if key not in own or key not in most or not lowest <= own[key] <= most[key]:
            return False
    return True


def _versions(floors: Sequence[Floor]) -> dict[tuple[str, ...], int]:
    return {(f.name * (not f.url), f.url, f.root, f.section): f.version or 0 for f in floors}


def _versioned(lock: Lock, old: frozenset[str]) -> set[tuple[str, ...]]:
    """Which registries took part and have versions; those of `old` names by name alone."""
    return {
        (
            f.name if f.name in old or not f.url else f"{f.url} {f.root} {f.section}",
            str(f.version is None),
        )
        for f in lock.registries
    }


def _floors(registry: Registry, before: Lock | None) -> tuple[Floor, ...]:
    """The registries that took part, each at the highest version that was ever seen."""
    known = before.registries if before else ()
    return tuple(
        Floor(
            name=release.name,
            version=_higher(release.version, floor_of(release, known)),
            url=release.url,
            root=release.root,
            section=release.section,
        )
        for release in registry.releases
    )


def _higher(version: int | None, other: int | None) -> int | None:
    return max((v for v in (version, other) if v is not None), default=None)


def kin(
    models: Iterable[tuple[str, str | None, Manifest, frozenset[str]]],
) -> frozenset[str]:
    """The names of models that share a weight file, a tensor or all files with another repository.

    Each is given by name, repository, files and the openings of tensors. What is said of one of
    them may depend on whether another one is locked.
    """
    given = [(name, repo, _marks(files) | tensors) for name, repo, files, tensors in models if repo]
    repos: dict[str, set[str]] = {}
    for _, repo, marks in given:
        for mark in marks:
            repos.setdefault(mark, set()).add(repo)
    return frozenset(n for n, _, marks in given if any(len(repos[mark]) > 1 for mark in marks))


def _marks(files: Manifest) -> frozenset[str]:
    weights = {file.digest for file in files.files if is_weight_name(file.path) and file.digest}
    return frozenset(weights | {files.digest})


def entries_in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries as a lockfile has them: models first, then by name."""
    order = {part: number for number, part in enumerate((Part.MODEL, Part.CLOSURE, Part.ANCESTOR))}
    return tuple(
        sorted(entries, key=lambda entry: (order[entry.part], entry.name, entry.revision or ""))
    )
