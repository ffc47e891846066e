"""By which names the locked models, and what their loaders fetch, are found in a cache. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.errors import ConfigError
from provenance.lock import Entry, Part
from provenance.refs import COMMIT, MAIN

KERNEL = "kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A branch or tag of a repository by which a loader asks, and the commit that is locked for it.

    `home` is the repository as the cache knows it: a kernel lies at `kernels/org/name`. `model` is
    the entry whose loader asks.
    """

    repo: str
    home: str
    revision: str
    commit: str
    model: str


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that is asked for, each of which leads to one commit."""

    names: tuple[Name, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Names:
        """The names of these entries, or ConfigError where one would have to lead to two commits.

        What is asked for by commit alone has none: of two commits of a repository, one may be
        `main`.
        """
        found: dict[tuple[str, str], Name] = {}
        for name in (name for entry in entries for name in _asked(entry)):
            before = found.setdefault((name.home, name.revision), name)
            if before.commit != name.commit:
                raise _conflict(before, name)
        return cls(tuple(found.values()))

    def leading_to(self, entry: Entry) -> tuple[Name, ...]:
        """Those that lead to an entry."""
        key = (entry.repo, entry.commit)
        return tuple(name for name in self.names if (name.repo, name.commit) == key)

    def home_of(self, entry: Entry) -> str:
        """The repository of an entry as the cache knows it."""
        homes = {name.home for name in self.leading_to(entry)}
        return homes.pop() if len(homes) == 1 else entry.repo or ""


def _asked(entry: Entry) -> Iterator[Name]:
    """The names of a model's own repository, and those by which its loader asks for others."""
    repo, commit = entry.repo or "", entry.commit or ""
    own: tuple[str | None, ...] = (MAIN, entry.revision) if entry.part is Part.MODEL else ()
    rows = [(repo, repo, revision, commit) for revision in own]
    for one in entry.members:
        home = f"kernels/{one.repo}" if one.brings == KERNEL else one.repo
        rows.append((one.repo, home, one.revision, one.commit))
    for asked, home, revision, at in rows:
        if not COMMIT.fullmatch(revision or MAIN):
            yield Name(
                repo=asked, home=home, revision=revision or MAIN, commit=at, model=entry.name
            )


def _conflict(one: Name, other: Name) -> ConfigError:
    return ConfigError(
        f"{one.revision} is locked at {one.commit[:12]} for {one.model} and at "
        f"{other.commit[:12]} for {other.model}, and it can lead to one of them alone: choose a "
        f"model, `provenance run --model {one.model} -- …`",
        path=one.repo,
    )
