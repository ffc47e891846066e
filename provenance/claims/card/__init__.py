"""What a model card says of the parents: its front matter, its prose, the recipes it quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from provenance.claims import recipe
from provenance.claims.card import front, hints
from provenance.claims.card.blocks import Fenced
from provenance.claims.card.flat import flatten
from provenance.claims.card.methods import methods
from provenance.claims.card.prose import prose
from provenance.claims.claim import Claim, MethodClaim, ParentClaim, Unread
from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.formats.names import folder_of
from provenance.model import Content

SPEAKS = re.compile("merge_method|gate_mode|merges|slices|experts|base_model|model_name_or_path")
"""Without one of these no block of code is a recipe."""
MAX_BLOCKS = MAX_FENCED = 16


def card(content: Content) -> Iterator[Claim]:
    """Everything a model card says of parents and methods, front matter first.

    A card in a folder speaks of the part that lies there: of its parents, not of the method.
    """
    whole = not folder_of(content.path)
    for claim in _all(replace(content, head=yaml.lines(content.head))):
        if whole or not isinstance(claim, MethodClaim):
            yield claim


def _all(content: Content) -> Iterator[Claim]:
    text = content.head.decode("utf-8", "surrogateescape")
    found = None
    try:
        found = yaml.fences(text)
    except Malformed as error:
        yield Unread(path=content.path, detail=str(error))
    parts = front.divided(text, found)
    declared = set[str]()
    for number, block in enumerate(parts.blocks):
        if number >= MAX_BLOCKS:
            yield Unread(path=content.path, detail=f"more than {MAX_BLOCKS} blocks of settings")
            break
        for claim in front.claims(content, block):
            if isinstance(claim, ParentClaim):
                declared |= {claim.repo} if claim.repo else set()
                claim = claim if found and not number else replace(claim, recipe=True)
            yield claim
    flat = flatten(parts.words)
    recipes = list(_quoted(content, parts.fenced))
    quoted = frozenset(c.repo for c in recipes if isinstance(c, ParentClaim) and c.repo)
    said = list(prose(content, flat, frozenset(declared), quoted))
    yield from said
    for method, line in methods(flat):
        one = frozenset({method})
        yield MethodClaim(path=content.path, key="prose", methods=one, line=line)
    yield from recipes
    if not (declared or quoted or any(isinstance(claim, ParentClaim) for claim in said)):
        yield from hints.in_code(content, parts.fenced)


def _quoted(content: Content, fenced: tuple[Fenced, ...]) -> Iterator[Claim]:
    """The recipes that a card quotes: what mergekit merged, what axolotl trained on."""
    for count, one in enumerate(one for one in fenced if SPEAKS.search(one.text)):
        if count >= MAX_FENCED:
            yield Unread(path=content.path, detail=f"more than {MAX_FENCED} recipes are quoted")
            return
        head = one.text.encode("utf-8", "surrogateescape")
        block = Content(path=content.path, kind=content.kind, head=head)
        try:
            yield from (recipe.moved(claim, one.above) for claim in recipe.quoted(block))
        except Malformed:
            # Nothing but what is meant as a recipe must be one: the block may be any example.
            continue
