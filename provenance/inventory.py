"""How the models on a machine stand to lockfile and registry: known, unknown, changed, revoked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.affected import Hit, affected
from provenance.formats.names import is_weight_name
from provenance.lock import Entry, Lock
from provenance.lock.known import selection
from provenance.lock.memory import above
from provenance.model import Evidence, File
from provenance.trust import Registry
from provenance.verdict import Finding, Outcome, Result

REVOKED = "registry/revoked"
UNREAD_CODES = frozenset({"unreadable", "changed", "limit", "special-file", "symlink"})
CONTRADICTION = "contradiction"
SHORT = 12
SHOWN = 3
NOTHING: Mapping[str, str] = {}


class State(StrEnum):
    """How a model stands, the worst first."""

    REVOKED = "revoked"
    CHANGED = "changed"
    UNREAD = "not read"
    UNKNOWN = "unknown"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A model on this machine: `place` is where it lies, `words` what to verify it by.

    `of` are the locked models and registered roots whose bytes it has; `remarks` say in words why
    it stands so, and how far. `manifest` is empty where not every file had to be hashed.
    """

    name: str
    place: str
    words: tuple[str, ...]
    state: State
    of: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    commit: str | None = None
    manifest: str = ""
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The models below the folders that were looked through, as of `at`, by which registry.

    `doubts` are findings about the caller's own registries and files: with one of them nobody knows
    all that is revoked.
    """

    at: datetime
    folders: tuple[str, ...]
    models: tuple[Kept, ...]
    registry: str
    lockfile: str
    doubts: tuple[Finding, ...] = ()

    def of(self, state: State) -> tuple[Kept, ...]:
        """The models that stand so."""
        return tuple(model for model in self.models if model.state is state)

    def result(self, *, strict: bool = False) -> Result:
        """Whether nothing is refused, and everything was read; if `strict`, and known."""
        states = {model.state for model in self.models}
        outcomes = {one.outcome for one in self.doubts}
        failing = {State.REVOKED, State.CHANGED, *((State.UNKNOWN,) if strict else ())}
        if states & failing or Outcome.FAIL in outcomes:
            return Result.FAIL
        open_ = State.UNREAD in states or Outcome.UNKNOWN in outcomes
        return Result.INCOMPLETE if open_ else Result.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What lockfile and registry know by digest, size or name."""

    lock: Lock
    registry: Registry
    refused: Mapping[str, tuple[Hit, ...]]

    @classmethod
    def of(cls, lock: Lock, registry: Registry, at: datetime) -> Known:
        """What they know as of a moment."""
        refused: dict[str, list[Hit]] = {}
        for hit in affected(lock, registry, at):
            refused.setdefault(hit.name, []).append(hit)
        return cls(lock=lock, registry=registry, refused={k: tuple(v) for k, v in refused.items()})

    @property
    def speaks_by_digest(self) -> bool:
        """Whether the registry knows any bytes, so that no size says that they are none of them."""
        digests = any(one.kind in ("manifest", "file") for one in self.registry.revoked)
        return digests or any(org.roots for org in self.registry.orgs)

    def wanted(self, sizes: Mapping[str, int]) -> frozenset[str]:
        """The paths of the files whose digest may be one that is known, by their sizes."""
        if self.speaks_by_digest or any(_fits(entry, sizes) for entry in self.lock.entries):
            return frozenset(sizes)
        known = {file.size for entry in self.lock.entries for file in entry.files.files}
        return frozenset(path for path, size in sizes.items() if size in known)

    def locked(self, evidence: Evidence, place: str) -> Entry | None:
        """The entry whose files lie here, or should by the name of what does."""
        return self.holding(evidence) or self.locked_at(evidence, place)

    def locked_at(self, evidence: Evidence, place: str) -> Entry | None:
        """The entry that has what lies here under its name: of the same repository or store and
        commit, or of this very folder."""
        ref = evidence.ref
        for entry in (*self.lock.models(), *self.lock.closure()):
            same = ref.commit and entry.commit == ref.commit
            if same and entry.source == ref.source and ref.repo in (None, entry.repo):
                return entry
            if entry.path and entry.path == place:
                return entry
        return None

    def elsewhere(self, evidence: Evidence) -> Entry | None:
        """An entry of the same name at another commit."""
        ref = evidence.ref
        named = (e for e in (*self.lock.models(), *self.lock.closure()) if e.commit)
        return next((e for e in named if ref.repo and e.repo == ref.repo), None) or next(
            (e for e in self.lock.models() if ref.source and e.source == ref.source), None
        )

    def holding(self, evidence: Evidence) -> Entry | None:
        """The entry whose files are just those that lie here, or its selection of them is."""
        found = {evidence.listing.digest, evidence.manifest.digest}
        entries = [*self.lock.models(), *self.lock.closure()]
        entries.sort(key=lambda entry: entry.repo != evidence.ref.repo)
        exact = (e for e in entries if found & {e.manifest, e.selected} - {""})
        sizes = {file.path: file.size for file in evidence.listing.files}
        fitting = (e for e in entries if _fits(e, sizes))
        chosen = (e for e in fitting if e.selected == selection(evidence, e).digest)
        return next(exact, None) or next(chosen, None)

    def weighing(self, evidence: Evidence) -> tuple[Entry, ...]:
        """The fewest entries, the first first, that have every file of weights that lies here."""
        left = {file.sha256 for file in evidence.listing.files if is_weight_name(file.path)}
        found = []
        for entry in self.lock.entries if left and "" not in left else ():
            own = left & {file.sha256 for file in entry.files.files}
            if own:
                found.append(entry)
                left -= own
        return () if left or not found else tuple(found)

    def refusals(self, entries: Iterable[Entry]) -> Iterator[Hit]:
        """What is revoked of these entries, and of what the lockfile has above them."""
        for entry in entries:
            parents = {parent.repo for parent in entry.parents}
            for one in (entry, *above(self.lock, parents)):
                yield from self.refused.get(one.name, ())


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


def _fits(entry: Entry, sizes: Mapping[str, int]) -> bool:
    """Whether each file of an entry may lie there, by path and size."""
    files = entry.files.files
    return bool(files) and all(sizes.get(file.path) == file.size for file in files)


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
