"""All ways together: what a command opened while it ran, and what that means."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from provenance.recording.watched.cached import Links
from provenance.recording.watched.disk import State
from provenance.recording.watched.folders import Folders
from provenance.recording.watched.hooked import Hooked
from provenance.recording.watched.meaning import Ground, Meaning, folders_of, meaning
from provenance.recording.watched.opened import Opened, Seen, Way

PREFIX = "provenance-record-"
UNWATCHED = (
    "the command names {0}, which holds weights, and it is not watched, since your home lies in "
    "it: --root {0} watches it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is watched: folders of the caller's, the caches of the Hub and of `datasets`, and the
    folder that gets the model. `unwatched` are folders with weights that the command names, and
    that are watched where the caller says so alone."""

    roots: tuple[str, ...]
    out: str
    hub: str = ""
    datasets: str = ""
    settings: frozenset[str] = frozenset()
    unwatched: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the command names and nobody watches, each in a line that says what to do."""
        tops = [f"{top.rstrip('/')}/" for top in self.every]
        missed = [
            place
            for place in self.unwatched
            if not any(f"{os.path.realpath(place)}/".startswith(top) for top in tops)
        ]
        return tuple(UNWATCHED.format(quote(place)) for place in missed)

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, without those that lie in others."""
        named = [os.path.realpath(p) for p in (*self.roots, self.hub, self.datasets, self.out) if p]
        tops: list[str] = []
        for place in sorted(set(named), key=len):
            if not any(place.startswith(top.rstrip("/") + "/") for top in tops):
                tops.append(place)
        return tuple(tops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen, what it means, and which files of the output are new or other.

    `versions` are those of the packages for training that its Python processes had imported.
    """

    seen: Seen
    meaning: Meaning
    changed: tuple[str, ...]
    folders: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def moved(self) -> tuple[str, ...]:
        """The files of models and data that are no longer what was opened."""
        return tuple(self.seen.moved(self.meaning.files))

    @property
    def replaced(self) -> frozenset[str]:
        """The settings, and files of checkpoints, that are no longer what was opened."""
        return frozenset(self.seen.moved(self.meaning.own))

    def ways(self) -> str:
        """How it was seen, in words."""
        counts = dict.fromkeys((Way.HOOK, Way.INOTIFY), 0)
        for one in self.seen.files.values():
            for way in one.ways:
                counts[way] += 1
        return (
            f"{counts[Way.HOOK]} files by Python's own word, {counts[Way.INOTIFY]} by inotify in "
            f"{self.folders} folders (whoever opened them), {len(self.changed)} written in the "
            "output"
        )


class Watch:
    """From `begun` to `end`; what it lays on disk is gone then."""

    def __init__(self, places: Places, hooked: Hooked, folders: Folders | str) -> None:
        self._places = places
        self._hooked = hooked
        self._folders = folders
        self._before = State.of(places.out)

    @classmethod
    def begun(cls, places: Places) -> Watch:
        """What is opened below the places is seen from now on; OSError where none can be noted."""
        private = Path(tempfile.mkdtemp(prefix=PREFIX))
        hooked = Hooked.laid(private, places.every)
        return cls(places, hooked, Folders.begun(places.every))

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables with which a command is seen."""
        return self._hooked.environment(variables)

    def end(self) -> Watched:
        """What was seen until now. Nothing is watched any more."""
        opened: list[Opened] = list(self._hooked.opened())
        gaps: list[str] = [*self._hooked.gaps()]
        folders = 0
        if isinstance(self._folders, str):
            gaps.append(self._folders)
        else:
            found, missed = self._folders.end()
            folders = self._folders.count
            opened += found
            gaps += missed
        versions = self._hooked.versions()
        self.drop()
        seen = Links.of(self._places.hub).applied(Seen.of(opened, gaps))
        after = State.of(self._places.out)
        return Watched(
            seen=seen,
            meaning=meaning(seen, self._ground(seen)),
            changed=after.changed_since(self._before),
            folders=folders,
            versions=versions,
        )

    def drop(self) -> None:
        """What was laid on disk is gone; nothing more is noted."""
        shutil.rmtree(self._hooked.folder, ignore_errors=True)

    def _ground(self, seen: Seen) -> Ground:
        return Ground(
            out=os.path.realpath(self._places.out),
            names=_names(folders_of(seen)),
            before=frozenset(self._before.files),
            settings=self._places.settings,
            datasets=os.path.realpath(self._places.datasets) if self._places.datasets else "",
            whole=not seen.gaps,
        )


def _names(folders: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for folder in folders:
        try:
            found[folder] = frozenset(os.listdir(folder))
        except OSError:
            continue
    return found
