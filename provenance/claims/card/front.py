"""The front matter of a card, where huggingface_hub reads it, and blocks like it further down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from provenance.claims.card.flat import Name
from provenance.claims.card.names import meaning
from provenance.claims.claim import Claim, MethodClaim, ParentClaim, Unread
from provenance.claims.methods import METHODS
from provenance.claims.named import RELATIONS, line_of, named, texts
from provenance.claims.recipe import moved
from provenance.claims.reference import UNNAMED
from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.model import Content

TAG = "base_model:"
RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)
SPEAKS = re.compile(r"^(?:base_model|base_model_relation|tags)[ \t]*:", re.MULTILINE)
MAX_BLOCKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A text between two rules: where it begins and ends in the card, and how many lines down."""

    text: str
    begin: int
    end: int
    above: int


def blocks(text: str) -> Iterator[Block]:
    """The front matter, and what speaks like it further down; Malformed where it has no end."""
    found = yaml.fences(text)
    if found:
        yield _block(text, *found)
    begin = found[1] if found else 0
    if SPEAKS.search(text, begin):
        rules = [rule.span() for rule in RULE.finditer(text, begin)]
        for (_, start), (end, _) in islice(pairwise(rules), MAX_BLOCKS):
            if SPEAKS.search(text, start, end):
                yield _block(text, start, end)


def _block(text: str, begin: int, end: int) -> Block:
    return Block(text=text[begin:end], begin=begin, end=end, above=text.count("\n", 0, begin))


def without(text: str, blocks: Iterable[Block]) -> str:
    """The text of a card with empty lines for its blocks."""
    parts, at = [], 0
    for block in blocks:
        parts += [text[at : block.begin], "\n" * block.text.count("\n")]
        at = block.end
    return "".join([*parts, text[at:]])


def claims(content: Content, block: Block) -> Iterator[Claim]:
    """What a block says; Unread if it cannot be read."""
    part = replace(content, head=block.text.encode("utf-8", "surrogateescape"))
    try:
        for claim in _claims(part, yaml.table(block.text)):
            yield moved(claim, block.above)
    except Malformed as error:
        yield Unread(path=content.path, detail=str(error))


def _claims(content: Content, table: Mapping[object, object]) -> Iterator[Claim]:
    relation = table.get("base_model_relation")
    stated = relation if isinstance(relation, str) and relation in RELATIONS else None
    for text in texts(table.get("base_model"), "base_model"):
        yield _parent(content, "base_model", text, stated)
    tags = table.get("tags")
    for tag in tags if isinstance(tags, list) else [tags]:
        if isinstance(tag, str):
            yield from _tag(content, tag, stated)


def _parent(content: Content, key: str, text: str, relation: str | None) -> ParentClaim:
    claim = named(content, key, text, relation=relation)
    found = meaning(Name(text))
    if found and found.unnamed:
        return replace(claim, repo=None, revision=None, reason=UNNAMED, likely="")
    return claim


def _tag(content: Content, tag: str, stated: str | None) -> Iterator[Claim]:
    if tag.startswith(TAG):
        relation, colon, rest = tag.removeprefix(TAG).partition(":")
        related = bool(colon) and relation in RELATIONS
        text = rest if related else tag.removeprefix(TAG)
        yield _parent(content, "tags", text, relation if related else stated)
    elif tag.lower() in METHODS:
        line = line_of(content.head, "tags", tag)
        methods = frozenset({tag.lower()})
        yield MethodClaim(path=content.path, key="tags", methods=methods, line=line)
