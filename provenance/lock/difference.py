"""What changed between two locks, and how files differ from an entry: for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provenance.lock.model import Entry, Floor, Lock, LockedFailure, Part
from provenance.model import File, Manifest

SHOWN = 10
WORDS = (
    "verdict",
    "organisation",
    "commit",
    "revision",
    "profile",
    "basis",
    "path",
    "source",
    "mirror_of",
    "include",
    "exclude",
    "tensors",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is otherwise than before: of which model or file, what, and both values.

    `what` is `added` or `removed`, or names what is otherwise in words for a reader (`commit`,
    `signer gained`, …); a value that there was not, or is no more, is empty.
    """

    name: str
    what: str
    old: str = ""
    new: str = ""


def difference(old: Lock | None, new: Lock) -> tuple[Change, ...]:
    """What changed, model by model in a reviewer's order; nothing for equal locks."""
    return tuple(_difference(old or Lock(), new))


def _difference(old: Lock, new: Lock) -> Iterator[Change]:
    if set(old.registries) != set(new.registries):
        names = [", ".join(sorted(map(_floor, lock.registries))) for lock in (old, new)]
        yield Change(name="registries", what="changed", old=names[0], new=names[1])
    yield from _gained(
        "failures", "failure", map(_failure, old.failures), map(_failure, new.failures)
    )
    before, after = ({(e.part, e.name): e for e in lock.entries} for lock in (old, new))
    for part, name in sorted(before.keys() | after.keys(), key=_order):
        called = name if part is Part.MODEL else f"{part} {name}"
        first, last = before.get((part, name)), after.get((part, name))
        if first is None and last:
            yield Change(name=called, what="added", new=last.commit or last.selected)
        elif last is None and first:
            yield Change(name=called, what="removed", old=first.commit or first.selected)
        elif first and last:
            yield from _changed(called, first, last)


def _floor(floor: Floor) -> str:
    return f"{floor.name} from version {floor.version}" if floor.version else floor.name


def _failure(failure: LockedFailure) -> str:
    time = f" at {failure.time:%Y-%m-%d %H:%M}" if failure.time else ""
    return f"{failure.repo} by {failure.organisation} ({failure.name}){time}"


def _order(key: tuple[Part, str]) -> tuple[int, str]:
    return list(Part).index(key[0]), key[1]


def _changed(name: str, old: Entry, new: Entry) -> Iterator[Change]:
    if old == new:
        return
    for word in WORDS:
        yield from _word(name, word, getattr(old, word), getattr(new, word))
    for word in ("id", "repo_id", "owner", "owner_id", "reach", "parents", "relation"):
        values = [getattr(entry.facts, word, None) for entry in (old, new)]
        yield from _word(name, word, *values)
    yield from _gained(name, "signer", _signers(old), _signers(new))
    yield from _gained(name, "parent", _parents(old), _parents(new))
    yield from _gained(name, "member", _members(old), _members(new))
    yield from _gained(name, "accepted", _accepted(old), _accepted(new))
    yield from _gained(name, "finding", _findings(old), _findings(new))
    yield from _word(name, "manifest", old.manifest, new.manifest)
    changes = file_differences(old, new.files)
    yield from (
        Change(name=name, what=f"{change.what} {change.name}", old=change.old, new=change.new)
        for change in changes[:SHOWN]
    )
    if len(changes) > SHOWN:
        yield Change(name=name, what=f"and {len(changes) - SHOWN} more files")


def _word(name: str, word: str, old: object, new: object) -> Iterator[Change]:
    if old != new:
        yield Change(name=name, what=word.replace("_", " "), old=_text(old), new=_text(new))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _members(entry: Entry) -> Iterator[str]:
    return (f"{one.repo}@{one.commit}" for one in entry.members)


def _gained(name: str, word: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    for text in sorted(before - after):
        yield Change(name=name, what=f"{word} lost", old=text)
    for text in sorted(after - before):
        yield Change(name=name, what=f"{word} gained", new=text)


def _signers(entry: Entry) -> Iterator[str]:
    return (f"{signer.organisation}: {signer.identity}" for signer in entry.signers)


def _accepted(entry: Entry) -> Iterator[str]:
    return (f"{one.rule}: {one.old} → {one.new}" for one in entry.accepted)


def _parents(entry: Entry) -> Iterator[str]:
    for parent in entry.parents:
        at = f"@{parent.commit}" if parent.commit else ""
        yield f"{parent.repo}{at} ({parent.source})"


def _findings(entry: Entry) -> Iterator[str]:
    for finding in entry.findings:
        yield " ".join(filter(None, (finding.rule, finding.where, finding.level, finding.waived)))


def file_differences(entry: Entry, manifest: Manifest) -> tuple[Change, ...]:
    """How files differ from those of an entry: `changed`, `missing` or `extra`, by path."""
    return tuple(_files(entry.files, manifest))


def _files(old: Manifest, new: Manifest) -> Iterator[Change]:
    for path in sorted(old.by_path.keys() | new.by_path.keys()):
        before, after = old.by_path.get(path), new.by_path.get(path)
        if before == after:
            continue
        what = "extra" if before is None else "missing" if after is None else "changed"
        yield Change(name=path, what=what, old=_file(before), new=_file(after))


def _file(file: File | None) -> str:
    return f"sha256:{file.sha256}, {file.size} bytes" if file else ""


def nearest(lock: Lock, manifest: Manifest) -> Entry | None:
    """The model that shares the most files with these, the first by name; None if none shares."""
    rows = {(file.path, file.digest) for file in manifest.files}

    def shared(entry: Entry) -> int:
        return sum((file.path, file.digest) in rows for file in entry.files.files)

    best = max(lock.models(), key=lambda e: (shared(e), [-ord(c) for c in e.name]), default=None)
    return best if best and shared(best) else None
