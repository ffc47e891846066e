"""Whether a model's weight files are another model's own."""

from __future__ import annotations

from provenance.claims.files import ModelFiles
from provenance.formats.names import is_weight_name
from provenance.model import Evidence, Kind, Manifest

WORDS = frozenset({Kind.EMPTY, Kind.JSON, Kind.TEXT, Kind.SCRIPT, Kind.LFS_POINTER})
"""What holds no weights, whatever it is called."""


def equal_files(child: Evidence, parent: Evidence) -> int:
    """How many weight files of the child are the parent's own."""
    theirs = {f.sha256 for f in parent.listing.files if is_weight_name(f.path) and f.sha256}
    return sum(f.sha256 in theirs for f in child.listing.files if is_weight_name(f.path))


def identical_weights(child: ModelFiles, other: Manifest) -> bool:
    """Whether all weight files of `child` are among others, and there are any; or all of the
    others' are in it, each at its path: what was laid beside them makes no other model of it.

    Where nothing is called like weights, they are among what a loader reads: all of that then, if
    any of it is more than text.
    """
    files = child.evidence.manifest.files
    mine = [f.sha256 for f in files if is_weight_name(f.path)]
    if not mine and any(_may_be_weights(child, path) for path in child.read):
        mine = [f.sha256 for f in files if f.path in child.read]
    theirs = {f.sha256 for f in other.files if f.sha256}
    if mine and all(digest in theirs for digest in mine):
        return True
    held = {f.path: f.sha256 for f in files}
    named = [f for f in other.files if is_weight_name(f.path)]
    return bool(named) and all(f.sha256 and held.get(f.path) == f.sha256 for f in named)


def _may_be_weights(child: ModelFiles, path: str) -> bool:
    content = child.evidence.by_path.get(path)
    return content is None or content.kind not in WORDS
