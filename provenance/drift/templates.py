"""The chat templates of a model wherever they stand, and what one says that another does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provenance.claims.files import ModelFiles
from provenance.drift.settings import table_of
from provenance.errors import Malformed
from provenance.formats.names import name_of
from provenance.formats.parsed import Parsed
from provenance.formats.template.spoken import sentences, tree_of
from provenance.model import Kind

KEY = "chat_template"
OF_GGUF = f"tokenizer.{KEY}"
SETTINGS = ("tokenizer_config.json", "processor_config.json", f"{KEY}.json")
DEFAULT = "default"
WORD = re.compile(r"[^\W\d_]{2,}")
FEW = 3
"""Words from which on a text is a sentence, and not the name of a role or a mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template, its name among those of the model, and the file that holds it."""

    name: str
    path: str
    source: str


def templates(files: ModelFiles) -> tuple[Template, ...]:
    """Those of all selected files, in the order of the paths."""
    return tuple(one for path in sorted(files.by_path) for one in _of(files.by_path[path]))


def is_one_program(one: Template, other: Template) -> bool:
    """Whether both do the same, however they are written."""
    if one.source == other.source:
        return True
    ours, theirs = tree_of(one.source), tree_of(other.source)
    return ours is not None and ours == theirs


def added(ours: Iterable[Template], theirs: Iterable[Template]) -> tuple[str, ...]:
    """The sentences of ours that stand in none of theirs."""
    known = {sentence for one in theirs for sentence in _said(one)}
    found = dict.fromkeys(s for one in ours for s in _said(one) if s not in known)
    return tuple(text for text in found if len(WORD.findall(text)) >= FEW)


def _said(template: Template) -> tuple[str, ...]:
    tree = tree_of(template.source)
    return sentences(tree) if tree is not None else ()


def _of(file: Parsed) -> Iterator[Template]:
    name = name_of(file.path)
    if file.content.kind is Kind.GGUF:
        yield from _of_gguf(file)
    elif name in SETTINGS:
        yield from _named(file.path, table_of(file).get(KEY))
    elif name.endswith(".jinja") and file.is_whole:
        own = name.removesuffix(".jinja")
        yield Template(
            name=DEFAULT if own == KEY else own,
            path=file.path,
            source=file.content.head.decode("utf-8", "replace"),
        )


def _of_gguf(file: Parsed) -> Iterator[Template]:
    header = file.gguf
    if isinstance(header, Malformed):
        return
    for key, value in header.metadata:
        if key.startswith(OF_GGUF) and isinstance(value, str):
            name = key.removeprefix(OF_GGUF).lstrip(".") or DEFAULT
            yield Template(name=name, path=file.path, source=value)


def _named(path: str, value: object) -> Iterator[Template]:
    """The one template, or each of several by its name."""
    if isinstance(value, str):
        yield Template(name=DEFAULT, path=path, source=value)
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("template"), str):
            name = entry.get("name")
            name = name if isinstance(name, str) else DEFAULT
            yield Template(name=name, path=path, source=entry["template"])
