"""Something is refused from now on: how a registry names it, from what is known of it here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provenance import revoking
from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.editing import Book, Edit
from provenance.revoking import Named
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.workspace import Workspace

BYTES = ("manifest", "commit")
"""What names certain bytes, so that the lockfile may know more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """What is to be refused, and why: a model, or one word that an entry of a registry may have.

    `files` are digests of single files; `compromised_since` is UTC where it says no other zone.
    """

    reason: str
    model: str | None = None
    manifest: str | None = None
    files: tuple[str, ...] = ()
    repo: str | None = None
    commit: str | None = None
    signer: str | None = None
    key: str | None = None
    compromised_since: datetime | None = None
    lockfile: Path | None = None

    def words(self) -> dict[str, object]:
        """The one word that was given, if one was, or ConfigError for several and for nothing."""
        words = {
            "manifest": self.manifest,
            "repo": self.repo,
            "commit": self.commit,
            "signer": self.signer,
            "key": self.key,
        }
        given: dict[str, object] = {name: value for name, value in words.items() if value}
        if len(given) + bool(self.model) > 1 or not (given or self.model or self.files):
            known = ", ".join(f"--{word}" for word in words)
            raise ConfigError(f"expected MODEL or one of {known}, --files")
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """How a registry was edited, or by which reason it refuses this already; what was named."""

    edit: Edit | None
    standing: str = ""
    named: tuple[Named, ...] = ()

    def warnings(self) -> Iterator[str]:
        """Which weights could not be named, so that nobody takes them for refused."""
        for path in (path for one in self.named for path in one.unknown):
            yield f"the digest of {path} is not known: name the directory that holds the file"
        if any(not (one.files or one.unknown) for one in self.named):
            yield "the model has no weight files: only its manifest is refused"


def revoked(workspace: Workspace, wanted: Revoking, file: Path) -> Revoked:
    """The registry in `file` refuses it: the manifest and each file of the weights of a model, also
    of a locked one that the words mean. Raises ConfigError, SourceError."""
    table = wanted.words()
    session = None
    if wanted.model or table.keys() & set(BYTES):
        session = _session(wanted, workspace)
    also: tuple[Named, ...] = ()
    if wanted.model and session:
        also = (_model(wanted.model, session, workspace),)
        table["manifest"] = also[0].manifest
    elif session:
        also = _locked(session, table)
    if files := dict.fromkeys([*wanted.files, *(one for named in also for one in named.files)]):
        table["files"] = list(files)
    if moment := wanted.compromised_since:
        table["compromised_since"] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    table["reason"] = wanted.reason
    book = Book.opened(file)
    standing = revoking.standing(book.rows("revoked"), table)
    if standing is not None:
        return Revoked(edit=None, standing=standing, named=also)
    return Revoked(edit=book.append(("revoked",), table), named=also)


def _session(wanted: Revoking, workspace: Workspace) -> Session:
    """The lockfile that lies here, if one does; no registry judges what is to be refused."""
    request = Request(lockfile=wanted.lockfile, registry=(BUILTIN,))
    found = workspace.session(request, needs_models=False)
    if wanted.model is None or (found.lock and found.lock.named(wanted.model)):
        return found
    return workspace.session(replace(request, refs=(wanted.model,)))


def _model(model: str, session: Session, workspace: Workspace) -> Named:
    """How the model is named: as it is locked, or as it lies in a directory or on a Hub."""
    entry = session.lock.named(model) if session.lock else None
    if entry:
        return revoking.of_entry(entry)
    whole = replace(session.one, include=(), exclude=())
    return revoking.of_evidence(workspace.gathering(session).of(whole))


def _locked(session: Session, table: dict[str, object]) -> tuple[Named, ...]:
    """The locked models, and none else, that an entry of the registry already means."""
    value = next(table[word] for word in BYTES if word in table)
    entries = session.lock.models() if session.lock else ()
    return tuple(
        revoking.of_entry(entry)
        for entry in entries
        if value in (entry.manifest, entry.selected, entry.commit)
    )
