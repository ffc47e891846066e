"""The settings edited where they lie: the intended value, and every other byte as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.policy import Settings
from provenance.registry.editing import Edit, rewritten
from provenance.registry.store import parsed
from provenance.source.files import alone_in, write_bytes
from provenance.workspace.settings import PROJECT_FILE_NAME

BY_HAND = "has a form that cannot be edited here"

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The text of a file of settings, while it is edited; `top` leads to the settings in it.

    Paths begin there: ("models", 2). Every method that edits raises ConfigError, with what to put
    in by hand, where the file has a form that cannot be edited so.
    """

    file: Path
    text: str

    @property
    def top(self) -> tuple[str, ...]:
        """Where the settings lie: at the top, or in `[tool.provenance]` of pyproject.toml."""
        return ("tool", "provenance") if self.file.name == PROJECT_FILE_NAME else ()

    def settings(self) -> Settings:
        """What the text says, or ConfigError."""
        table: object = parsed(self.text, self.file.name)
        for part in self.top:
            table = table.get(part, {}) if isinstance(table, dict) else table
        return Settings.from_table(table, source=self.file.name, path=".".join(self.top))

    def rows(self, *path: str) -> Sequence[Row]:
        """The tables of the list at `path`."""
        found: object = parsed(self.text, self.file.name)
        for part in (*self.top, *path):
            found = found.get(part, []) if isinstance(found, dict) else []
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def added(self, path: Sequence[str], row: Row) -> Draft:
        """With one more table in a list."""
        return self._edited(lambda text: toml.appended(text, (*self.top, *path), row), path, "add")

    def removed(self, path: Sequence[str | int]) -> Draft:
        """Without a table, and without the comments directly above it."""
        return self._edited(lambda text: toml.removed(text, (*self.top, *path)), path, "take out")

    def valued(self, path: Sequence[str | int], /, **values: object) -> Draft:
        """With these values in a table; None takes one out, and what is there already stays."""
        draft = self
        for name, value in values.items():
            draft = draft._valued(path, name, value)
        return draft

    def _valued(self, path: Sequence[str | int], name: str, value: object) -> Draft:
        *lists, position = path
        if self.rows(*map(str, lists))[int(position)].get(name) == value:
            return self
        place = (*self.top, *path)
        if value is None:
            return self._edited(lambda text: toml.unvalued(text, place, name), path, name)
        return self._edited(lambda text: toml.valued(text, place, name, value), path, name)

    def _edited(self, change: Callable[[str], str], path: Sequence[str | int], what: str) -> Draft:
        try:
            return replace(self, text=change(self.text))
        except toml.Unspliced as error:
            where = ".".join(map(str, (*self.top, *path)))
            step = f"put this into it at {where}:\n{error.block.rstrip()}" if error.block else ""
            step = step or f"do it by hand: {what}, at {where}"
            raise ConfigError(f"{BY_HAND}: {step}", path=str(self.file)) from None


Change = Callable[[Draft], Draft]


def edited(file: Path, change: Change) -> Edit:
    """The file holds what `change` makes of it as it is now, written whole.

    ConfigError, and nothing written, for what would not be read as settings, for a link in the
    file's place, and where the file has a form that cannot be edited so.
    """

    def words(text: str) -> str:
        draft = change(Draft(file=file, text=text))
        draft.settings()
        return draft.text

    return rewritten(file, words)


def created(file: Path, text: str) -> Edit:
    """The file that was not there holds the text, or ConfigError."""
    draft = Draft(file=file, text=text)
    draft.settings()
    try:
        with alone_in(file.parent):
            if os.path.lexists(file):
                raise ConfigError("is there already, and is not overwritten", path=str(file))
            write_bytes(file, text.encode())
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(file)) from None
    return Edit(file=file, old="", new=text)
