"""A place where models lie that is no Hub, and how its evidence is gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

from provenance.errors import ConfigError
from provenance.model import Document, Evidence, Manifest, Observation, Ref, check_aware
from provenance.selection import matches
from provenance.source.deadline import Deadline
from provenance.source.evidence_files import Found
from provenance.source.layout import Layout
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import Progress, Silent
from provenance.source.remote.contents import assembled, read
from provenance.source.remote.listed import Listed
from provenance.source.remote.release import Release

STORES: Mapping[str, str] = {
    "oci": "provenance.source.oci",
    "s3": "provenance.source.bucket",
    "gs": "provenance.source.bucket",
    "az": "provenance.source.bucket",
    "file": "provenance.source.folder",
    "ollama": "provenance.source.local.pulled",
}
"""By the scheme of a place the module whose `opened(source, options)` is a Store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the caller knows of a revision: the digest of its whole listing, `sha256:<hex>`, and of
    the files in it the selected ones."""

    manifest: str
    files: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """With what a store is asked: the caller's variables, where its credentials are named.

    `known` are the revisions that are locked of the place: a store whose revisions change although
    its bytes do not can tell by it that they are the same.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    workers: int = 8
    progress: Progress = field(default_factory=Silent)
    deadline: Deadline = field(default_factory=Deadline)
    limits: Limits = DEFAULT
    known: Mapping[str, Known] = field(default_factory=dict)

    @property
    def home(self) -> Path | None:
        """The caller's home, if there is one."""
        home = self.variables.get("HOME")
        return Path(home) if home else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One revision of what lies in a store.

    `revision` is the one that does not change: `sha256:` and 64 hex digits. `entries` are its files
    as far as they are `whole`; `documents` bundles that the store keeps beside them (referrers),
    `observations` what is odd about the place. `lying` is where the files lie, of a store of this
    machine whose bytes are measured and not taken as declared. `now` is the revision of today of
    these very bytes, where a store may know them by another one too.
    """

    release: Release
    revision: str
    entries: tuple[Listed, ...]
    whole: bool = True
    documents: tuple[Document, ...] = ()
    observations: tuple[Observation, ...] = ()
    lying: Layout | None = None
    now: str = ""


class Store(Protocol):
    """One place in a store, such as a repository of a registry or the prefix of a bucket."""

    def opened(self, revision: str | None) -> Opened:
        """What lies there, at a tag, at a revision that does not change, or now.

        The same revision is asked for once in a run. Absent where there is none, SourceError where
        the store does not answer or answers with other bytes than its own digest says.
        """


def store(source: str, options: StoreOptions) -> Store:
    """The store of a place such as `oci://host/repository`.

    ConfigError for a scheme that is not known, and where what asks it is not installed.
    """
    found: Store = module_of(source, STORES).opened(source, options)
    return found


def module_of(source: str, known: Mapping[str, str]) -> ModuleType:
    """What speaks to a place, by its scheme; ConfigError for a scheme that is not known."""
    scheme = source.partition("://")[0]
    if scheme not in known:
        raise ConfigError(f"expected one of {', '.join(known)}, found {scheme!r}", path=source)
    return import_module(known[scheme])


def collect(
    asked: Store,
    ref: Ref,
    *,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    given: Found | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence on what lies at a place in a store, its large files as the store declares them.

    A commit that `ref` has is asked for in place of its revision. `given` are the signatures that
    count in place of those that are found. Raises as `Store.opened`, ConfigError for a pattern,
    Unselected where the patterns leave no file; whatever else is odd is an observation.
    """
    check_aware(at, "at")
    matches("", include, exclude)
    opened = asked.opened(ref.commit or ref.revision)
    return declared(
        opened, ref, at=at, include=include, exclude=exclude, given=given, limits=limits
    )


def declared(
    opened: Opened,
    ref: Ref,
    *,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    given: Found | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """`collect` for a place that was opened already; raises what it does but for opening it."""
    contents = read(
        opened.release,
        opened.entries,
        include=include,
        exclude=exclude,
        given=given,
        whole=opened.whole,
        limits=limits,
    )
    found = contents.found
    if not given:
        found = replace(found, documents=(*found.documents, *opened.documents))
    contents = replace(contents, found=found, seen=(*opened.observations, *contents.seen))
    return assembled(contents, ref=replace(ref, commit=opened.revision), at=at, facts=None)
