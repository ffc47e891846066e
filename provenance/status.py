"""What applies in a folder and how it stands: values, and what settings and lockfile tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from provenance.closure.members import pins_of
from provenance.lock import Entry, Lock
from provenance.policy import Exemption, Settings, Waiver
from provenance.policy.binding import is_bound_to
from provenance.refs import may_be_commit

SOON = timedelta(days=30)
SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """One thing that applies here: what it is, its value, and why that one."""

    what: str
    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """A registry that is named, as it was had now: `error` says why it was not.

    `version` and `seen`, when its server last stated it, are those of one that is published;
    `unpinned` says that nobody has committed its root. Of `roots` models at which ancestries end,
    `fingerprints` have one.
    """

    named: str
    name: str = ""
    version: int | None = None
    seen: datetime | None = None
    expires: datetime | None = None
    unpinned: bool = False
    roots: int = 0
    fingerprints: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A locked model, and the commit that its branch or tag names today.

    `head` is None where that could not be asked, for the reason `unknown`; `ahead` counts the
    commits from the locked one to it, None where the Hub does not tell. `rewritten` says that the
    very bytes that are locked lie there, written anew.
    """

    name: str
    revision: str
    locked: str
    head: str | None = None
    ahead: int | None = None
    rewritten: bool = False
    unknown: str = ""

    @property
    def moved(self) -> bool:
        """Whether the name stands for another commit than the locked one."""
        return self.head not in (None, self.locked)

    @property
    def words(self) -> str:
        """What is known of it, in words that follow the model's name."""
        if self.head is None:
            return f"not known whether {self.revision} has moved: {self.unknown}"
        if not self.moved:
            return f"{self.revision} is the locked commit"
        if self.rewritten:
            return f"{self.revision} was written anew since, with the very bytes that are locked"
        if self.ahead is None:
            return f"{self.revision} has moved on to {self.head[:SHORT]}"
        return f"{self.revision} is {self.ahead} commit{'s' * (self.ahead != 1)} ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A model that is asked for or locked: `ref` is how it is asked for.

    `locked` is the commit, or for a directory the manifest, that is locked; empty where none is.
    `verdict` is the one it was locked with, for the reader. `late` are the ways in which
    provenance.toml asks for something else than is locked; `upstream` is of branches and tags.
    """

    name: str
    ref: str
    locked: str = ""
    verdict: str = ""
    late: tuple[str, ...] = ()
    upstream: Upstream | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Something that ends soon, or has ended: what, when, and in how many whole days."""

    what: str
    expires: datetime
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What applies in a folder as of `at`, and how it stands.

    `unused` and `unknown` are sentences: what does nothing, and what could not be known.
    """

    at: datetime
    applies: tuple[Applies, ...]
    registries: tuple[RegistryState, ...]
    models: tuple[ModelState, ...]
    ending: tuple[Ending, ...]
    unused: tuple[str, ...]
    unknown: tuple[str, ...]


def follows(entry: Entry) -> bool:
    """Whether the entry was taken from a branch or tag of a Hub, or a place in a store, which may
    stand for another revision by now."""
    fixed = entry.revision is not None and may_be_commit(entry.revision)
    return entry.path is None and None not in (entry.repo, entry.commit) and not fixed


def ending(
    settings: Settings, registries: Iterable[RegistryState], at: datetime
) -> Iterator[Ending]:
    """What ends within 30 days of `at`, or has ended: the first to end first."""
    found = [(f"the registry {state.name}", state.expires) for state in registries]
    found += [(f"the exemption of {entry.repo}", entry.expires) for entry in settings.exemptions]
    found += [(_waiver(entry), entry.expires) for entry in settings.waivers]
    dated = [(expires, what) for what, expires in found if expires and expires - at <= SOON]
    for expires, what in sorted(dated):
        yield Ending(what=what, expires=expires, days=(expires - at).days)


def unused(settings: Settings, lock: Lock | None) -> Iterator[str]:
    """What stands in the caller's files and does nothing, as far as these tell."""
    named = {model.repo for model in settings.models}
    named |= set(pins_of([text for model in settings.models for text in model.members]))
    entries = (*lock.models(), *lock.closure()) if lock else ()
    for exemption in settings.exemptions:
        if exemption.repo not in named:
            yield f"the exemption of {exemption.repo}: no [[models]] names it"
        elif _of(entries, exemption.repo) and not _means(exemption, entries):
            yield f"the exemption of {exemption.repo}: other bytes are locked"
    for waiver in settings.waivers:
        if waiver.repo not in named:
            yield f"{_waiver(waiver)}: no [[models]] names {waiver.repo}"
        elif _of(entries, waiver.repo) and not _waives(waiver, entries):
            yield f"{_waiver(waiver)}: what is locked does not need it"
    for code in settings.code:
        if code.repo not in named:
            yield f"the allowance of {code.path} of {code.repo}: no [[models]] names it"
    for url, file in settings.registry_roots:
        if not url:
            yield f"registry_root {file}: no registry is a URL"
    names = {model.name for model in settings.models}
    for entry in lock.models() if lock else ():
        if settings.source and entry.name not in names:
            yield f"{entry.name} is locked: no [[models]] names it"


def _waiver(waiver: Waiver) -> str:
    return f"the waiver of {waiver.rule} for {waiver.subject} of {waiver.repo}"


def _of(entries: Iterable[Entry], repo: str) -> list[Entry]:
    return [entry for entry in entries if entry.repo == repo]


def _means(exemption: Exemption, entries: Iterable[Entry]) -> bool:
    return any(is_bound_to(exemption, entry.files) for entry in _of(entries, exemption.repo))


def _waives(waiver: Waiver, entries: Iterable[Entry]) -> bool:
    return any(
        (finding.rule, finding.where) == (waiver.rule, waiver.subject) and finding.waived
        for entry in _of(entries, waiver.repo)
        for finding in entry.findings
        if is_bound_to(waiver, entry.files)
    )
