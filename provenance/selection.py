"""Which files of a model the caller asked about: `include` and `exclude` patterns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache

from provenance.errors import ConfigError, Unselected
from provenance.model import Observation

SHOWN = 5
CLOSE = 0.4
LOOKED_AT = 2_000
LONG = 200
SPECIAL = re.compile(r"[*?\[]")
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


def selected(
    paths: Collection[str], include: Sequence[str], exclude: Sequence[str], *, whole: bool
) -> frozenset[str]:
    """Those of a model's paths that are selected.

    Unselected if the patterns leave none, where `paths` are known to be the `whole` model.
    """
    chosen = frozenset(path for path in paths if matches(path, include, exclude))
    if whole and not chosen and (include or exclude):
        check_matched(paths, include)
        said = ", ".join(map(repr, exclude or include))
        name = "exclude" if exclude else "include"
        raise Unselected(f"{said} leaves none of {len(paths)} files: nothing is meant", path=name)
    return chosen


def check_matched(paths: Collection[str], include: Sequence[str]) -> None:
    """Each pattern takes one of the paths, or Unselected with the nearest names that there are."""
    for at, pattern in enumerate(include):
        if not any(matches(path, [pattern], []) for path in paths):
            said = f"{pattern!r} matches none of {len(paths)} files{_nearest(pattern, paths)}"
            raise Unselected(said, path=f"include[{at}]")


def unmatched(paths: Collection[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """The patterns of `exclude` that leave nothing out."""
    return tuple(p for p in exclude if not any(matches(path, [p], []) for path in paths))


def patterns_of(
    paths: Collection[str], among: Collection[str], most: int = SHOWN
) -> tuple[str, ...]:
    """A few patterns that take these paths and no other of `among`; none where that takes many."""
    wanted = frozenset(paths)
    ordered = sorted(wanted)
    for name in (_by_folder, _by_top, _by_kind):
        found = _few(map(name, ordered), most)
        if found and all(pattern.isprintable() for pattern in found):
            rules = _rules("include", found)
            taken = (path for path in among if any(rule.fullmatch(path) for rule in rules))
            if frozenset(taken) == wanted:
                return found
    return ()


def _few(patterns: Iterable[str], most: int) -> tuple[str, ...]:
    """Each pattern once; none where there are more than `most`, which are then not looked for."""
    found: dict[str, None] = {}
    for pattern in patterns:
        found[pattern] = None
        if len(found) > most:
            return ()
    return tuple(found)


def _suffix(path: str) -> str:
    """The suffix of a path, dot included, as `pathlib` has it."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:] if 0 < dot < len(name) - 1 else ""


def _by_kind(path: str) -> str:
    """Every file with its suffix, wherever it lies."""
    return f"**/*{literal(_suffix(path))}"


def _by_top(path: str) -> str:
    """Everything in its topmost folder; the file itself where it is in none."""
    top, slash, _ = path.partition("/")
    return f"{literal(top)}{slash}"


def _by_folder(path: str) -> str:
    """Every file with its suffix in its folder."""
    folder, slash, _ = path.rpartition("/")
    return f"{literal(folder)}{slash}*{literal(_suffix(path))}"


def literal(text: str) -> str:
    """The pattern that takes a path of just these letters."""
    return SPECIAL.sub(r"[\g<0>]", text)


def _nearest(pattern: str, paths: Collection[str]) -> str:
    some = sorted(paths)[:LOOKED_AT]
    near = get_close_matches(pattern, some, n=SHOWN, cutoff=CLOSE) or some[:SHOWN]
    return f"; the nearest are {', '.join(repr(name[:LONG]) for name in near)}" if near else ""


@lru_cache(maxsize=64)
def _rules(name: str, patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(expression(text, f"{name}[{at}]") for at, text in enumerate(patterns))


def expression(pattern: str, place: str) -> re.Pattern[str]:
    """What a whole path must match to be taken by the pattern; ConfigError that names its place."""
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
        raise ConfigError(f"{pattern!r} is not a pattern: {said}", path=place) from None


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
        if not is_whole([one]) or matches(one.path, include, exclude):
            yield one


def is_whole(seen: Iterable[Observation]) -> bool:
    """Whether every name of the model was met: no limit was reached, no folder left closed."""
    return not any(one.code == "limit" or one.path.endswith("/") for one in seen)
