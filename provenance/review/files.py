"""Which files a bump changes: what they are to a reviewer, and how their texts differ."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
MOST = 50
"""Files, or tensors, of one kind that are named."""
CODE_SECTION = "code that a loader runs"
TEXTS_SECTION = "templates, tokenizer, settings"
WEIGHTS_SECTION = "weights"
LICENCE_SECTION = "licence"
OTHER_SECTION = "other files"


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
