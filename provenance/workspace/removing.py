"""A model taken out of the caller's settings, with what was set aside for it alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.errors import ConfigError
from provenance.registry.editing import Edit
from provenance.workspace.editing import Draft, Row, edited

ASIDE = ("exempt", "waivers", "code")
"""The lists of `[policy]` whose entries are for one repository."""


def removed(file: Path, name: str) -> Edit:
    """The settings without the model called `name`, or of the only one whose repository it is.

    What `[policy]` lets pass of its repository goes too, where no other model is of it. ConfigError
    for a name that none or several have.
    """
    return edited(file, lambda draft: _without(draft, name))


def _without(draft: Draft, name: str) -> Draft:
    rows = draft.rows("models")
    position = _position(draft, rows, name)
    repo = rows[position].get("repo")
    draft = draft.removed(("models", position))
    if repo is None or any(row.get("repo") == repo for row in draft.rows("models")):
        return draft
    for what in ASIDE:
        found = draft.rows("policy", what)
        for place in reversed([n for n, row in enumerate(found) if row.get("repo") == repo]):
            draft = draft.removed(("policy", what, place))
    return draft


def _position(draft: Draft, rows: Sequence[Row], name: str) -> int:
    called = [row.get("name") or row.get("repo") or row.get("path") for row in rows]
    places = [n for n, own in enumerate(called) if own == name]
    places = places or [n for n, row in enumerate(rows) if name == row.get("repo")]
    if len(places) == 1:
        return places[0]
    known = ", ".join(str(own) for own in called) or "none"
    what = "no model" if not places else f"{len(places)} models"
    raise ConfigError(f"has {what} called {name!r}; there are {known}", path=str(draft.file))
