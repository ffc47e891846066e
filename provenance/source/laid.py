"""A cache of the Hub that is laid for one run: what is put there and nothing else, read-only.

It is in the form that huggingface_hub reads: `models--org--name/snapshots/<commit>/`, with a file
in `refs/` for every name that leads to a commit. A lock says that its run still lives, and goes
with the process that holds it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from provenance.source.hub.cache import commit_folder, folder_name
from provenance.source.links import NEW, READ_ONLY

PREFIX = "run-"
HUB, MODULES, JUDGED = "hub", "modules", "judged"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CLOSED = 0o555


@dataclass(frozen=True, slots=True)
class Laid:
    """The folder of one run, and the descriptor whose lock says that the run lives."""

    folder: Path
    descriptor: int

    @classmethod
    def begun(cls, runs: Path) -> Laid:
        """A new folder below `runs`, ours until every holder of the descriptor has ended."""
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=runs))
        descriptor = os.open(folder, FOLDER)
        flock(descriptor, LOCK_EX | LOCK_NB)
        for name in (HUB, MODULES, JUDGED):
            (folder / name).mkdir(mode=0o700)
        return cls(folder, descriptor)

    @property
    def hub(self) -> Path:
        """The cache: the value of HF_HUB_CACHE."""
        return self.folder / HUB

    @property
    def modules(self) -> Path:
        """An empty folder that may be written to: the value of HF_MODULES_CACHE."""
        return self.folder / MODULES

    def judged(self) -> Path:
        """An empty folder in which one snapshot is laid until it is judged; of no cache yet."""
        return Path(tempfile.mkdtemp(dir=self.folder / JUDGED))

    def add(self, made: Path, repo: str, commit: str) -> None:
        """The files of `made` lie in the snapshot of the commit, beside those there already."""
        place = self._top(repo) / "snapshots" / commit_folder(commit)
        for folder, _, names in os.walk(made):
            target = place / os.path.relpath(folder, made)
            target.mkdir(parents=True, exist_ok=True)
            for name in names:
                os.rename(Path(folder, name), target / name)
        shutil.rmtree(made)

    def refer(self, repo: str, name: str, commit: str) -> None:
        """The branch or tag `name` leads to the commit."""
        place = self._top(repo) / "refs" / name
        if not place.exists():
            put(place, commit_folder(commit).encode())

    def lack(self, repo: str, commit: str, path: str) -> None:
        """The commit is known to have no file at `path`, which is then not asked for."""
        place = self._top(repo) / ".no_exist" / commit_folder(commit) / path
        if not place.exists():
            put(place, b"")

    def close(self) -> None:
        """Nothing can be added to the cache or taken away, by whom permissions bind."""
        shutil.rmtree(self.folder / JUDGED)
        for folder, _, _ in os.walk(self.hub, topdown=False):
            os.chmod(folder, CLOSED)

    def remove(self) -> None:
        """It is gone, and its lock with it."""
        _remove(self.folder)
        os.close(self.descriptor)

    def _top(self, repo: str) -> Path:
        return self.hub / folder_name(repo)


def remove_ended(runs: Path) -> None:
    """The folders of runs that have ended are gone; nothing else is touched, nor waited for."""
    for place in sorted(runs.glob(f"{PREFIX}*")):
        with suppress(OSError):
            descriptor = os.open(place, FOLDER)
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
                if os.fstat(descriptor).st_uid == os.geteuid():
                    _remove(place)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> None:
    """The folder is gone, with what its command left there, as far as this user may remove it."""
    for top, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(top, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def put(place: Path, data: bytes) -> None:
    """A new file holds the data, and may only be read."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(place, NEW, READ_ONLY), "wb") as stream:
        stream.write(data)
