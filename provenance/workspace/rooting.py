"""A root is named in a registry, or taken out, together with its fingerprint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.formats import toml
from provenance.registry.editing import Book, Edit
from provenance.registry.file import load, read_data
from provenance.registry.fingerprints import MOST, check_fits, digest_of, laid, removed
from provenance.registry.store import FILE_NAME
from provenance.trust import Root
from provenance.workspace.attested_fingerprint import beside, whose
from provenance.workspace.registry_entry import manifest_of
from provenance.workspace.workspace import Workspace

FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoot:
    """A root as the options have it; `manifest` is a digest, or the folder with the model."""

    org: str
    repo: str
    manifest: str
    commit: str | None = None
    repo_id: str | None = None
    fingerprint: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooted:
    """What became of a registry's file, and of the files beside it in sentences."""

    edit: Edit
    notes: tuple[str, ...] = ()


def rooted(file: Path, new: NewRoot, workspace: Workspace) -> Rooted:
    """The root stands in the registry, and its fingerprint beside that; what stood there already
    stays as it is, and gets the fingerprint.

    Raises ConfigError, and nothing is written, for a fingerprint of other files, for one with
    secret coordinates, and where one of its name lies that is another; SourceError.
    """
    book = Book.opened(file)
    path = book.part(new.org, "root")
    words = {
        "repo": new.repo,
        "repo_id": new.repo_id,
        "commit": new.commit,
        "manifest": manifest_of(new.manifest, new.commit, workspace),
    }
    table: dict[str, object] = {name: value for name, value in words.items() if value is not None}
    rows = [_bare(row) for row in book.at(path)]
    place = rows.index(table) if table in rows else None
    if new.fingerprint is None:
        return Rooted(edit=book.append(path, table) if place is None else _unchanged(book))
    data = read_data(new.fingerprint, MOST)
    digest = digest_of(data)
    root = Root(
        repo=new.repo,
        manifest=str(table["manifest"]),
        fingerprint=digest,
        section=file.stem if book.is_section else "",
    )
    check_fits(root, data, str(new.fingerprint))
    said = _said(book, root, data, new.fingerprint, workspace)
    with laid(_folder(book), root, data):
        if place is None:
            edit = book.append(path, table | {FINGERPRINT: digest})
        else:
            own = (*path, place)
            edit = book.edit(lambda text: toml.valued(text, own, FINGERPRINT, digest))
    return Rooted(edit=edit, notes=(*said, *swept(book, edit)))


def swept(book: Book, edit: Edit) -> tuple[str, ...]:
    """No fingerprint lies beside a registry that named it before an edit, and does not any more;
    what was removed, or is another file than was named and stays, in sentences."""
    after = Book.opened(edit.file)
    section = edit.file.stem if book.is_section else ""
    gone = sorted(_named(book) - _named(after))
    roots = (Root(repo="", fingerprint=digest, section=section) for digest in gone)
    return tuple(filter(None, (removed(_folder(book), root) for root in roots)))


def _said(book: Book, root: Root, data: bytes, file: Path, workspace: Workspace) -> tuple[str, ...]:
    """Whose word the fingerprint is, where a statement lies beside it."""
    signed = beside(file)
    if not os.path.lexists(signed):
        return ()
    registry = load(_folder(book) / FILE_NAME if book.is_section else book.file)
    return (whose(signed, data, root, registry, workspace.now()),)


def _folder(book: Book) -> Path:
    """Where the registry of a file, or of a section's file, keeps what lies beside it."""
    return book.file.absolute().parent.parent if book.is_section else book.file.parent


def _bare(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != FINGERPRINT}


def _unchanged(book: Book) -> Edit:
    return Edit(file=book.file, old=book.text, new=book.text)


def _named(book: Book) -> frozenset[str]:
    """The fingerprints of all roots in a registry's file, or in a section's."""
    orgs = range(len(book.rows("org")))
    paths = [("root",)] if book.is_section else [("org", number, "root") for number in orgs]
    rows = (row for path in paths for row in book.at(path))
    return frozenset(str(row[FINGERPRINT]) for row in rows if FINGERPRINT in row)
