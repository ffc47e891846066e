"""Which files of a model the caller asked about: `include` and `exclude` patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from provenance.errors import ConfigError
from provenance.model import Observation

CLASS = re.compile(r"\[(!?)(\]?[^\]/]*)\]")


def matches(path: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether `include` (everything, if empty) takes the path and `exclude` leaves it.

    Case-sensitive and of the whole path: `*` and `?` stay within a folder, `**` does not, `[a-z]`
    and `[!a-z]` are one character, `folder/` is all below it. A pattern that cannot be read is a
    ConfigError that names its place.
    """
    takes, leaves = _rules("include", tuple(include)), _rules("exclude", tuple(exclude))
    taken = not takes or any(rule.fullmatch(path) for rule in takes)
    return taken and not any(rule.fullmatch(path) for rule in leaves)


@lru_cache(maxsize=64)
def _rules(name: str, patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(_rule(text, f"{name}[{at}]") for at, text in enumerate(patterns))


def _rule(pattern: str, place: str) -> re.Pattern[str]:
    parts = pattern.removesuffix("/").split("/")
    if "\\" in pattern or any(part in ("", ".", "..") for part in parts):
        raise ConfigError(
            f"{pattern!r} can match no file: write a path below the model, such as 'onnx/*.json'",
            path=place,
        )
    if pattern.endswith("/"):
        parts.append("**")
    try:
        return re.compile(_joined(parts, place), re.DOTALL)
    except re.error:
        said = "close every [ by a ], and write a range from the lower to the higher, as [0-9]"
        raise ConfigError(f"{pattern!r} is no pattern: {said}", path=place) from None


def _joined(parts: Sequence[str], place: str) -> str:
    """`**` as a whole part stands for any number of folders, at the end for all below."""
    text = ""
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part != "**":
            text += _part(part, place) + ("" if last else "/")
        elif last:
            text += ".+"
        elif at == 0 or parts[at - 1] != "**":
            text += "(?:[^/]+/)*"
    return text


def _part(part: str, place: str) -> str:
    text, at = "", 0
    while at < len(part):
        piece, at = _piece(part, at, place)
        text += piece
    return text


def _piece(part: str, at: int, place: str) -> tuple[str, int]:
    """The expression for what stands at `at`, and where the next piece begins."""
    if part.startswith("**", at):
        end = at + len(part[at:]) - len(part[at:].lstrip("*"))
        return ".*", end
    if part[at] == "*":
        return "[^/]*", at + 1
    if part[at] == "?":
        return "[^/]", at + 1
    if part[at] == "[":
        return _class(part, at, place)
    return re.escape(part[at]), at + 1


def _class(part: str, at: int, place: str) -> tuple[str, int]:
    found = CLASS.match(part, at)
    if not found or not found[2]:
        raise ConfigError(f"{part!r} has a '[' without its ']': write '[[]' for itself", path=place)
    members = re.sub(r"([\\\[\]^&~|])", r"\\\1", found[2])
    return f"(?!/)[{'^' if found[1] else ''}{members}]", found.end()


def relevant(
    seen: Iterable[Observation], include: Sequence[str], exclude: Sequence[str]
) -> Iterator[Observation]:
    """What was seen of selected files; a leftover beside them is nobody's concern.

    A folder that could not be looked into may hold a selected file, and a limit concerns all.
    """
    ordered = sorted(set(seen), key=lambda o: (o.path, o.code, o.detail))
    for one in ordered:
        if one.code == "limit" or one.path.endswith("/") or matches(one.path, include, exclude):
            yield one
