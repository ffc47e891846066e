"""The front matter of a card, where huggingface_hub reads it, and blocks like it further down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from provenance.claims.card.blocks import Fenced, blank, page
from provenance.claims.card.flat import Name
from provenance.claims.card.names import meaning
from provenance.claims.card.seen import seen
from provenance.claims.claim import Claim, MethodClaim, ParentClaim, Unread
from provenance.claims.methods import METHODS
from provenance.claims.named import RELATIONS, line_of, named, nameless, texts
from provenance.claims.recipe import moved
from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.model import Content

TAG = "base_model:"
RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)
SPEAKS = re.compile(
    r"^(?:base[_-]models?|base_model_relation|tags)[ \t]*:", re.MULTILINE | re.IGNORECASE
)
BASE = re.compile(r"base[_-]models?", re.IGNORECASE)
"""The key of the parents, and what people write for it: no Hub reads that, people do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A text between two rules, and how many lines of the card stand above it."""

    text: str
    above: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """The blocks of settings, the words with empty lines for all else, and the blocks of code."""

    blocks: tuple[Block, ...]
    words: str
    fenced: tuple[Fenced, ...]


def divided(text: str, found: tuple[int, int] | None) -> Divided:
    """A card in parts: the front matter, which was found there, with what speaks like it below."""
    blocks = [Block(text=text[slice(*found)], above=text.count("\n", 0, found[0]))] if found else []
    end = found[1] if found else 0
    shown = page(blank(text[:end]) + seen(text[end:]))
    body = shown.words
    parts, at, above = [], 0, 0
    for begin, stop in _further(body):
        above += body.count("\n", at, begin)
        blocks.append(Block(text=body[begin:stop], above=above))
        parts += [body[at:begin], blank(body[begin:stop])]
        at, above = stop, above + body.count("\n", begin, stop)
    words = "".join([*parts, body[at:]])
    return Divided(blocks=tuple(blocks), words=words, fenced=shown.fenced)


def _further(text: str) -> Iterator[tuple[int, int]]:
    """Where blocks stand that begin with a key and speak of parents; the last one needs no end."""
    if not SPEAKS.search(text):
        return
    rules = [*(rule.span() for rule in RULE.finditer(text)), (len(text), len(text))]
    for (_, begin), (end, _) in pairwise(rules):
        if yaml.KEY.match(text, begin, end) and SPEAKS.search(text, begin, end):
            yield begin, end


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
    for text in _stated(table):
        yield _parent(content, "base_model", text, stated)
    tags, results = _items(table.get("tags")), _items(table.get("model-index"))
    for one in (*tags, *results):
        if isinstance(one, dict):
            for text in _stated(one):
                yield _parent(content, "base_model", text, stated)
    for tag in tags:
        if isinstance(tag, str):
            yield from _tag(content, tag, stated)


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _stated(table: Mapping[object, object]) -> Iterator[str]:
    """The parents that a table states."""
    for key, value in table.items():
        if isinstance(key, str) and BASE.fullmatch(key):
            yield from texts(value, key)


def _parent(content: Content, key: str, text: str, relation: str | None) -> ParentClaim:
    claim = named(content, key, text, relation=relation)
    found = meaning(Name(text))
    return nameless(claim) if found and found.unnamed else claim


def _tag(content: Content, tag: str, stated: str | None) -> Iterator[Claim]:
    if tag.lower().startswith(TAG):
        whole = tag[len(TAG) :]
        relation, colon, rest = whole.partition(":")
        related = bool(colon) and relation in RELATIONS
        text = rest if related else whole
        yield _parent(content, "tags", text, relation if related else stated)
    elif tag.lower() in METHODS:
        line = line_of(content.head, "tags", tag)
        methods = frozenset({tag.lower()})
        yield MethodClaim(path=content.path, key="tags", methods=methods, line=line)
