"""File names that programs, people or file systems read differently."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from provenance.formats.unseen import SPACES, folded, shows
from provenance.model import Observation

MAX_COMPONENT = 255
MAX_PATH = 1024
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
RESERVED = frozenset({"provenance.toml", "provenance.lock", "trust.toml"})
RESERVED_FOLDER = "attestations"
SPECIAL = frozenset({".git", ".cache", ".gitattributes", "model.sig", "claims.jsonl"})
SIGNATURES = (".sig", ".sigstore.json", ".sigstore", ".intoto.jsonl")

PART = r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|/|$)){}[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
ORDINARY = re.compile(
    rf"(?:{PART.format('(?!attestations/)')}/)*"
    rf"{PART.format('(?!(?:provenance[.](?:toml|lock)|trust[.]toml)$)')}"
)
"""Paths of which nothing can be said, as nearly all are; every other is looked at closely."""


def oddities(paths: Iterable[str]) -> Iterator[Observation]:
    """What is odd about the names, taken one by one and side by side."""
    spellings: dict[str, str] = {}
    for path in sorted(paths):
        for code, detail in () if is_ordinary(path) else alone(path):
            yield Observation(code=code, path=path, detail=detail)
        key = folded(path)
        if key in spellings:
            detail = f"some file systems take it for {spellings[key]!r}: keep one of them"
            yield Observation(code="name-collision", path=path, detail=detail)
        spellings.setdefault(key, path)


def is_ordinary(path: str) -> bool:
    """Whether a glance shows that nothing is odd about a path by itself."""
    return len(path) <= MAX_COMPONENT and ORDINARY.fullmatch(path) is not None


def leads_out(path: str) -> bool:
    """Whether a path may lead out of the folder that it is said to lie in."""
    return path.startswith("/") or "\0" in path or ".." in path.split("/")


def alone(path: str) -> Iterator[tuple[str, str]]:
    """What is odd about a path by itself: the code, and in words."""
    for part in path.split("/"):
        reason = _reason(part)
        if reason:
            yield "name", f"{part!r} {reason}: rename or remove it"
        elif part.lower() in SPECIAL and part not in SPECIAL:
            yield "special-name", f"{part!r} differs by case from {part.lower()!r}: rename it"
        elif part.lower() == "git~1":
            yield "special-name", f"{part!r} is '.git' on a Windows file system: rename it"
    if (space := SPACES.search(path)) and shows(path):
        detail = f"holds U+{ord(space[0]):04X}, which looks like a space: rename or remove it"
        yield "name-space", detail
    if _is_nearly_a_signature(path):
        yield "special-name", "differs by case from the name of a signature: rename or remove it"
    if len(_bytes(path)) > MAX_PATH:
        yield "name", f"the path is longer than {MAX_PATH} bytes: shorten it"
    folders = [part.lower() for part in path.split("/")[:-1]]
    name = path.rpartition("/")[2].lower()
    if name in RESERVED or RESERVED_FOLDER in folders:
        yield (
            "reserved-name",
            "a model may not bring what would judge it; it was not read: remove or exclude it",
        )


def _reason(part: str) -> str:
    """What is wrong with one component, or nothing."""
    if part in ("", ".", ".."):
        return "leads elsewhere"
    if not shows(part):
        return "holds control or invisible characters"
    if "\\" in part:
        return "holds a backslash"
    if ":" in part:
        return "holds a colon"
    if part != part.rstrip(". "):
        return "ends in a dot or a space"
    if DEVICES.fullmatch(part):
        return "is a device on Windows"
    if len(_bytes(part)) > MAX_COMPONENT:
        return f"is longer than {MAX_COMPONENT} bytes"
    return ""


def _is_nearly_a_signature(path: str) -> bool:
    lower = path.lower()
    named = "/" not in path and lower not in SPECIAL and lower.endswith(SIGNATURES)
    return named and not path.endswith(SIGNATURES)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
