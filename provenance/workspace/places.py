"""Where a model is named: the line of the lockfile, else of provenance.toml."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from provenance.errors import ConfigError
from provenance.formats.toml_scan import scan
from provenance.registry.file import read_text
from provenance.report import SourceLine
from provenance.workspace.session import Session

PUBLIC = "https://huggingface.co"


def pages_of(session: Session, endpoint: str) -> Mapping[str, str]:
    """The URL at which a person can look at each model: its folder, or its page on the Hub.

    Of a model in another store there is none.
    """
    hub = endpoint.rstrip("/") or PUBLIC
    return {
        subject.name: subject.place.absolute().as_uri()
        if subject.place
        else f"{hub}/{quote(subject.ref.repo or '')}"
        for subject in session.subjects
        if subject.ref.source is None
    }


def places_of(session: Session) -> Mapping[str, SourceLine]:
    """The line that names each model: of the lockfile, else of provenance.toml."""
    found: dict[str, SourceLine] = {}
    for file, table in ((session.settings_path, "models"), (session.lock_path, "model")):
        if file and file.is_file():
            found |= dict(_named(file, table))
    return found


def _named(file: Path, table: str) -> Iterator[tuple[str, SourceLine]]:
    try:
        text = read_text(file)
    except ConfigError:
        return
    shown = _from_top(file)
    for block in scan(text):
        if block.name != table:
            continue
        for key in ("repo", "path", "name"):
            if key in block.values:
                begin, end = block.values[key]
                line = text.count("\n", 0, begin) + 1
                yield text[begin:end].strip("\"'"), SourceLine(file=shown, line=line)


def _from_top(file: Path) -> str:
    """The path from the top of the repository that the file lies in, or from here."""
    here = file.absolute()
    top = next((f for f in here.parents if os.path.lexists(f / ".git")), Path.cwd())
    return here.relative_to(top).as_posix() if here.is_relative_to(top) else str(file)
