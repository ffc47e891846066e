"""Below which version a registry may not judge any more, whatever it calls itself."""

from __future__ import annotations

from collections.abc import Iterable

from provenance.lock.model import Floor
from provenance.trust import Release


def floor_of(release: Release, floors: Iterable[Floor]) -> int | None:
    """The lowest version that may judge in the place of this release, None if any may.

    The floor of its URL and root; where there is none, of either of them, since a registry may move
    or get a newer root; of its name only where the lockfile is of a time that kept no more.
    """
    own = [floor for floor in floors if floor.version is not None]
    same = [f for f in own if f.url and f.section == release.section]
    for found in (
        [f for f in same if (f.url, f.root) == (release.url, release.root)],
        [f for f in same if release.url and (f.url == release.url or f.root == release.root)],
        [f for f in own if not f.url and f.name == release.name],
    ):
        if found:
            return max(floor.version or 0 for floor in found)
    return None
