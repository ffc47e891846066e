"""How one model stands to what is known, and in words why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provenance.affected import Hit
from provenance.inventory.known import Known
from provenance.inventory.values import Kept, State
from provenance.lock import Entry
from provenance.lock.known import selection
from provenance.model import Evidence, File
from provenance.verdict import Finding, Outcome

REVOKED = "registry/revoked"
UNREAD_CODES = frozenset({"unreadable", "changed", "limit", "special-file", "symlink"})
CONTRADICTION = "contradiction"
SHORT = 12
SHOWN = 3
NOTHING: Mapping[str, str] = {}


def kept(
    evidence: Evidence,
    known: Known,
    found: Iterable[Finding],
    *,
    place: str,
    words: tuple[str, ...],
    lacking: frozenset[str] = frozenset(),
    stated: Mapping[str, str] = NOTHING,
) -> Kept:
    """How a model stands; `found` is what the registry's own check says of it.

    `lacking` are the paths at which nothing lies: files that were not downloaded. `stated` has by
    their paths the SHA-256 that the store itself states.
    """
    entry = known.locked(evidence, place)
    owners = (entry,) if entry else known.weighing(evidence)
    refused = tuple(_refused(found, known.refusals(owners)))
    state, of, remarks = _standing(evidence, known, entry, lacking)
    if belied := _belied(evidence, stated):
        state, of = State.CHANGED, ()
        remarks = (f"its own manifest states other bytes: {_some(belied)}", *remarks)
    if refused:
        state, remarks = State.REVOKED, (*refused, *remarks)
    whole = all(file.digest for file in evidence.listing.files)
    return Kept(
        name=evidence.ref.text,
        place=place,
        words=words,
        state=state,
        of=of,
        remarks=remarks,
        commit=evidence.ref.commit,
        manifest=evidence.listing.digest if whole else "",
        files=len(evidence.listing.files),
        size=sum(file.size for file in evidence.listing.files),
    )


Standing = tuple[State, tuple[str, ...], tuple[str, ...]]


def _standing(
    evidence: Evidence, known: Known, entry: Entry | None, lacking: frozenset[str]
) -> Standing:
    """State, whose bytes these are, and in words how that is known; revocation apart."""
    unread = _unread(evidence, lacking)
    gone = (f"{_some(sorted(lacking))} not downloaded",) if lacking else ()
    if entry and (differing := _differing(evidence, entry)):
        said = f"locked as {entry.name}, and other bytes lie here: {_some(differing)}"
        return State.CHANGED, (entry.name,), (said, *unread)
    if unread:
        return State.UNREAD, (), (*unread, *gone)
    if entry and _here(evidence, entry):
        return State.KNOWN, (entry.name,), (*_as_locked(evidence, entry), *gone)
    roots = known.registry.roots_with(evidence.listing.digest)
    if roots:
        names = tuple(dict.fromkeys(f"{root.repo}@{root.commit}" for root in roots))
        return State.KNOWN, names, ("every file is the root's of the registry",)
    if owners := known.weighing(evidence):
        return State.KNOWN, tuple(e.name for e in owners), (_by_weights(evidence, owners), *gone)
    return State.UNKNOWN, (), (*_stranger(evidence, known), *gone)


def _refused(found: Iterable[Finding], hits: Iterable[Hit]) -> Iterator[str]:
    """What is revoked, each thing once: of the model itself, then of what is locked of it."""
    told: set[str] = set()
    for one in found:
        if one.rule == REVOKED and one.outcome is Outcome.FAIL:
            told.add(one.where)
            yield f"{one.message} ({one.where})"
    for hit in hits:
        if not told.intersection(hit.what.split()):
            yield f"of {hit.name}, {hit.what} was revoked: {hit.reason}"


def _belied(evidence: Evidence, stated: Mapping[str, str]) -> list[str]:
    """The files that are not what the store states, by digest or by size."""
    files = (file for file in evidence.listing.files if file.sha256 and file.path in stated)
    odd = {file.path for file in files if file.sha256 != stated[file.path]}
    seen = (one for one in evidence.observations if one.code == CONTRADICTION)
    return sorted(odd | {one.path for one in seen if one.path in stated})


def _differing(evidence: Evidence, entry: Entry) -> list[str]:
    """The files that an entry has, and that lie here with other bytes."""
    locked = entry.files.by_path
    if entry.selected == selection(evidence, entry).digest:
        return []
    both = (file for file in evidence.listing.files if file.path in locked)
    return sorted(file.path for file in both if _is_other(file, locked[file.path]))


def _is_other(file: File, locked: File) -> bool:
    if file.size != locked.size:
        return True
    return bool(file.sha256 and locked.sha256) and file.sha256 != locked.sha256


def _here(evidence: Evidence, entry: Entry) -> list[str]:
    """The files of an entry that lie here."""
    own = {(file.path, file.sha256) for file in evidence.listing.files if file.sha256}
    return [file.path for file in entry.files.files if (file.path, file.sha256) in own]


def _as_locked(evidence: Evidence, entry: Entry) -> Iterator[str]:
    """How far what lies here is what is locked, none of it being other bytes."""
    here, wanted = _here(evidence, entry), len(entry.files.files)
    exact = {evidence.listing.digest, evidence.manifest.digest} & {entry.manifest, entry.selected}
    if exact or len(here) == wanted:
        yield "every file is the locked one" if exact else f"all {wanted} locked files are here"
    else:
        yield f"partial: {len(here)} of {wanted} locked files are here"
    more = sorted(f.path for f in evidence.listing.files if f.path not in entry.files.by_path)
    if more and not exact:
        yield f"beside them, not locked: {_some(more)}"


def _by_weights(evidence: Evidence, owners: Iterable[Entry]) -> str:
    """That the weights alone are known, and what is not."""
    digests = {file.sha256 for entry in owners for file in entry.files.files}
    others = sorted(f.path for f in evidence.listing.files if f.sha256 not in digests)
    rest = f"; not known: {_some(others)}" if others else ""
    return f"its weights have the locked digests{rest}"


def _stranger(evidence: Evidence, known: Known) -> Iterator[str]:
    """What is known of the name, where nothing is known of the bytes."""
    if entry := known.elsewhere(evidence):
        yield f"{entry.name} is locked at {(entry.commit or '')[:SHORT]}"
        return
    owner = known.registry.owner(evidence.ref.repo) if evidence.ref.repo else None
    if owner:
        yield f"nothing is locked of it; by its name it is of {owner.name}"
    else:
        yield "no lockfile entry and no root has these bytes"


def _unread(evidence: Evidence, lacking: frozenset[str]) -> tuple[str, ...]:
    """Why what lies here is not known whole."""
    met = {*lacking, *evidence.listing.by_path}
    odd = (seen for seen in evidence.observations if seen.code in UNREAD_CODES)
    said = [f"{seen.path}: {seen.detail}" for seen in odd if seen.path not in met]
    more = (f"and {len(said) - SHOWN} more files",) if len(said) > SHOWN else ()
    return (*said[:SHOWN], *more)


def _some(paths: list[str]) -> str:
    """A few of these paths, and how many there are besides."""
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more
