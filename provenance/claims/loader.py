"""Which files of a selection a loader reads: what a signature has to cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate

from provenance.claims.configuration import texts
from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.names import folder_of, is_weight_name, name_of, suffix_of
from provenance.model import Content, Evidence, Kind

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
"""What is weights, pickle or archive by its content, whatever its name."""


def loader_reads(evidence: Evidence) -> frozenset[str]:
    """The selected files a loader reads; none where a model has nothing a loader knows.

    These are weights, pickles and archives by name or content, configurations, templates, code and
    tokenizers by name, and whatever a configuration or an index names. Of a selection whose weights
    are all GGUF it is the GGUF files alone. Names match whatever their case.
    """
    kinds = {
        file.path: evidence.by_path[file.path].kind if file.path in evidence.by_path else None
        for file in evidence.manifest.files
    }
    weights = {path for path, kind in kinds.items() if kind in KINDS or is_weight_name(path)}
    if weights and all(_is_gguf(path, kinds[path]) for path in weights):
        return frozenset(weights)
    return frozenset(weights | {path for path in kinds if _is_named_so(path)} | _named_by(evidence))


def _is_gguf(path: str, kind: Kind | None) -> bool:
    """By its content, or by its name where nothing tells otherwise (a file not yet fetched)."""
    return kind is Kind.GGUF or (
        suffix_of(path) == ".gguf" and kind in {None, Kind.LFS_POINTER, Kind.BINARY, Kind.EMPTY}
    )


def _is_named_so(path: str) -> bool:
    return NAMED.fullmatch(name_of(path)) is not None


def _named_by(evidence: Evidence) -> frozenset[str]:
    """The selected files whose path stands as a text in a JSON document of theirs or above."""
    selected: dict[str, set[str]] = {}
    for file in evidence.manifest.files:
        selected.setdefault(file.path.casefold(), set()).add(file.path)
    return frozenset(
        path
        for content in evidence.contents
        if suffix_of(content.path) == ".json" or content.kind is Kind.JSON
        for named in _texts(content)
        for path in selected.get((folder_of(content.path) + named).casefold(), ())
    )


def _texts(content: Content) -> Iterator[str]:
    try:
        yield from texts(json.loads(content.head, constants=True))
    except Malformed:
        return
