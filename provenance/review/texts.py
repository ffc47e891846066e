"""How the texts of two sides differ, line by line: templates as a model reads them, not as JSON and
GGUF write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff

from provenance.errors import Malformed
from provenance.formats import gguf
from provenance.formats.json import loads
from provenance.model import Content, Kind
from provenance.review.side import Side

MAX_DIFF = 400
"""Lines of one text's difference that are shown."""
TEMPLATE = "chat_template"
OF_GGUF = f"tokenizer.{TEMPLATE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The difference of one text, as diff -u writes it; `path` is its file and what of it."""

    path: str
    lines: tuple[str, ...]


def patches(path: str, old: Side, new: Side) -> tuple[Patch, ...]:
    """The differences of a text that both sides have whole, or that one of them has not at all.

    None where it is not known, or where the lines are the same and only what ends them is not.
    """
    before, after = _texts(path, old), _texts(path, new)
    if before is None or after is None:
        return ()
    return tuple(_patches(before, after))


def templates(path: str, old: Side, new: Side) -> tuple[Patch, ...]:
    """The differences of the chat templates in the header of a GGUF."""
    return tuple(_patches(*(dict(_of_gguf(path, side)) for side in (old, new))))


def _patches(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Patch]:
    for name in dict.fromkeys((*after, *before)):
        was, now = (texts.get(name, "").splitlines() for texts in (before, after))
        lines = tuple(unified_diff(was, now, f"old/{name}", f"new/{name}", lineterm="", n=2))
        if len(lines) > MAX_DIFF:
            lines = (*lines[:MAX_DIFF], f"… and {len(lines) - MAX_DIFF} more lines")
        if lines:
            yield Patch(path=name, lines=lines)


def _texts(path: str, side: Side) -> Mapping[str, str] | None:
    """A file's texts by what to call them: none where the side has no such file, None where it is
    not known whole."""
    file = side.files.by_path.get(path)
    if file is None:
        return {}
    content = _content(path, side)
    if content is None or len(content.head) != file.size:
        return None
    try:
        text = content.head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return dict(_decoded(path, text)) if path.lower().endswith(".json") else {path: text}


def _content(path: str, side: Side) -> Content | None:
    return side.evidence.by_path.get(path) if side.evidence else None


def _decoded(path: str, text: str) -> Iterator[tuple[str, str]]:
    """The templates of a document in JSON, each on lines of its own, and then everything else."""
    try:
        document = loads(text.encode())
    except Malformed:
        document = None
    if not isinstance(document, dict) or TEMPLATE not in document:
        yield path, text
        return
    found = dict(_named(f"{path}: {TEMPLATE}", document[TEMPLATE]))
    yield from found.items()
    rest = {key: value for key, value in document.items() if not found or key != TEMPLATE}
    yield path, json.dumps(rest, indent=2, ensure_ascii=False)


def _named(path: str, value: object) -> Iterator[tuple[str, str]]:
    """The one template, or each of several by its name."""
    if isinstance(value, str):
        yield path, value
    entries = value if isinstance(value, list) else []
    if all(map(_is_entry, entries)) and len({e["name"] for e in entries}) == len(entries):
        yield from ((f"{path} {entry['name']}", entry["template"]) for entry in entries)


def _is_entry(entry: object) -> bool:
    """Whether it is a template with a name, and nothing besides."""
    known = isinstance(entry, dict) and entry.keys() == {"name", "template"}
    return known and isinstance(entry, dict) and all(isinstance(v, str) for v in entry.values())


def _of_gguf(path: str, side: Side) -> Iterator[tuple[str, str]]:
    content, file = _content(path, side), side.files.by_path.get(path)
    if content is None or file is None or content.kind is not Kind.GGUF:
        return
    try:
        metadata = gguf.parse(content.head, file.size).metadata
    except Malformed:
        return
    for key, value in metadata:
        if key.startswith(OF_GGUF) and isinstance(value, str):
            yield f"{path}: {key}", value
