"""Which files of a selection a loader reads: what a signature has to cover."""

from __future__ import annotations

import re
from fnmatch import translate

from provenance.formats.names import is_by_product, is_weight_name, name_of
from provenance.model import Evidence, Kind

NAMES = ("*.json", "*.jinja", "*.py", "*.model", "tokenizer*", "vocab*", "merges.txt")
NAMED = re.compile("|".join(map(translate, NAMES)))
KINDS = frozenset(Kind) - {
    Kind.EMPTY,
    Kind.JSON,
    Kind.TEXT,
    Kind.SCRIPT,
    Kind.BINARY,
    Kind.LFS_POINTER,
}


def loader_reads(evidence: Evidence) -> frozenset[str]:
    """The selected files a loader reads; none where a model has nothing a loader knows."""
    return frozenset(
        content.path
        for content in evidence.contents
        if content.kind in KINDS or _is_read(content.path)
    )


def _is_read(path: str) -> bool:
    named = NAMED.fullmatch(name_of(path)) or is_weight_name(path)
    return bool(named) and not is_by_product(path)
