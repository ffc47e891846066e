"""The tokens of a model: its tokenizer's files, and those that were added or mean something."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from provenance.claims.files import ModelFiles
from provenance.drift.settings import document
from provenance.errors import Malformed
from provenance.model import Kind

FILES = re.compile(
    r"tokenizer\.(?:json|model)|spiece\.model|sentencepiece\.bpe\.model|vocab\.(?:json|txt)"
    r"|merges\.txt|tekken\.json"
)
Tokens = Mapping[str, object]
SPECIAL = ("bos", "eos", "pad", "unk", "sep", "cls", "mask")
OF_GGUF = "tokenizer.ggml."
NAMES = {"bos": "bos", "eos": "eos", "padding": "pad", "unknown": "unk", "seperator": "sep"}
"""How a GGUF calls the special tokens whose number it has, and what they are called here."""
KINDS_ADDED = (3, 4)
"""Of a token in a GGUF: control, and defined by the user."""


def files_of_tokenizer(files: ModelFiles) -> Mapping[str, str]:
    """The digests of the files at the top that hold the tokenizer."""
    return {f.path: f.digest for f in files.evidence.listing.files if FILES.fullmatch(f.path)}


def in_headers(files: ModelFiles) -> bool:
    """Whether the tokenizer stands in a header, as that of a GGUF does."""
    return any(file.content.kind is Kind.GGUF for file in files.by_path.values())


def tokens(child: ModelFiles, parent: ModelFiles) -> tuple[Tokens, Tokens]:
    """Added tokens by their number, and the texts of special ones by their name, of both models.

    A GGUF has all tokens that mean something, documents may leave some to the tokenizer's file: of
    one beside the other only what both state is told. Nothing where one of them states none.
    """
    ours, theirs = (dict(_of_headers(one)) for one in (child, parent))
    alike = bool(ours) is bool(theirs)
    ours, theirs = ours or dict(_of_documents(child)), theirs or dict(_of_documents(parent))
    shared = ours.keys() & theirs.keys()
    if alike and shared:
        return ours, theirs
    return _only(ours, shared), _only(theirs, shared)


def _only(table: Tokens, keys: Collection[str]) -> Tokens:
    return {key: value for key, value in table.items() if key in keys}


def _of_documents(files: ModelFiles) -> Iterator[tuple[str, object]]:
    settings = document(files, "tokenizer_config.json")
    decoder = settings.get("added_tokens_decoder")
    for number, token in decoder.items() if isinstance(decoder, dict) else ():
        yield f"token {number}", _text(token)
    for text, number in document(files, "added_tokens.json").items():
        yield f"token {number}", text
    named = {**document(files, "special_tokens_map.json"), **settings}
    for name in SPECIAL:
        if (special := _text(named.get(f"{name}_token"))) is not None:
            yield f"{name} token", special


def _text(token: object) -> str | None:
    """The text of a token, written alone or with what is said of it."""
    value = token.get("content") if isinstance(token, dict) else token
    return value if isinstance(value, str) else None


def _of_headers(files: ModelFiles) -> Iterator[tuple[str, object]]:
    for file in files.by_path.values():
        if file.content.kind is not Kind.GGUF or isinstance(file.gguf, Malformed):
            continue
        metadata = dict(file.gguf.metadata)
        texts, kinds = (metadata.get(f"{OF_GGUF}{key}") for key in ("tokens", "token_type"))
        if not isinstance(texts, tuple):
            continue
        kinds = kinds if isinstance(kinds, tuple) else ()
        for number, kind in enumerate(kinds[: len(texts)]):
            if kind in KINDS_ADDED:
                yield f"token {number}", texts[number]
        for word, name in NAMES.items():
            at = metadata.get(f"{OF_GGUF}{word}_token_id")
            if isinstance(at, int) and 0 <= at < len(texts):
                yield f"{name} token", texts[at]
        return
