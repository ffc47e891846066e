"""What is opened below folders, whoever opens it: inotify, where Linux and inotify-simple have it.

It does not say which process opened a file: other readers of the same folders appear too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from provenance.recording.stamp import Stamp
from provenance.recording.watched.opened import Opened, Way

if TYPE_CHECKING:
    from inotify_simple import INotify

LIMIT = "/proc/sys/fs/inotify/max_user_watches"
MOST_FOLDERS = 65_536
MOST_FILES = 1_000_000
PASSED_OVER = frozenset({".git", ".hg", ".svn", ".tox", "__pycache__", "node_modules", "proc"})
ENVIRONMENT = "pyvenv.cfg"
WAIT = 200
"""Milliseconds."""
LAST_READS = 1_000
"""How often the queue is emptied at the end, though others may go on opening files."""

OPEN, CLOSED_READ, CLOSED_WRITTEN = 0x20, 0x10, 0x08
CREATED, MOVED_HERE, FOLDER, OVERFLOW = 0x100, 0x80, 0x40000000, 0x4000
ONLY_FOLDERS, NO_LINKS = 0x01000000, 0x02000000
MASK = OPEN | CLOSED_READ | CLOSED_WRITTEN | CREATED | MOVED_HERE | ONLY_FOLDERS | NO_LINKS

MISSING = (
    "inotify was not used: `pip install 'hf-provenance[record]'` lets it see what other programs "
    "than Python open, on Linux"
)
FULL = (
    "more folders lie below the working directory and each --root than could be watched ({}): "
    "start it in a smaller folder"
)
DENIED = "inotify cannot be used here: {}"
OVERFLOWED = "more was opened at once than inotify could tell: some files may be missing"


class Event(Protocol):
    """One event, as inotify-simple tells it."""

    wd: int
    mask: int
    name: str


@dataclass(kw_only=True)
class Noticed:
    """What the events so far say. `begun` are files that were opened and not closed yet."""

    folders: dict[int, str] = field(default_factory=dict)
    begun: dict[str, Stamp] = field(default_factory=dict)
    read: dict[str, Stamp] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    overflow: bool = False

    def take(self, event: Event) -> None:
        """The event counts: a file is read where it was opened and then closed unwritten."""
        if event.mask & OVERFLOW:
            self.overflow = True
            return
        folder = self.folders.get(event.wd)
        if folder is None or not event.name:
            return
        path = os.path.join(folder, event.name)
        if event.mask & FOLDER:
            if event.mask & (CREATED | MOVED_HERE):
                self.new.append(path)
        elif event.mask & OPEN:
            self._begin(path)
        elif event.mask & CLOSED_READ:
            self._end(path)
        elif event.mask & CLOSED_WRITTEN:
            self.begun.pop(path, None)

    def _begin(self, path: str) -> None:
        if path in self.read or path in self.begun or len(self.begun) >= MOST_FILES:
            return
        if stamp := Stamp.of(path):
            self.begun[path] = stamp

    def _end(self, path: str) -> None:
        stamp = self.begun.pop(path, None)
        if stamp and len(self.read) < MOST_FILES:
            self.read[path] = stamp

    def opened(self) -> Iterator[Opened]:
        """The files that were read, those too that are still open."""
        for path, stamp in (*self.read.items(), *self.begun.items()):
            yield Opened(path=path, stamp=stamp, ways=frozenset({Way.INOTIFY}))


class Folders:
    """Watches on folders and what comes to lie below them, from `begun` until `end`."""

    def __init__(self, notify: INotify, roots: Iterable[str]) -> None:
        self._notify = notify
        self._roots = tuple(roots)
        self._noticed = Noticed()
        self._places: set[str] = set()
        self._gaps: dict[str, None] = {}
        self._stop = Flag()
        self._most = _most()
        self._thread = Thread(target=self._follow, daemon=True)

    @classmethod
    def begun(cls, roots: Iterable[str]) -> Folders | str:
        """Watches on all folders below the roots, those too that come to be, or why there are
        none."""
        try:
            from inotify_simple import INotify
        except ImportError:
            return MISSING
        try:
            made = cls(INotify(), map(os.path.realpath, roots))
        except OSError as error:
            return DENIED.format(error.strerror or error)
        for root in made._roots:
            made._watch(_there(root))
        made._thread.start()
        return made

    @property
    def count(self) -> int:
        """The folders that are watched."""
        return len(self._places)

    def end(self) -> tuple[tuple[Opened, ...], tuple[str, ...]]:
        """What was read meanwhile, and why something may be missing. Nothing is watched after."""
        self._stop.set()
        self._thread.join()
        for _ in range(LAST_READS):
            if not self._take(0):
                break
        self._notify.close()
        if self._noticed.overflow:
            self._gaps[OVERFLOWED] = None
        found = (one for one in self._noticed.opened() if self._is_below(one.path))
        return tuple(found), tuple(self._gaps)

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._take(WAIT)

    def _take(self, wait: int) -> int:
        """How many events were there and are taken; folders that came to be are watched."""
        events = self._notify.read(timeout=wait)
        for event in events:
            self._noticed.take(event)
        new, self._noticed.new = self._noticed.new, []
        for folder in new:
            self._watch(folder)
        return len(events)

    def _watch(self, root: str) -> None:
        for folder in _below(root, self._is_wanted):
            if folder in self._places:
                continue
            if len(self._places) >= self._most:
                self._gaps[FULL.format(self._most)] = None
                return
            try:
                number = self._notify.add_watch(folder, MASK)
            except OSError as error:
                if not isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
                    self._gaps[FULL.format(len(self._places))] = None
                    return
                continue
            self._places.add(folder)
            self._noticed.folders[number] = folder

    def _is_below(self, path: str) -> bool:
        return any(path == root or path.startswith(_inside(root)) for root in self._roots)

    def _is_wanted(self, folder: str) -> bool:
        """Whether the folder is below a root, or a root that is not there yet would be below it."""
        above = _inside(folder)
        return self._is_below(folder) or any(root.startswith(above) for root in self._roots)


def _inside(folder: str) -> str:
    return folder.rstrip("/") + "/"


def _there(place: str) -> str:
    """The folder, or the first above it that is there."""
    while not os.path.isdir(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    return place


def _below(root: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    """The folder and those below it that may hold models or data, no link followed."""
    left = [root]
    while left:
        folder = left.pop()
        try:
            with os.scandir(folder) as found:
                items = list(found)
        except OSError:
            continue
        if any(item.name == ENVIRONMENT for item in items):
            continue
        yield folder
        inner = (item for item in items if item.name not in PASSED_OVER and _is_folder(item))
        left += [item.path for item in inner if wanted(item.path)]


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISDIR(item.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def _most() -> int:
    """How many folders may be watched: half of what the system lets this user."""
    try:
        with open(LIMIT, encoding="ascii") as stream:
            return min(MOST_FOLDERS, int(stream.read()) // 2)
    except (OSError, ValueError):
        return MOST_FOLDERS
