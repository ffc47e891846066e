"""Which files a bump changes: what they are to a reviewer, and how their texts differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from provenance.formats.names import is_weight_name, name_of
from provenance.lock import Change
from provenance.model import File, Kind, Manifest
from provenance.review.side import Side

CODE = re.compile(r".*\.py", re.IGNORECASE)
TEXTS = re.compile(
    r"chat_template.*|.*\.jinja|tokenizer.*|special_tokens.*|added_tokens.*|vocab.*|merges\.txt"
    r"|.*\.model|generation_config\.json|.*config.*\.json|modules\.json",
    re.IGNORECASE,
)
LICENCE = re.compile(r"(licen[cs]e|notice|copying|use_policy).*", re.IGNORECASE)
MAX_DIFF = 400
"""Lines of one file's difference that are shown."""
MOST = 50
"""Files, or tensors, of one kind that are named."""
CODE_SECTION = "code that a loader runs"
TEXTS_SECTION = "templates, tokenizer, settings"
WEIGHTS_SECTION = "weights"
LICENCE_SECTION = "licence"
OTHER_SECTION = "other files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The difference of one text file, as diff -u writes it."""

    path: str
    lines: tuple[str, ...]


def changed(old: Manifest, new: Manifest) -> Iterator[str]:
    """Every path whose file is not the same on both sides."""
    paths = sorted(old.by_path.keys() | new.by_path.keys())
    return (path for path in paths if old.by_path.get(path) != new.by_path.get(path))


def kind(path: str, old: Side, new: Side) -> str:
    """The subject under which a file's change is reviewed."""
    contents = [side.evidence.by_path.get(path) for side in (old, new) if side.evidence]
    kinds = {content.kind for content in contents if content}
    if is_weight_name(path) or kinds & {Kind.SAFETENSORS, Kind.GGUF, Kind.PICKLE}:
        return WEIGHTS_SECTION
    name = name_of(path)
    if CODE.fullmatch(name):
        return CODE_SECTION
    if TEXTS.fullmatch(name):
        return TEXTS_SECTION
    return LICENCE_SECTION if LICENCE.fullmatch(name) else OTHER_SECTION


def change(path: str, old: Manifest, new: Manifest) -> Change:
    """What becomes of one file."""
    before, after = old.by_path.get(path), new.by_path.get(path)
    what = "added" if before is None else "removed" if after is None else "changed"
    return Change(name=path, what=what, old=_described(before), new=_described(after))


def _described(file: File | None) -> str:
    return f"{file.size} bytes, {file.digest[:16] or 'digest unknown'}" if file else ""


def patch(path: str, old: Side, new: Side) -> Patch | None:
    """The difference of a text that both sides have whole, or that one of them has not at all."""
    before, after = _text(path, old), _text(path, new)
    if before is None or after is None:
        return None
    lines = tuple(
        line.rstrip("\n")
        for line in unified_diff(
            before.splitlines(), after.splitlines(), f"old/{path}", f"new/{path}", lineterm="", n=2
        )
    )
    if len(lines) > MAX_DIFF:
        lines = (*lines[:MAX_DIFF], f"… and {len(lines) - MAX_DIFF} more lines")
    return Patch(path=path, lines=lines)


def _text(path: str, side: Side) -> str | None:
    """A file's text; empty where the side has no such file, None where it is not known whole."""
    file = side.files.by_path.get(path)
    if file is None:
        return ""
    content = side.evidence.by_path.get(path) if side.evidence else None
    if content is None or len(content.head) != file.size:
        return None
    try:
        return content.head.decode("utf-8")
    except UnicodeDecodeError:
        return None
