"""What `provenance.lock` says: one entry per model, ancestor and closure member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.model import Facts, Manifest

VERSION = 1
NO_FILES = Manifest(files=())


class Part(StrEnum):
    """What an entry is to the models that were asked for."""

    MODEL = "model"
    CLOSURE = "closure"
    ANCESTOR = "ancestor"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSigner:
    """Whose signature was there: `kind` is sigstore, key or certificate (as in PEP 751).

    `identity` is what the bundle is recognised by, and `time` the earliest stamp upon the
    signature, or where there is none, the last that was known of the model.
    """

    kind: str
    identity: str
    organisation: str = ""
    name: str = ""
    bundle: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedParent:
    """An edge to a parent: who says so (a file, `the Hub`, or `provenance.toml`), how strongly."""

    repo: str
    commit: str | None = None
    relation: str | None = None
    tier: str = "declared"
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedMember:
    """What a loader fetches for a model: the repository and revision that it asks for, None for
    `main`, and the commit at which its entry of the closure is locked; `source` says so."""

    repo: str
    commit: str
    revision: str | None = None
    brings: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFinding:
    """A finding that was no pass, for the reader alone: it admits nothing."""

    rule: str
    where: str = ""
    outcome: str = ""
    level: str = ""
    waived: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A change against an earlier lock that somebody accepted by name."""

    rule: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One repository at one commit, as it was judged.

    `manifest` and `selected` are digests of the whole listing and of the selection, `files` the
    selected files; of an ancestor they are the weights alone. `revision` is what was asked for,
    None for `main`. `facts` are those of the Hub that a later judgement without it needs; of a
    model on disk what was known of its repository. `source` is the store in which it lies, if that
    is no Hub. `mirror_of` is the model, as
    `org/name@<commit>`, whose bytes its files were found to be; of an ancestor by its name alone,
    where no commit is known. `tensors` is the sketch of a model whose bytes were read.
    """

    name: str
    part: Part = Part.MODEL
    repo: str | None = None
    path: str | None = None
    source: str | None = None
    revision: str | None = None
    commit: str | None = None
    mirror_of: str | None = None
    facts: Facts | None = None
    organisation: str = ""
    basis: str = ""
    profile: str = ""
    verdict: str = ""
    manifest: str = ""
    selected: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    parents: tuple[LockedParent, ...] = ()
    members: tuple[LockedMember, ...] = ()
    signers: tuple[LockedSigner, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    findings: tuple[LockedFinding, ...] = ()
    files: Manifest = NO_FILES
    tensors: tuple[str, ...] = ()

    @property
    def origin(self) -> str | None:
        """The repository whose bytes these are: of a mirror another one than its own."""
        return self.mirror_of.partition("@")[0] if self.mirror_of else self.repo

    @property
    def origin_commit(self) -> str | None:
        """The commit of `origin` whose bytes these are."""
        return self.mirror_of.partition("@")[2] or None if self.mirror_of else self.commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A registry that took part, and the lowest version of it that may judge from now on.

    One that is published is known by its `url` and the digest of its `root` (of an organisation's
    own part also by the name of the `section`); its `name`, which it chose, is for the reader.
    """

    name: str
    version: int | None = None
    url: str = ""
    root: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFailure:
    """That somebody who may found a model wanting; it stays, whatever is published.

    `key` is what the party is recognised by, whatever it is called, and `files` are the SHA-256 of
    the weights that it is about, or where there are none, of what a loader reads. Lockfiles of old
    have neither: there the names and the manifest tell. `suites` are what the tests were made with.
    `time` is when it was signed at the latest.
    """

    repo: str
    manifest: str
    predicate: str
    organisation: str
    name: str
    key: str = ""
    files: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A whole lockfile: entries in the order of part and name."""

    version: int = VERSION
    registries: tuple[Floor, ...] = ()
    entries: tuple[Entry, ...] = ()
    failures: tuple[LockedFailure, ...] = ()

    def models(self) -> tuple[Entry, ...]:
        """The entries of what was asked for."""
        return tuple(entry for entry in self.entries if entry.part is Part.MODEL)

    def closure(self) -> tuple[Entry, ...]:
        """The entries of what loaders fetch by name for the models."""
        return tuple(entry for entry in self.entries if entry.part is Part.CLOSURE)

    def members_of(self, models: Iterable[Entry]) -> tuple[Entry, ...]:
        """The entries of what loaders fetch for these models."""
        wanted = {(one.repo, one.commit) for entry in models for one in entry.members}
        return tuple(entry for entry in self.closure() if (entry.repo, entry.commit) in wanted)

    def named(self, name: str) -> Entry | None:
        """The model that is called so, or else the only one of that repository."""
        models = self.models()
        called = [entry for entry in models if entry.name == name]
        same = called or [entry for entry in models if entry.repo == name]
        return same[0] if len(same) == 1 else None
