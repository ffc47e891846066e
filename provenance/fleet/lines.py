"""What a line of the list means by today's settings, held against what was gathered for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from provenance.closure.members import pins_of
from provenance.errors import Malformed
from provenance.fleet.tables import Row
from provenance.formats import json as strict
from provenance.formats.fields import Fields
from provenance.model import Evidence
from provenance.policy import Model, Settings
from provenance.workspace.registries import short

NAMED = re.compile(r"(.+?)\s+as\s+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was asked for when a model was gathered, and the commit that was found."""

    text: str
    repo: str | None
    source: str | None
    revision: str | None
    commit: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    @classmethod
    def of(cls, evidence: Evidence) -> Gathered:
        """That of evidence."""
        ref = evidence.ref
        return cls(
            text=ref.text,
            repo=ref.repo,
            source=ref.source,
            revision=ref.revision,
            commit=ref.commit,
            include=evidence.include,
            exclude=evidence.exclude,
        )

    @classmethod
    def of_row(cls, row: Row) -> Gathered:
        """That of the evidence in a row of the store, or Malformed."""
        text = row["evidence"] or ""
        fields = Fields(strict.loads(text.encode("utf-8", "surrogatepass")))
        ref = fields.table("ref")
        return cls(
            text=ref.text("text"),
            repo=_optional(ref, "repo"),
            source=_optional(ref, "source") if "source" in ref else None,
            revision=_optional(ref, "revision"),
            commit=_optional(ref, "commit"),
            include=fields.texts("include"),
            exclude=fields.texts("exclude"),
        )

    @property
    def lies_in_a_folder(self) -> bool:
        """Whether it is of a directory, which may be a snapshot that has a commit."""
        on_hub = self.commit is not None and self.text.partition("@")[0] == self.repo
        return self.source is None and not on_hub


def parts(line: str) -> tuple[str, str | None]:
    """What a line names, and what that is said to be (`PLACE as ORG/NAME`)."""
    named = NAMED.fullmatch(line)
    return (named[1], named[2]) if named else (line, None)


def otherwise(line: str, gathered: Gathered, settings: Settings) -> str:
    """How what a line asks for today differs from what was gathered for it, or nothing.

    It is held against every model of the settings that the line may mean. Nobody looks at a disk:
    a folder is known by its path.
    """
    found = (_difference(gathered, model) for model in _meant(line, gathered, settings))
    return next((one for one in found if one), "")


def is_asked_for(row: Row, settings: Settings) -> bool:
    """Whether the evidence in a row of the store was gathered as it is asked for today."""
    try:
        return not otherwise(row["ref"], Gathered.of_row(row), settings)
    except Malformed:
        return False


def _meant(line: str, gathered: Gathered, settings: Settings) -> Sequence[Model]:
    """What the line means, as far as a model of the settings or its own words say it."""
    text, said = parts(line)
    found: Sequence[Model] = settings.named(text)
    if not found:
        typed = text not in (gathered.repo, gathered.source)
        known = [model for model in settings.models if _lies_there(model, gathered)]
        found = known or [_bare(gathered, settings)]
        if typed and not gathered.lies_in_a_folder:
            found = [replace(model, revision=gathered.revision) for model in found]
    return [replace(model, repo=said) for model in found] if said else found


def _bare(gathered: Gathered, settings: Settings) -> Model:
    """What a line means of which the settings say nothing, but as what a model of theirs loads."""
    pins = pins_of([text for model in settings.models for text in model.members])
    hosted = gathered.source is None and not gathered.lies_in_a_folder
    return Model(
        name=gathered.text,
        repo=gathered.repo,
        source=gathered.source,
        path=gathered.text if gathered.lies_in_a_folder else None,
        revision=pins.get(gathered.repo or "") if hosted else None,
    )


def _lies_there(model: Model, gathered: Gathered) -> bool:
    """Whether a model of the settings is what lies where this was gathered."""
    if gathered.lies_in_a_folder:
        return model.path is not None and short(model.path) == gathered.text
    if gathered.source is not None:
        return model.source == gathered.source
    return model.repo == gathered.repo and not model.path and not model.source


def _difference(gathered: Gathered, model: Model) -> str:
    """The first thing that a model asks for and this was not gathered with."""
    revision = gathered.commit if model.revision == gathered.commit else gathered.revision
    rows: Iterator[tuple[str, object, object]] = iter(
        (
            ("repo", gathered.repo, model.repo),
            ("source", gathered.source, model.source),
            ("a folder", gathered.lies_in_a_folder, model.path is not None),
            ("revision", revision, model.revision),
            ("include", gathered.include, model.include),
            ("exclude", gathered.exclude, model.exclude),
        )
    )
    return next(
        (f"{what} {_told(a)}, and {_told(b)} is asked for" for what, a, b in rows if a != b), ""
    )


def _optional(fields: Fields, name: str) -> str | None:
    value = fields.take(name)
    return value if isinstance(value, str) else None


def _told(value: object) -> str:
    return json.dumps(value) if value else "none"
