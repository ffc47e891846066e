"""Which files make a loader use other weights or code than it would without them.

A loader looks for some files before all others, or takes every file of some name: whoever adds one
changes what is loaded, and the weights beside it stay as they were. Which these are is said in the
table of loaders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from provenance.errors import Malformed
from provenance.formats.names import folder_of
from provenance.formats.parsed import Parsed
from provenance.loaders.readers import Matches, matcher
from provenance.loaders.table import Loader, Opens, loaders
from provenance.model import Evidence

SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Files of one folder that decide what a loader uses, as `row` of the table says.

    `value` is what the row's key holds in the file, cut off where it is long; nothing where the
    file itself decides.
    """

    paths: tuple[str, ...]
    loader: Loader
    row: Opens
    value: str = ""

    @property
    def said(self) -> str:
        """What is used, as a sentence without its stop."""
        return f"{self.row.note}: {self.value}" if self.value else self.row.note


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row that decides, with its patterns ready."""

    loader: Loader
    row: Opens
    decides: Matches
    beside: Matches


def choices(evidence: Evidence, files: Mapping[str, Parsed]) -> tuple[Choice, ...]:
    """What the selected files decide, in the order of the table; one for each row and folder."""
    deciding = {folder_of(path) for path in evidence.manifest.by_path if _any()(path)}
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for path in evidence.manifest.by_path if deciding else ():
        if (folder := folder_of(path)) in deciding:
            folders[folder].append(path)
    return tuple(
        choice
        for rule in _rules()
        for paths in folders.values()
        for choice in _chosen(rule, paths, files)
    )


def _chosen(rule: Rule, paths: Iterable[str], files: Mapping[str, Parsed]) -> Iterator[Choice]:
    found = tuple(path for path in paths if rule.decides(path))
    if not found or not _is_beside(rule, paths):
        return
    if not rule.row.key:
        yield Choice(paths=found, loader=rule.loader, row=rule.row)
        return
    for path in found:
        if value := _held(files.get(path), rule.row.key):
            yield Choice(paths=(path,), loader=rule.loader, row=rule.row, value=value)


def _is_beside(rule: Rule, paths: Iterable[str]) -> bool:
    """Whether there is something that would be used without the files that decide."""
    return not rule.row.beside or any(rule.beside(p) and not rule.decides(p) for p in paths)


def _held(file: Parsed | None, key: str) -> str:
    """What a JSON document has under the key, as it is shown; nothing where it has nothing."""
    try:
        value = file.json() if file else None
    except Malformed:
        return ""
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return repr(value)[:SHOWN] if value else ""


@cache
def _any() -> Matches:
    """Whether a file decides by any row: mostly none does, and then nothing else is looked at."""
    return matcher((name for rule in _rules() for name in rule.row.decides), "decides")


@cache
def _rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            loader=loader,
            row=row,
            decides=matcher(row.decides, f"{loader.name}: decides"),
            beside=matcher(row.beside, f"{loader.name}: beside"),
        )
        for loader in loaders()
        for row in loader.opens
        if row.decides
    )
