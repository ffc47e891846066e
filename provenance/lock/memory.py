"""What a lockfile remembers of a repository, under whatever names its entries go."""

from __future__ import annotations

from provenance.lock.entry import Entry, Lock


def remembered(lock: Lock | None, name: str, repo: str | None) -> tuple[Entry, ...]:
    """The models of the lockfile that are of this repository, the one of this name first.

    What has no repository, or had none, is known by its name alone.
    """
    models = lock.models() if lock else ()
    own = [entry for entry in models if entry.name == name and is_of(entry, repo)]
    others = [e for e in models if e.name != name and repo is not None and e.repo == repo]
    return (*own, *others)


def is_of(entry: Entry, repo: str | None) -> bool:
    """Whether an entry that goes by a model's name is about what that model names."""
    return repo is None or entry.repo in (None, repo)
