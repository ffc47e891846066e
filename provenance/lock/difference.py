"""What changed between two locks, and how files differ from an entry: for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from provenance.lock.entry import Entry, Lock, Part
from provenance.lock.order import Row, in_order, place

SHOWN = 10
ASPECTS = {
    "verdict": "verdict",
    "facts.repo_id": "repo id",
    "facts.owner": "owner",
    "facts.owner_id": "owner id",
    "signers": "signer",
    "commit": "commit",
    "include": "include",
    "exclude": "exclude",
    "parents": "parent",
    "files": "files",
    "accepted": "accepted",
    "repo": "repo",
    "path": "path",
    "revision": "revision",
    "facts.id": "id",
    "facts.reach": "reach",
    "facts.parents": "parents on the Hub",
    "facts.relation": "relation on the Hub",
    "organisation": "organisation",
    "basis": "basis",
    "profile": "profile",
    "manifest": "manifest",
    "selected": "selected",
    "findings": "finding",
}
"""What of an entry is compared, in a reviewer's order, and what a change of it is called."""
SAME = {
    "registries": ("name",),
    "signers": ("organisation", "identity", "kind"),
    "parents": ("repo", "source"),
    "accepted": ("rule", "old", "new"),
    "findings": ("rule", "where"),
}
"""By what a row is known again: with these gone it is lost, with others otherwise it changed."""
IN_A_LOCK = {"changed": "changed", "extra": "added", "missing": "removed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is otherwise than before: of which model or file, what, and both values.

    All of it may hold what an attacker wrote: whoever shows it escapes it.
    """

    name: str
    what: str
    old: str = ""
    new: str = ""


def difference(old: Lock | None, new: Lock) -> tuple[Change, ...]:
    """What changed, model by model in a reviewer's order; nothing for locks of one content."""
    return tuple(_difference(in_order(old or Lock()), in_order(new)))


def _difference(old: Lock, new: Lock) -> Iterator[Change]:
    yield from _rows("registries", "registry", "registries", old.registries, new.registries)
    before, after = ({(e.part, e.name): e for e in lock.entries} for lock in (old, new))
    for part, name in sorted(before.keys() | after.keys(), key=lambda key: place(*key)):
        called = name if part is Part.MODEL else f"{part} {name}"
        yield from _entry(called, before.get((part, name)), after.get((part, name)))


def _entry(name: str, old: Entry | None, new: Entry | None) -> Iterator[Change]:
    if old and new:
        for aspect in ASPECTS:
            yield from _aspect(name, aspect, old, new)
    elif new:
        yield Change(name=name, what="added", new=_place(new))
    elif old:
        yield Change(name=name, what="removed", old=_place(old))


def _place(entry: Entry) -> str:
    at = entry.commit or entry.selected or entry.manifest
    return "@".join(filter(None, (entry.repo or entry.path, at)))


def _aspect(name: str, aspect: str, old: Entry, new: Entry) -> Iterator[Change]:
    before, after = _value(old, aspect), _value(new, aspect)
    if before == after:
        return
    if aspect == "files":
        yield from _files(name, old, new)
    elif aspect in SAME:
        yield from _rows(name, ASPECTS[aspect], aspect, getattr(old, aspect), getattr(new, aspect))
    else:
        yield Change(name=name, what=ASPECTS[aspect], old=_text(before), new=_text(after))


def _value(entry: Entry, aspect: str) -> object:
    """What an entry says at `facts.owner` or `commit`; None where it says nothing."""
    value: object = entry
    for name in aspect.split("."):
        value = getattr(value, name, None)
    return value


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return ", ".join(map(_text, value))
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)


def _rows(
    name: str, word: str, aspect: str, old: Iterable[Row], new: Iterable[Row]
) -> Iterator[Change]:
    """The rows that were lost, gained or changed."""
    before, after = _known(old, SAME[aspect]), _known(new, SAME[aspect])
    for key in sorted(before.keys() | after.keys()):
        first, last = before.get(key, ()), after.get(key, ())
        if first != last:
            what = "changed" if first and last else "gained" if last else "lost"
            yield Change(
                name=name, what=f"{word} {what}", old=_described(first), new=_described(last)
            )
