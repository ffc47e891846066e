"""Whether a model that is here is the one that a statement names as a parent.

By its manifest it is. Else by the files that were loaded, as a snapshot of a Hub has them: the
same repository, at the same commit where both say one, and every file that is named has the very
bytes that were attested. Weights must be among them: a card or a configuration names nobody.
"""

from __future__ import annotations

import hashlib
import re

from provenance.formats.names import is_by_product, is_weight_name
from provenance.model import Ancestor, Evidence, File
from provenance.wire.training import Parent

SHARD = re.compile(r"(?P<before>.+-)\d{5}(?P<of>-of-\d{5})(?P<after>\..+)")


def is_named(parent: Parent, ancestor: Ancestor, evidence: Evidence) -> bool:
    """Whether a statement's parent is this ancestor, whose name it has."""
    if parent.manifest in (ancestor.manifest, evidence.manifest.digest):
        return True
    if parent.commit and ancestor.commit and parent.commit != ancestor.commit:
        return False
    same = all(_is_same(file, evidence) for file in parent.files)
    return same and _has_weights(parent, evidence)


def _is_same(named: File, evidence: Evidence) -> bool:
    """Whether a file is what was attested. Of one that the listing has by its git blob id alone the
    contents tell, where they are at hand, and else its path and its size."""
    here = evidence.listing.by_path.get(named.path)
    if here is None or here.size != named.size:
        return False
    digest = here.sha256 or _of_contents(here, evidence)
    return not digest or digest == named.sha256


def _of_contents(file: File, evidence: Evidence) -> str:
    content = evidence.by_path.get(file.path)
    whole = content is not None and len(content.head) == file.size
    return hashlib.sha256(content.head).hexdigest() if content and whole else ""


def _has_weights(parent: Parent, evidence: Evidence) -> bool:
    """Whether weights are named whose digests are known here; of shards all that are here."""
    known = evidence.listing.by_path
    named = {
        file.path
        for file in parent.files
        if is_weight_name(file.path) and not is_by_product(file.path) and known[file.path].sha256
    }
    sets = {_set(path) for path in named} - {None}
    return bool(named) and all(path in named for path in known if _set(path) in sets)


def _set(path: str) -> tuple[str, ...] | None:
    """What the shards of one set of weights have in common by their names."""
    found = SHARD.fullmatch(path)
    return found.group("before", "of", "after") if found else None
