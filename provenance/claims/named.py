"""A claim out of a text that names a model, wherever the text stood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.methods import IN_WORDS, MEANS
from provenance.claims.reference import MAX_TEXT, UNNAMED, reference
from provenance.errors import Malformed
from provenance.formats.names import folder_of
from provenance.model import Content

RELATIONS = frozenset({"adapter", "finetune", "merge", "quantized"})
DISTILLED = "distilled"
"""What a model learnt from, whose weights it has not: a card's words say so."""

MAX_PARENTS = 1_000
LINED = 1 << 20
"""How far into a file the lines of names are looked up."""

FALSE_STARTS = 8
"""How often a longer name that begins with the one looked for is passed over."""

GOES_ON = re.compile(rb"[\w-]")


def named(
    content: Content,
    key: str,
    text: str,
    *,
    relation: str | None = None,
    revision: str | None = None,
    hint: bool = False,
    line: int | None = None,
    part: str = "",
    of: str = "",
    recipe: bool = False,
) -> ParentClaim:
    """The claim that `text` makes at `key` of a file; its `line` is looked up if not given.

    What stands in a folder speaks of that part of the model, and of `part` in it.
    """
    found = reference(text)
    return ParentClaim(
        path=content.path,
        key=key,
        text=text[:MAX_TEXT],
        line=line or line_of(content.head, key, text),
        repo=found.repo,
        revision=(found.revision or revision) if found.repo else None,
        relation=relation,
        reason=found.reason,
        likely=found.likely,
        hint=hint,
        part="/".join(filter(None, (folder_of(content.path).rstrip("/"), part))),
        of=of,
        recipe=recipe,
    )


def nameless(claim: ParentClaim) -> ParentClaim:
    """The claim as one of a parent that it does not name."""
    return replace(claim, repo=None, revision=None, reason=UNNAMED, likely="")


def told(
    content: Content, table: Mapping[object, object], keys: tuple[str, ...]
) -> Iterator[MethodClaim]:
    """How a run was told to train, by those of the keys that hold a method's name."""
    for key in keys:
        text = str(table.get(key) or "").lower()
        method = IN_WORDS.get(text, text)
        if method in MEANS:
            line = line_of(content.head, key, text)
            yield MethodClaim(
                path=content.path, key=key, methods=MEANS[method], line=line, trace=True
            )


def line_of(data: bytes, key: str, text: str) -> int | None:
    """The line on which `text` stands behind `key`, else the line of the key; from 1.

    None where neither stands in the first MiB.
    """
    begin = data.find(key.rpartition(".")[2].encode(), 0, LINED)
    ends = (text, text.partition("@")[0])
    places = (_place(data, end.encode("utf-8", "replace"), max(0, begin)) for end in ends)
    found = next((place for place in places if place >= 0), begin)
    return data.count(b"\n", 0, found) + 1 if found >= 0 else None


def _place(data: bytes, word: bytes, begin: int) -> int:
    """Where the word stands and ends, from `begin` on; -1 where it does not."""
    for _ in range(FALSE_STARTS):
        begin = data.find(word, begin, LINED)
        if begin < 0 or not GOES_ON.match(data, begin + len(word)):
            return begin
        begin += 1
    return -1


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
