"""What lies in a folder before a command runs, and what is new or other after it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from provenance.recording.stamp import Stamp

MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The files below a folder by their path from there, as they were at one moment."""

    folder: str
    files: Mapping[str, Stamp] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: str) -> State:
        """That of a folder now; of one that is not there, no files. A file is its own only one."""
        top = os.path.realpath(folder)
        own = Stamp.of(top)
        files: dict[str, Stamp] = {"": own} if own else {}
        for path in _files(top):
            if len(files) < MOST and (stamp := Stamp.of(path)):
                files[os.path.relpath(path, top)] = stamp
        return cls(folder=top, files=files)

    def changed_since(self, before: State) -> tuple[str, ...]:
        """The files that are new here, or no longer what they were."""
        return tuple(
            sorted(path for path, stamp in self.files.items() if before.files.get(path) != stamp)
        )

    @property
    def now(self) -> State:
        """That of the same folder now."""
        return State.of(self.folder)


def _files(top: str) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.join(folder, name)
