"""A root is named in a registry, or taken out, together with its fingerprint."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.registry.editing import Book, Edit, Keys
from provenance.registry.file import load, read_data
from provenance.registry.fingerprints import MOST, check_fits, digest_of, laid, removed
from provenance.registry.store import FILE_NAME
from provenance.trust import Root
from provenance.workspace.attested_fingerprint import beside, whose
from provenance.workspace.registry_entry import manifest_of
from provenance.workspace.workspace import Workspace

FINGERPRINT = "fingerprint"
Table = Mapping[str, object]


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
    """The root stands in the registry once, and its fingerprint beside that; one that stood there
    already keeps what it says, and gets what it lacks.

    Raises ConfigError, and nothing is written, for another manifest of the same commit, for a
    fingerprint of other files, for one with secret coordinates, and where one of its name lies that
    is another; SourceError.
    """
    book = Book.opened(file)
    path = book.part(new.org, "root")
    words = {
        "repo": new.repo,
        "repo_id": new.repo_id,
        "commit": new.commit,
        "manifest": manifest_of(new.manifest, new.commit, workspace),
    }
    table = {name: value for name, value in words.items() if value is not None}
    place = _standing(book, path, table)
    if new.fingerprint is None:
        return Rooted(
            edit=_written(book, path, place, table), notes=_kept(book, path, place, table)
        )
    data = read_data(new.fingerprint, MOST)
    root = Root(
        repo=new.repo,
        manifest=str(table["manifest"]),
        fingerprint=digest_of(data),
        section=file.stem if book.is_section else "",
    )
    check_fits(root, data, str(new.fingerprint))
    notes = (*_kept(book, path, place, table), *_said(book, root, data, new.fingerprint, workspace))
    with laid(_folder(book), root, data):
        edit = _written(book, path, place, {**table, FINGERPRINT: root.fingerprint})
    return Rooted(edit=edit, notes=(*notes, *swept(book, edit)))


def _standing(book: Book, path: Keys, table: Table) -> int | None:
    """Where the root of the same files stands; ConfigError where its commit has other files."""
    for place, row in enumerate(book.at(path)):
        if row.get("repo") != table["repo"] or "manifest" not in row:
            continue
        if row["manifest"] == table["manifest"]:
            return place
        if "commit" in table and row.get("commit") == table["commit"]:
            have = f"has the manifest {row['manifest']} for this commit of {table['repo']}"
            message = f"{have}, found {table['manifest']}: {_out(table)}"
            raise ConfigError(message, path=str(book.file))
    return None


def _written(book: Book, path: Keys, place: int | None, table: Table) -> Edit:
    """The root as one more, or what the one that stands lacks; a fingerprint is always the new."""
    if place is None:
        return book.append(path, table)
    row = book.at(path)[place]
    lacking = {key: value for key, value in table.items() if key not in row or key == FINGERPRINT}

    def change(text: str) -> str:
        for key, value in lacking.items():
            text = toml.valued(text, (*path, place), key, value)
        return text

    return book.edit(change)


def _kept(book: Book, path: Keys, place: int | None, table: Table) -> tuple[str, ...]:
    """What the root that stands says otherwise, and goes on to say, in sentences."""
    row = {} if place is None else book.at(path)[place]
    other = [key for key in table if key in row and row[key] != table[key]]
    return tuple(f"{key} stays {row[key]}, found {table[key]}: {_out(table)}" for key in other)


def _out(table: Table) -> str:
    words = ["provenance", "registry", "remove", "root", str(table["repo"]), "--reason", "WHY"]
    return f"`{shlex.join(words)}` takes the root out"


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


def _named(book: Book) -> frozenset[str]:
    """The fingerprints of all roots in a registry's file, or in a section's."""
    orgs = range(len(book.rows("org")))
    paths = [("root",)] if book.is_section else [("org", number, "root") for number in orgs]
    rows = (row for path in paths for row in book.at(path))
    return frozenset(str(row[FINGERPRINT]) for row in rows if FINGERPRINT in row)
