"""Edits of a registry's file: spliced, checked as a whole, shown as a difference."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import unified_diff
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.registry.file import Folder, read_text
from provenance.registry.store import FILE_NAME, assembled, parsed
from provenance.source.files import alone_in, refuse_link, write_bytes
from provenance.trust import Registry
from provenance.trust.section import read_section

BOM = b"\xef\xbb\xbf"
Keys = tuple[str | int, ...]
"""Keys and positions from the top of a document."""
HEAD = "# Who may speak for which models. Review every change; `provenance registry check` helps.\n"
REVOKED_BY = ("manifest", "files", "repo", "commit", "signer", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What became of a file."""

    file: Path
    old: str
    new: str

    @property
    def lines(self) -> Iterator[str]:
        """What changed, as diff(1) says it."""
        old, new, name = self.old.splitlines(), self.new.splitlines(), str(self.file)
        return unified_diff(old, new, name, name, lineterm="", n=2)


def rewritten(file: Path, change: Callable[[str], str], *, new: bool = False) -> Edit:
    """The file holds what `change` makes of its text as it is now, written whole, while nobody else
    who edits it so is at it; its byte-order mark and its mode stay.

    ConfigError, and nothing written, for a link in the file's place and for a file that cannot be
    read or written. One that is not there is empty if `new`, and an error otherwise.
    """
    refuse_link(file)
    try:
        with alone_in(file.parent):
            there = not new or os.path.lexists(file)
            before = read_text(file) if there else ""
            after = change(before)
            if after != before:
                mark = BOM if there and file.read_bytes().startswith(BOM) else b""
                write_bytes(file, mark + after.encode())
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(file)) from None
    return Edit(file=file, old=before, new=after)


def check_same(file: Path, text: str, now: str) -> None:
    """The file still holds the text from which an edit was made, or ConfigError."""
    if now != text:
        message = "was changed by another meanwhile, and nothing was written: type it again"
        raise ConfigError(message, path=str(file))


@dataclass(frozen=True, slots=True)
class Edited:
    """A registry's file in another's place, to be read before it is written."""

    folder: Folder
    words: str

    def text(self, name: str) -> str:
        """The new text of the file itself, and what lies beside it."""
        return self.words if name == self.folder.file.name else self.folder.text(name)

    def version(self, name: str) -> int | None:
        """None: a file has none."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A registry's file, or a section's, as it stands: an organisation's parts are at `prefix`."""

    file: Path
    text: str
    table: Mapping[str, object]

    @classmethod
    def opened(cls, file: Path) -> Book:
        """The file as it stands, or ConfigError."""
        check_there(file)
        text = read_text(file)
        return cls(file=file, text=text, table=parsed(text, file.name))

    @property
    def is_section(self) -> bool:
        """Whether this is one organisation's section."""
        return isinstance(self.table.get("org"), str)

    def rows(self, name: str) -> list[dict[str, object]]:
        """The tables of a list at the top."""
        rows = self.table.get(name, [])
        return rows if isinstance(rows, list) else []

    def org(self, name: str, step: str = "") -> int:
        """Where the organisation stands, or ConfigError with those that there are, and `step`."""
        names = [str(row.get("name")) for row in self.rows("org")]
        if name not in names:
            known = ", ".join(names) or "none"
            message = f"has no organisation {name!r}; there are {known}{step}"
            raise ConfigError(message, path=str(self.file))
        return names.index(name)

    def part(self, org: str, name: str) -> Keys:
        """The path of an organisation's signers or roots."""
        if self.is_section:
            if self.table["org"] != org:
                raise ConfigError(f"is the section of {self.table['org']}", path=str(self.file))
            return (name,)
        line = shlex.join(["provenance", "registry", "add-org", org, "--namespace", "NAMESPACE"])
        return ("org", self.org(org, f": `{line}` adds it"), name)

    def edit(self, change: Callable[[str], str]) -> Edit:
        """The file holds what `change` makes of it; what changed.

        ConfigError, and nothing written, for what the registry's reader would refuse, or where the
        file has a form that cannot be edited: then it holds the block to put there.
        """
        return rewritten(self.file, lambda text: self._changed(text, change))

    def _changed(self, now: str, change: Callable[[str], str]) -> str:
        check_same(self.file, self.text, now)
        try:
            new = change(now)
        except toml.Unspliced as error:
            message = f"{error}: put this block into it:\n{error.block}"
            raise ConfigError(message, path=str(self.file)) from None
        check(self.file, new)
        return new

    def append(self, path: Keys, table: Mapping[str, object]) -> Edit:
        """The file has this table as the last of the list at `path`, or ConfigError."""
        return self.edit(lambda text: toml.appended(text, path, table))

    def remove(self, path: Keys) -> Edit:
        """The file is without what stands at `path`, or ConfigError."""
        return self.edit(lambda text: toml.removed(text, path))

    def path(self, kind: str, name: str) -> Keys:
        """Where an organisation, a signer (ORG/NAME), a root or a revocation stands."""
        match kind:
            case "org":
                return ("org", self.org(name))
            case "revoked":
                return ("revoked", self._place(self.rows("revoked"), name, REVOKED_BY))
            case "root":
                return self._root(name)
        org, slash, signer = name.rpartition("/")
        if not slash:
            raise ConfigError(f"expected ORG/NAME, found {name!r}", path="signer")
        path = self.part(org, "signer")
        return (*path, self._place(self.at(path), signer, ("name",)))

    def _root(self, name: str) -> Keys:
        """The path of a root, whichever organisation has it."""
        if self.is_section:
            return ("root", self._place(self.rows("root"), name, ("repo",)))
        for position in range(len(self.rows("org"))):
            rows = self.at(("org", position, "root"))
            if any(row.get("repo") == name for row in rows):
                return ("org", position, "root", self._place(rows, name, ("repo",)))
        raise ConfigError(f"has no root {name!r}", path=str(self.file))

    def at(self, path: Keys) -> Sequence[Mapping[str, object]]:
        """The tables of the list at a path that `part` gives; none where there is no such list."""
        if len(path) == 1:
            return self.rows(str(path[0]))
        rows = self.rows("org")[int(path[1])].get(str(path[2]), [])
        return rows if isinstance(rows, list) else []

    def _place(self, rows: Sequence[Mapping[str, object]], name: str, words: Sequence[str]) -> int:
        """The position of the only row that is called so, or ConfigError."""
        found = [n for n, row in enumerate(rows) if name in _called(row, words)]
        if len(found) != 1:
            raise ConfigError(f"has {len(found)} entries called {name!r}", path=str(self.file))
        return found[0]


