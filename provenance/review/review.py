"""What changes when a model is bumped, in the order in which a reviewer needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from provenance.claims.files import ModelFiles
from provenance.drift import drift
from provenance.drift.beside import TOKENS
from provenance.lock import Change, Entry
from provenance.review import files
from provenance.review.side import ABSENT, Side, of_entry
from provenance.review.texts import Patch, patches, templates
from provenance.review.weights import weights

ASKED_SECTION = "what is asked for"
DRIFT_SECTION = "what the model is told, and its tokens"
ASKED: Mapping[str, str] = {
    "repo": "repository",
    "path": "path",
    "revision": "revision",
    "include": "include",
    "exclude": "exclude",
    "profile": "profile",
}
"""What of an entry its model's [[models]] decides, and the word for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One subject of the review: single changes, then differences of texts."""

    title: str
    changes: tuple[Change, ...] = ()
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything that changes for one model, subject by subject; none where nothing does."""

    name: str
    sections: tuple[Section, ...]


def review_of(name: str, old: Side | None, new: Side | None) -> Review:
    """What changes from `old` to `new`; None is a model that is not there."""
    if old is None or new is None:
        present = new or old
        what = "added" if new else "removed"
        text = present.verdict if present else ""
        change = Change(name=name, what=what, **{"new" if new else "old": text})
        return Review(name=name, sections=(Section(title="model", changes=(change,)),))
    found = (section for section in _sections(old, new) if section.changes or section.patches)
    return Review(name=name, sections=tuple(found))


Sides = Callable[[Entry | None, Entry | None], tuple[Side | None, Side | None]]
"""How two entries of one model become the sides that are compared."""


def as_locked(old: Entry | None, new: Entry | None) -> tuple[Side | None, Side | None]:
    """Both sides as the lockfiles have them."""
    return (of_entry(old) if old else None, of_entry(new) if new else None)


def reviews_of_locks(
    old: Mapping[str, Entry], new: Mapping[str, Entry], sides: Sides = as_locked
) -> tuple[Review, ...]:
    """What changes between two lockfiles, model by model; only those that do change."""
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(_of_entries(name, old.get(name), new.get(name), sides) for name in names)


def _of_entries(name: str, old: Entry | None, new: Entry | None, sides: Sides) -> Review:
    """What changes between two entries: what is asked for first, then what that comes to."""
    found = review_of(name, *sides(old, new))
    asked = Section(title=ASKED_SECTION, changes=tuple(_asked(name, old, new)))
    return replace(found, sections=(*(asked,) * bool(asked.changes), *found.sections))


def _asked(name: str, old: Entry | None, new: Entry | None) -> Iterator[Change]:
    for word, what in ASKED.items():
        before, after = (_text(getattr(entry, word, None)) for entry in (old, new))
        if before != after and new is not None:
            what_now = f"{what} none any more" if old and not after else what
            yield Change(name=name, what=what_now, old=before, new=after)


def _text(value: object) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value or "")


def _sections(old: Side, new: Side) -> Iterator[Section]:
    yield Section(
        title="verdict", changes=(*_words(old, new, ("verdict", "commit")), *_same(old, new))
    )
    yield Section(title="identity and owner", changes=tuple(_identity(old, new)))
    yield Section(title="signer", changes=tuple(_gained(old.signers, new.signers, "signer")))
    yield Section(title="ancestors", changes=tuple(_tiers(old.ancestors, new.ancestors)))
    kinds = {path: files.kind(path, old, new) for path in files.changed(old.files, new.files)}
    heavy = [path for path, kind in kinds.items() if kind == files.WEIGHTS_SECTION]
    inside = tuple(patch for path in heavy for patch in templates(path, old, new))
    for title in (files.CODE_SECTION, files.TEXTS_SECTION):
        paths = [path for path, kind in kinds.items() if kind == title]
        found = _texts(title, paths, old, new)
        more = inside if title == files.TEXTS_SECTION else ()
        yield replace(found, patches=(*found.patches, *more))
    yield Section(title=DRIFT_SECTION, changes=tuple(_drift(old, new)))
    yield Section(title=files.WEIGHTS_SECTION, changes=tuple(weights(heavy, old, new)))
    for title in (files.LICENCE_SECTION, files.OTHER_SECTION):
        yield _texts(title, [path for path, kind in kinds.items() if kind == title], old, new)


def _drift(old: Side, new: Side) -> Iterator[Change]:
    """The sentences that a template has now and had not, and tokens that became others: their
    texts differ elsewhere too, and this is what that does."""
    if old.evidence is None or new.evidence is None:
        return
    for one in drift(ModelFiles(evidence=new.evidence), ModelFiles(evidence=old.evidence)):
        for sentence in one.added[: files.MOST]:
            yield Change(name=one.subject, what="says now", new=sentence)
        if one.subject == TOKENS and one.replaced:
            yield Change(name=one.subject, what="changed", new=one.words)


def _words(old: Side, new: Side, words: tuple[str, ...]) -> Iterator[Change]:
    for word in words:
        before, after = getattr(old, word), getattr(new, word)
        if before != after:
            yield Change(name=new.name, what=word, old=before, new=after)


def _same(old: Side, new: Side) -> Iterator[Change]:
    """That another commit has the very files of the old one."""
    if old.commit != new.commit and old.files == new.files != ABSENT:
        yield Change(name=new.name, what="every file has the same bytes as before")


def _identity(old: Side, new: Side) -> Iterator[Change]:
    yield from _words(old, new, ("organisation", "mirror_of"))
    for word in ("id", "repo_id", "owner", "owner_id", "reach"):
        before, after = (getattr(side.facts, word, None) for side in (old, new))
        if before != after and None not in (before, after):
            yield Change(name=new.name, what=word, old=str(before), new=str(after))


def _gained(old: tuple[str, ...], new: tuple[str, ...], word: str) -> Iterator[Change]:
    for text in sorted(set(old) - set(new)):
        yield Change(name=text, what=f"{word} lost", old=text)
    for text in sorted(set(new) - set(old)):
        yield Change(name=text, what=f"{word} gained", new=text)


def _tiers(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            what = "lost" if not after else "gained" if not before else "tier"
            yield Change(name=name, what=what, old=before, new=after)


def _texts(title: str, paths: list[str], old: Side, new: Side) -> Section:
    found = {path: patches(path, old, new) for path in paths}
    left = [path for path, differences in found.items() if not differences]
    changes = [files.change(path, old.files, new.files) for path in left[: files.MOST]]
    if len(left) > files.MOST:
        changes.append(Change(name=f"{len(left) - files.MOST} more files", what="changed"))
    every = tuple(patch for differences in found.values() for patch in differences)
    return Section(title=title, changes=tuple(changes), patches=every)
