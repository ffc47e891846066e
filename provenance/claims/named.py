"""A claim out of a text that names a model, wherever the text stood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.claim import ParentClaim
from provenance.claims.reference import MAX_TEXT, reference
from provenance.errors import Malformed
from provenance.model import Content

RELATIONS = frozenset({"adapter", "finetune", "merge", "quantized"})
MAX_PARENTS = 1_000


def named(
    content: Content,
    key: str,
    text: str,
    *,
    relation: str | None = None,
    revision: str | None = None,
    hint: bool = False,
) -> ParentClaim:
    """The claim that `text` makes at `key` of a file."""
    found = reference(text)
    return ParentClaim(
        path=content.path,
        key=key,
        text=text[:MAX_TEXT],
        line=line_of(content.head, key, text),
        repo=found.repo,
        revision=(found.revision or revision) if found.repo else None,
        relation=relation,
        reason=found.reason,
        likely=found.likely,
        hint=hint,
    )


def line_of(data: bytes, key: str, text: str) -> int | None:
    """The line on which `text` stands behind `key`, else the line of the key; from 1."""
    begin = data.find(key.rpartition(".")[2].encode())
    ends = (text, text.partition("@")[0])
    words = (re.escape(end.encode("utf-8", "replace")) + rb"(?![\w-])" for end in ends)
    places = (re.compile(word).search(data, max(0, begin)) for word in words)
    place = next(filter(None, places), None)
    found = place.start() if place else begin
    return data.count(b"\n", 0, found) + 1 if found >= 0 else None


def texts(value: object, key: str) -> Iterator[str]:
    """The texts of one value or a list; an empty one says nothing, and another kind is no name."""
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_PARENTS:
        raise Malformed(f"{key}: {len(items)} parents, at most {MAX_PARENTS} are read")
    for item in items:
        if isinstance(item, str) and item.strip():
            yield item
        elif item is not None and not isinstance(item, str):
            raise Malformed(f"{key}: expected a name, found {item!r:.60}")
