"""What a model card says of the parents: its front matter, its prose, the recipes it quotes.

The phrases are those that programs write: the Trainer of transformers, TRL, unsloth, mergekit,
sentence-transformers, converters to GGUF and MLX, and the card template of the Hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from provenance.claims import recipe
from provenance.claims.claim import Claim, MethodClaim, ParentClaim, Unread
from provenance.claims.methods import METHODS
from provenance.claims.named import RELATIONS, line_of, named, texts
from provenance.claims.reference import NO_MODEL, UNNAMED, reference
from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.model import Content

TAG = "base_model:"
LINK = r"\[`?(?P<label>[^\]\n]{1,300})`?\]\((?P<url>[^)\s]{1,600})\)"
NAME = r"(?P<name>[A-Za-z0-9_][\w.-]*/[\w.-]*\w|https?://(?:huggingface\.co|hf\.co)/[^\s)>\]]+)"
WHAT = rf"`?(?:{LINK}|{NAME})`?"
PATH = re.compile(r"^[ \t]*[*+-] `?((?:/|\.{1,2}/|~/|[A-Za-z]:\\)[^\s`]+)", re.MULTILINE)
PHRASES: tuple[tuple[str, str | None, re.Pattern[str]], ...] = tuple(
    (key, relation, re.compile(pattern + WHAT, re.IGNORECASE))
    for key, relation, pattern in (
        ("fine-tuned version of", "finetune", r"\bfine-?tuned version of (?:the )?"),
        ("finetuned from", "finetune", r"\bfine-?tuned from(?: model)?(?: \[optional\])? ?:?[ *]*"),
        ("base model", None, r"^[ >*#-]*Base model ?:[ *]*"),
        ("original model", None, r"^[ >*#-]*Original model(?: page)? ?:[ *]*"),
        ("converted from", None, r"\bconverted to [A-Za-z0-9]+ format from "),
        ("quantized from", "quantized", r"\bquanti[sz]ed (?:version|variant) of (?:the )?"),
        ("quants of", "quantized", r"\bquants of "),
        ("weights for", "adapter", r"\bLoRA adapt(?:at)?ion weights for "),
        ("as a base", "merge", r"\bmerge method using "),
    )
)
REVISION = re.compile(r"<!-- at revision ([0-9a-f]{40}) -->")
MERGED = re.compile(
    r"(?:following models were included in the merge|is a merge of the following models)[^\n]*\n"
    r"(?P<rows>(?:[ \t]*(?:[*+-] .*)?\n)+)",
    re.IGNORECASE,
)
ITEM = re.compile(rf"(?:^[ \t]*[*+-]| \+) {WHAT}", re.MULTILINE)
TRAINED_WITH = re.compile(r"\bwas trained with (?:the )?\[?([A-Z]{3,6})\b")
FENCED = re.compile(r"^```(?:ya?ml)[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
TO_BE_SAID = re.compile(r"more information needed", re.IGNORECASE)
MAX_FENCED = 16


def card(content: Content) -> Iterator[Claim]:
    """Everything a model card says of parents and methods, front matter first."""
    content = replace(content, head=yaml.lines(content.head))
    try:
        table = yaml.front_matter(content.head) or {}
        yield from _front_matter(content, table)
    except Malformed as error:
        yield Unread(path=content.path, detail=str(error))
    text = content.head.decode("utf-8", "replace")
    yield from prose(content, text)
    yield from _quoted(content, text)


def _front_matter(content: Content, table: Mapping[object, object]) -> Iterator[Claim]:
    relation = table.get("base_model_relation")
    stated = relation if isinstance(relation, str) and relation in RELATIONS else None
    for text in texts(table.get("base_model"), "base_model"):
        yield named(content, "base_model", text, relation=stated)
    tags = table.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str):
            yield from _tag(content, tag, stated)


def _tag(content: Content, tag: str, stated: str | None) -> Iterator[Claim]:
    if tag.startswith(TAG):
        first, colon, rest = tag.removeprefix(TAG).partition(":")
        related = bool(colon) and first in RELATIONS
        text = rest if related else tag.removeprefix(TAG)
        yield named(content, "tags", text, relation=first if related else stated)
    elif tag.lower() in METHODS:
        line = line_of(content.head, "tags", tag)
        methods = frozenset({tag.lower()})
        yield MethodClaim(path=content.path, key="tags", methods=methods, line=line)


def prose(content: Content, text: str) -> Iterator[Claim]:
    """What the phrases of card writers say, once for each phrase and name."""
    found: dict[tuple[str, str], ParentClaim] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for key, relation, pattern in PHRASES:
            for match in pattern.finditer(line[:2_000]):
                claim = _linked(content, key, match, relation, number)
                if claim:
                    found.setdefault((key, claim.text), claim)
        trained = TRAINED_WITH.search(line[:2_000])
        if trained and (method := trained[1].lower()) in METHODS:
            methods = frozenset({method})
            yield MethodClaim(path=content.path, key="prose", methods=methods, line=number)
    yield from found.values()
    yield from _merged(content, text)


def _merged(content: Content, text: str) -> Iterator[ParentClaim]:
    """The list of models below the words that mergekit writes above it."""
    for rows in MERGED.finditer(text):
        first = text.count("\n", 0, rows.start("rows")) + 1
        for line, item in _numbered(ITEM, rows["rows"], first):
            if claim := _linked(content, "merge of", item, "merge", line):
                yield claim
        for line, local in _numbered(PATH, rows["rows"], first):
            yield named(content, "merge of", local[1], relation="merge", line=line)


def _numbered(
    pattern: re.Pattern[str], text: str, first: int
) -> Iterator[tuple[int, re.Match[str]]]:
    """Each match with its line, where the text begins on line `first`."""
    line, at = first, 0
    for match in pattern.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        yield line, match


def _linked(
    content: Content, key: str, match: re.Match[str], relation: str | None, line: int
) -> ParentClaim | None:
    """The claim of a link or a name; of a link that leads nowhere its label counts."""
    target = match["name"] or match["url"]
    if not match["name"] and not reference(target).repo and not _is_trainers(match):
        target = match["label"]
        if TO_BE_SAID.search(target) or (reference(target).repo and "/" not in target):
            return None
    target = target.rstrip(".,;:")
    if reference(target).repo is None and "/" not in target:
        return None
    at = REVISION.search(match.string, match.end())
    revision = at[1] if at else None
    return named(content, key, target, relation=relation, revision=revision, line=line)


def _is_trainers(match: re.Match[str]) -> bool:
    """Whether a link is what a Trainer makes of a folder's name, or of none: the page called so."""
    named_so = match["url"].endswith(f"/{match['label']}")
    return named_so and reference(match["url"]).reason in (NO_MODEL, UNNAMED)


def _quoted(content: Content, text: str) -> Iterator[Claim]:
    """The recipes that a card quotes: what mergekit merged, what axolotl trained on."""
    for count, match in enumerate(FENCED.finditer(text)):
        if count >= MAX_FENCED:
            yield Unread(path=content.path, detail=f"more than {MAX_FENCED} recipes are quoted")
            return
        block = Content(path=content.path, kind=content.kind, head=match[1].encode())
        above = text.count("\n", 0, match.start(1))
        try:
            yield from (recipe.moved(claim, above) for claim in recipe.quoted(block))
        except Malformed:
            # Nothing but what is meant as a recipe must be one: the block may be any example.
            continue
