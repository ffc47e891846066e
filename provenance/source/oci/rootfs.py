"""Where the paths of a container image lead that lie outside of the model: through its links.

A container runtime follows a link in the folders of a path, and takes away what stood at its end;
other programs write through that too. Links are kept as they were laid last, and a path that may
come out at the model by one of them is said.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

MODELS = "models"
"""Where a container image that is a model has its files (KServe's modelcar)."""
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
TOPS = frozenset({MODELS, WHITEOUT + MODELS, OPAQUE})
"""What at the root of an image is of the model, or takes it away."""
FOLLOWED = 255
"""Links of one path: a kernel follows 40, a runtime 255."""
LONGEST = 4096
"""Bytes of a link's target that a kernel takes."""
STEPS = 10_000_000
"""Parts of paths that are looked at in one artifact."""


@dataclass(kw_only=True)
class Links:
    """The links of an image, by where they lie: `second` are second names of the model's files."""

    targets: dict[str, str] = field(default_factory=dict)
    second: set[str] = field(default_factory=set)
    steps: int = STEPS

    def lay(self, path: str, target: str) -> None:
        """A link lies at a path; one that is too long for any kernel does not."""
        if len(target) < LONGEST and (place := self.place(path)) is not None:
            self.targets[place] = target

    def double(self, path: str, target: str) -> None:
        """A path is a second name of what lies at `target`, which is told from the root."""
        led, place = self.place(cleaned(target)), self.place(path)
        if led is None or place is None:
            return
        if led in self.targets:
            self.targets[place] = self.targets[led]
        elif is_of_model(led) or led in self.second:
            self.second.add(place)

    def leads_in(self, path: str, *, through: bool) -> bool:
        """Whether what is written to a path may come out at the model's files.

        `through` says that some programs also follow a link, or a second name, at its very end.
        """
        if not self.targets and not self.second:
            return False
        place = self.place(path, through=through)
        return place is None or is_of_model(place) or (through and place in self.second)

    def place(self, path: str, *, through: bool = False) -> str | None:
        """Where a path leads from the root; None where its links go in a circle or too far."""
        left = path.split("/")[::-1] if self.targets else []
        at, followed = "" if left else path, 0
        while left and self.steps > 0:
            self.steps -= 1
            part = left.pop()
            if part == "..":
                at = at.rpartition("/")[0]
            elif part not in ("", "."):
                at, above = f"{at}/{part}" if at else part, at
                if at in self.targets and (left or through):
                    target, followed = self.targets[at], followed + 1
                    left += target.split("/")[::-1]
                    at = "" if target.startswith("/") else above
            if followed > FOLLOWED or len(at) > LONGEST:
                return None
        return None if left else at


def is_of_model(place: str) -> bool:
    """Whether a path from the root is the model's folder, in it, or what takes it away."""
    return place.partition("/")[0] in TOPS


def cleaned(path: str) -> str:
    """A path from the root without `.`, `..` and double slashes, as runtimes read it."""
    return posixpath.normpath(f"/{path}").lstrip("/")
