"""Models that a card names in words or code that no phrase reads: hints at a parent, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.card.blocks import Fenced
from provenance.claims.card.names import Meaning
from provenance.claims.card.words import DATA, ELSEWHERE
from provenance.claims.claim import Mention
from provenance.claims.reference import reference
from provenance.model import Content

NEAR = re.compile(
    r"\b(?:base[ds]?|pre-?trained|fine-?tun\w+|from|built on|q?lora|adapters?|merge[ds]?|"
    r"distil\w*|quanti[sz]\w+|gguf|initiali[sz]\w+|derive[ds]?|checkpoint|backbone|original|"
    r"teacher)\b"
)
"""Words of a sentence in which a name may be a parent's."""
MODEL = re.compile(r"/[^/]*[-\d]")
PLAIN = re.compile(r"[a-z_]{1,40}/[a-z_.]{1,40}")
FILE = re.compile(
    r"\.(?:py|md|json|jsonl|txt|ya?ml|toml|cfg|sh|ipynb|png|jpe?g|gif|svg|webp|wav|mp[34]|csv|tsv|"
    r"parquet|pdf|html?|js|ts|cpp|zip|gz)$"
)
OF_DATA = re.compile(
    rf"\b(?:datasets?|data|corpus|benchmarks?|papers?|spaces?|documentation)\b[^.\n]{{0,30}}$|{DATA}"
)
NO_WEIGHTS = re.compile(ELSEWHERE.replace(" ", "[ \n]"))
LOADED = re.compile(
    r"(?:from_pretrained\(|\b\w{0,30}(?:model|base|checkpoint)\w{0,30}[\"']?\s?[:=])\s{0,4}[\"']?"
    r"([\w.-]{1,96}/[\w.-]{1,96})"
)
MAX_LOADED = 5
QUOTED = 160


def is_hint(what: Meaning, lower: str, begin: int, at: int, stop: int, *, known: bool) -> bool:
    """Whether a name in a sentence may be a parent's: where one is `known`, only in words near it.

    The sentence begins and stops there, over small letters, and the name stands at `at`.
    """
    repo = what.found.repo or ""
    near = NEAR.search(lower, begin, stop) is not None
    if known:
        return near and (not what.loose or MODEL.search(repo) is not None)
    if OF_DATA.search(lower, begin, at) or NO_WEIGHTS.match(lower, at + 1) or FILE.search(repo):
        return False
    return near or not what.loose or not PLAIN.fullmatch(repo)


def in_code(content: Content, fenced: tuple[Fenced, ...]) -> Iterator[Mention]:
    """The first models that blocks of code load by name; the example of a card is none."""
    found: dict[str, Mention] = {}
    for block in fenced:
        if block.text.lstrip().startswith("---"):
            continue
        for loaded in LOADED.finditer(block.text):
            repo = reference(loaded[1]).repo
            if repo and "/" in repo and not FILE.search(repo) and len(found) < MAX_LOADED:
                line = block.above + block.text.count("\n", 0, loaded.start(1)) + 1
                quote = " ".join(loaded[0].split())[:QUOTED]
                one = Mention(path=content.path, line=line, quote=quote, repo=repo)
                found.setdefault(repo, one)
    yield from found.values()
