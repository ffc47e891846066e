"""Whether a model that is here is the one that a statement names as a parent.

By its manifest it is. Else by the files that were loaded, as a snapshot of a Hub has them: the
same repository, at the same commit where both say one, and every file that is named has the very
bytes that were attested. Of a model that got its commit later, its card may be another by then, and
what its trainer left beside it may be gone. Weights must be among them: a card or a configuration
names nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from provenance.claims.left import read_by_name
from provenance.formats.names import is_by_product, is_weight_name
from provenance.model import Ancestor, Evidence, File
from provenance.wire.training import Parent

SHARD = re.compile(r"(?P<before>.+-)\d{5}(?P<of>-of-(?P<count>\d{5}))(?P<after>\..+)")


def is_named(
    parent: Parent, ancestor: Ancestor, evidence: Evidence, opened: AbstractSet[str]
) -> bool:
    """Whether a statement's parent is this ancestor, whose name it has, and of which a loader opens
    the files that are `opened`."""
    if parent.manifest in (ancestor.manifest, evidence.manifest.digest):
        return True
    if parent.commit and ancestor.commit and parent.commit != ancestor.commit:
        return False
    counted = {file.path for file in parent.files}
    if not (parent.commit and ancestor.commit):
        counted &= read_by_name(counted) | opened
    files = [file for file in parent.files if file.path in counted]
    return all(_is_same(file, evidence) for file in files) and _has_weights(files, evidence)


def names_weights(paths: Iterable[str]) -> bool:
    """Whether weights are among the files that name a model, of shards as many as they say: what
    else it has, a tokenizer or a configuration, is that of many models."""
    named = {path for path in paths if is_weight_name(path) and not is_by_product(path)}
    shards = [shard for path in named if (shard := SHARD.fullmatch(path))]
    sets = Counter(shard.group("before", "count", "after") for shard in shards)
    return bool(named) and all(held == int(count) for (_, count, _), held in sets.items())


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


def _has_weights(files: Iterable[File], evidence: Evidence) -> bool:
    """Whether weights are named whose digests are known here; of shards all that are here."""
    known = evidence.listing.by_path
    named = {
        file.path
        for file in files
        if is_weight_name(file.path) and not is_by_product(file.path) and known[file.path].sha256
    }
    sets = {_set(path) for path in named} - {None}
    return bool(named) and all(path in named for path in known if _set(path) in sets)


def _set(path: str) -> tuple[str, ...] | None:
    """What the shards of one set of weights have in common by their names."""
    found = SHARD.fullmatch(path)
    return found.group("before", "of", "after") if found else None
