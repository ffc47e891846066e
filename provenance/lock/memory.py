"""What a lockfile remembers of a repository, under whatever names its entries go."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from provenance.lock.model import Entry, Lock, Part


def remembered(lock: Lock | None, name: str, repo: str | None) -> tuple[Entry, ...]:
    """The models of the lockfile that are of this repository, the one of this name first, and what
    loaders fetch of it for another model.

    What has no repository, or had none, is known by its name alone.
    """
    models = (*lock.models(), *lock.closure()) if lock else ()
    own = [entry for entry in models if entry.name == name and is_of(entry, repo)]
    others = [e for e in models if e.name != name and repo is not None and e.repo == repo]
    return (*own, *others)


def known_as(lock: Lock | None, repo: str) -> tuple[Entry, ...]:
    """Every entry of a repository, whether it is locked for itself or as the origin of another."""
    above = (e for e in lock.entries if e.part is Part.ANCESTOR) if lock else ()
    return (*remembered(lock, "", repo), *(entry for entry in above if repo in _names(entry)))


def member_entry(lock: Lock | None, repo: str | None, commit: str | None) -> Entry | None:
    """What is locked of a closure member at this commit, or else at another one."""
    own = [entry for entry in lock.closure() if entry.repo == repo] if lock else []
    same = [entry for entry in own if entry.commit == commit]
    return next(iter(same or own), None)


def known_member(lock: Lock | None, repo: str, commit: str | None) -> Entry | None:
    """What is locked of a repository at this very commit, for itself or for another model."""
    entries = (*lock.closure(), *lock.models()) if lock else ()
    return next((e for e in entries if commit and (e.repo, e.commit) == (repo, commit)), None)


def is_of(entry: Entry, repo: str | None) -> bool:
    """Whether an entry that goes by a model's name is about what that model names."""
    return repo is None or entry.repo in (None, repo)


def above(lock: Lock | None, names: Collection[str | None]) -> tuple[Entry, ...]:
    """The ancestors that a lockfile has above whatever goes by one of these names, step by step."""
    found: list[Entry] = []
    known = [entry for entry in lock.entries if entry.part is Part.ANCESTOR] if lock else []
    wanted = set(names) - {None}
    while more := [entry for entry in known if _names(entry) & wanted]:
        found += more
        known = [entry for entry in known if not _names(entry) & wanted]
        wanted = {name for entry in more for name in _parents(entry)}
    return tuple(found)


def unclaimed(lock: Lock) -> tuple[Entry, ...]:
    """The ancestors that no model of a lockfile leads to: an older one does not say whose they are,
    and they may be anybody's."""
    told = above(lock, {name for entry in lock.models() for name in _parents(entry)})
    return tuple(e for e in lock.entries if e.part is Part.ANCESTOR and e not in told)


def _names(entry: Entry) -> set[str | None]:
    return {entry.name.partition("@")[0], entry.repo}


def _parents(entry: Entry) -> Iterable[str]:
    return (
        *(parent.repo for parent in entry.parents),
        *((entry.origin,) if entry.mirror_of and entry.origin else ()),
        *(entry.facts.parents if entry.facts else ()),
    )