def begun(file: Path, name: str) -> date:
    """A registry of this name that trusts nobody yet lies at `file`; the day on which it expires.

    Raises ConfigError where something is there already.
    """
    if os.path.lexists(file):
        raise ConfigError("is there already", path=str(file))
    today = datetime.now(UTC).date()
    expires = today.replace(year=today.year + 1, day=min(today.day, 28))
    pairs = {"version": 1, "name": name, "expires": expires}
    write_bytes(file, (HEAD + "".join(toml.pair(*each) for each in pairs.items())).encode())
    return expires


def _called(row: Mapping[str, object], words: Sequence[str]) -> Iterator[object]:
    """What an entry can be named by: each of its words, or each value of a list."""
    for value in (row.get(word) for word in words):
        yield from value if isinstance(value, list) else (value,)


def is_same(edited: Path, named: Path) -> bool:
    """Whether a registry that is named is the file that is edited, or the folder it lies in."""
    return any(place.is_file() and place.samefile(edited) for place in (named, named / FILE_NAME))


def check_there(file: Path) -> None:
    """The file is there, or ConfigError saying how it comes to be."""
    if not file.exists():
        raise ConfigError("is not there: `provenance registry init` writes one", path=str(file))


def check(file: Path, text: str) -> None:
    """The text is a registry, or a section of the one beside it, or ConfigError."""
    table = parsed(text, file.name)
    if not isinstance(table.get("org"), str):
        assembled(Edited(Folder(file), text), file=file.name)
        return
    above = file.absolute().parent.parent / FILE_NAME
    if above.is_file():
        _check_section(assembled(Folder(above)), table, file)


def _check_section(registry: Registry, table: Mapping[str, object], file: Path) -> None:
    org = next((org for org in registry.orgs if org.name == table["org"]), None)
    if org is None or org.section is None:
        raise ConfigError(f"{table['org']!r} keeps no section in {registry.name}", path=file.name)
    read_section(registry, org, table, source=file.name)
