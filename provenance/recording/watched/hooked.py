"""The hook for Python laid where a command finds it, and what it noted read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from provenance.recording.machine import PACKAGES
from provenance.recording.stamp import Stamp
from provenance.recording.watched import hook
from provenance.recording.watched.opened import Opened, Way

PYTHONPATH = "PYTHONPATH"
MOST = 1_000_000
"""Lines of all processes together that are read."""
MOST_BYTES = 512 << 20
MOST_VERSIONS = 4 << 20
VERSION = re.compile(r"[\w.+!-]{1,64}", re.ASCII)
LOST = (
    "a Python process of the command could not note all that it opened (a full disk, or too many "
    "files)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """A private folder, with the hook in it, that nobody else may read."""

    folder: Path

    @classmethod
    def laid(cls, folder: Path, roots: Iterable[str]) -> Hooked:
        """The hook lies in `folder`, which is this user's own, and notes what lies below `roots`;
        OSError."""
        source = resources.files(hook.__package__).joinpath("hook.py").read_bytes()
        (folder / f"{hook.NAME}.py").write_bytes(source)
        every = {form for root in roots for form in (root, os.path.realpath(root))}
        (folder / hook.SETTINGS).write_bytes(b"\0".join(map(os.fsencode, sorted(every))))
        (folder / hook.PACKAGES).write_bytes("\0".join(PACKAGES).encode())
        for name in (hook.OPENED, hook.COMPLETE, hook.VERSIONS):
            (folder / name).touch(mode=0o600)
        return cls(folder=folder)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables with which Python runs the hook, before what it would run otherwise."""
        before = variables.get(PYTHONPATH)
        both = os.pathsep.join(filter(None, (str(self.folder), before)))
        return {**variables, PYTHONPATH: both}

    def opened(self) -> Iterator[Opened]:
        """What was noted so far, the first first."""
        with open(self.folder / hook.OPENED, "rb") as stream:
            data = stream.read(MOST_BYTES)
        for row in data.split(b"\0", MOST)[:MOST]:
            if found := _opened(row):
                yield found

    def versions(self) -> dict[str, str]:
        """The packages for training that a process had imported at its end, each with its
        version."""
        with open(self.folder / hook.VERSIONS, "rb") as stream:
            rows = stream.read(MOST_VERSIONS).decode("utf-8", "replace").split("\0")
        parted = (row.partition(" ") for row in rows)
        known = {name: said for name, _, said in parted if name in PACKAGES}
        found = {name.replace("_", "-"): said for name, said in sorted(known.items())}
        return {name: said for name, said in found.items() if VERSION.fullmatch(said)}

    def gaps(self) -> tuple[str, ...]:
        """Why not everything was noted, if so."""
        size = os.stat(self.folder / hook.OPENED).st_size
        whole = (self.folder / hook.COMPLETE).exists() and size <= MOST_BYTES
        return () if whole else (LOST,)


def _opened(row: bytes) -> Opened | None:
    """What one line says; None for one that was cut short."""
    inode, size, changed, path = (*os.fsdecode(row).split(" ", 3), "", "", "", "")[:4]
    if not (inode.isdecimal() and size.isdecimal() and changed.lstrip("-").isdecimal() and path):
        return None
    stamp = Stamp(inode=int(inode), size=int(size), changed=int(changed))
    return Opened(path=path, stamp=stamp, ways=frozenset({Way.HOOK}))
