"""The files of an artifact as they come out of its layers, and what is odd about how they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.model import LONG, Observation
from provenance.source.limits import Limits
from provenance.source.names import MAX_PATH
from provenance.source.oci.gunzip import Gunzip
from provenance.source.remote.listed import Listed

REMOVALS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Where the bytes of a file are: in a blob of `whole` bytes, `size` of them from `offset` on.

    `packed` is what unpacks the blob first, `head` and `tail` what was kept as it was read.
    """

    blob: str
    whole: int
    offset: int
    size: int
    packed: Gunzip | None = None
    head: bytes = b""
    tail: bytes = b""

    def kept(self, start: int, end: int) -> bytes | None:
        """The bytes from `start` to `end`, if they were kept."""
        if end <= len(self.head):
            return self.head[start:end]
        first = self.size - len(self.tail)
        return self.tail[start - first : end - first] if start >= first else None


@dataclass(kw_only=True)
class Tree:
    """What was found so far; `layer` is of which layer a path is, `numbers` how many of a name
    there are that no annotation says."""

    limits: Limits
    entries: dict[str, Listed] = field(default_factory=dict)
    pieces: dict[str, Piece] = field(default_factory=dict)
    layer: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    whole: bool = True
    removed: int = 0

    def see(self, code: str, path: str, detail: str) -> None:
        """One more thing that is odd."""
        if len(self.observations) < self.limits.entries:
            self.observations.append(Observation(code=code, path=path, detail=detail))

    def is_too_long(self, path: str) -> bool:
        """Whether a path is longer than any is kept; then that is said."""
        if len(path) <= MAX_PATH:
            return False
        self.see("name", path[:LONG], f"the path is longer than {MAX_PATH} characters: shorten it")
        return True

    def put(self, entry: Listed, piece: Piece, layer: int, *, over: bool = False) -> None:
        """The file is one of the tree, unless its path leads elsewhere or is taken.

        `over` says whether it takes the place of one from an earlier layer, as in an image.
        """
        path = entry.path
        if self.is_too_long(path):
            return
        if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path:
            self.see("name", path, "leads elsewhere: whoever packed the artifact has to rename it")
            return
        if path in self.entries and not (over and self.layer[path] != layer):
            if entry.sha256 != self.entries[path].sha256 or not entry.sha256:
                detail = "two files of the artifact have this path: which one is used is chance"
                self.see("contradiction", path, detail)
            return
        if len(self.entries) >= self.limits.entries:
            self.whole = False
            return
        self.entries[path], self.pieces[path], self.layer[path] = entry, piece, layer

    def put_folder(self, path: str, layer: int, *, over: bool) -> None:
        """A folder is at a path; `over` as in `put`: a file of an earlier layer gives way."""
        if path not in self.entries:
            return
        if over and self.layer[path] != layer:
            self._forget(path)
        else:
            self.see("name-collision", path, "a folder has this path too: which it is, is chance")

    def _forget(self, path: str) -> None:
        del self.entries[path], self.pieces[path], self.layer[path]

    def remove(self, path: str, layer: int, *, below: bool) -> None:
        """What earlier layers have at a path, or below it, is gone."""
        self.removed += 1
        if self.removed > REMOVALS:
            self.see("limit", path, f"more than {REMOVALS} files are taken back by later layers")
            return
        inner = f"{path}/" if path else ""
        gone = [
            one
            for one, at in self.layer.items()
            if at < layer and (one.startswith(inner) or (one == path and not below))
        ]
        for one in gone:
            self._forget(one)

    def settle(self) -> None:
        """No file lies in another: what does is not listed, and said."""
        above = "\0"
        for key in sorted(path.replace("/", "\0") for path in self.entries):
            if not key.startswith(above):
                above = f"{key}\0"
                continue
            path = key.replace("\0", "/")
            detail = "what it lies in is a file too: which of them it is, is chance"
            self.see("name-collision", path, detail)
            self._forget(path)
