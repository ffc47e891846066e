"""A whole `provenance.toml`: what is asked for, of which models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provenance import names, refs
from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.formats.unseen import shows
from provenance.policy import levels
from provenance.policy.allowances import (
    CodeAllowance,
    Exemption,
    Waiver,
    read_code,
    read_exemption,
    read_waiver,
)
from provenance.policy.patterns import read_each, read_patterns
from provenance.policy.required import RequiredAttestation, read_required
from provenance.policy.table import CHECKS, LINEAGE
from provenance.policy.training import NO_DEMANDS, TrainingDemands, read_training
from provenance.policy.weighing import NOTHING_OWN, Weighing, read_weighing
from provenance.trust import reading
from provenance.verdict import Level

BUILTIN = "builtin"
DEFAULT_REGISTRY = (BUILTIN,)
EVERY_FILE = "every file is meant"
ASKED_AND_OFF = "is judged by the check lineage, which [policy.rules] turns off: take that line out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One `[[models]]`: a repository, or a directory or place in a store that claims to be one.

    `repo` is `org/name`, `path` a directory in its place, `source` a store (`oci://…`, `s3://…`)
    in its place, `revision` a branch, tag or commit (None
    for `main`). `include` and `exclude` are globs, case-sensitive, whose `*` does not cross `/`.
    `parents` are stated by the caller, each `org/name` or `org/name@<commit>`; `members` pin what
    a loader fetches by name, each `org/name@<commit>`. `mirror_of` is the model, as
    `org/name@<commit>`, whose bytes these are, which is believed only where they are equal.
    """

    name: str
    repo: str | None = None
    path: str | None = None
    source: str | None = None
    revision: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    mirror_of: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one file says, or what holds without one; `source` is its name, empty without one.

    `registry_roots` pairs the URL of a registry with the file of the root that it is trusted by.

    `levels` are the caller's own, beside those of the profile. `profile` None leaves the choice to
    what is known of the model.
    """

    source: str = ""
    profile: str | None = None
    registry: tuple[str, ...] = DEFAULT_REGISTRY
    registry_roots: tuple[tuple[str, str], ...] = ()
    registry_max_age: int | None = None
    token_namespaces: tuple[str, ...] = ()
    once_signed_must_stay_signed: bool = True
    min_age: int = 0
    levels: levels.Levels = ()
    required: tuple[RequiredAttestation, ...] = ()
    training: TrainingDemands = NO_DEMANDS
    weighing: Weighing = NOTHING_OWN
    code: tuple[CodeAllowance, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    models: tuple[Model, ...] = ()

    @classmethod
    def from_table(cls, table: object, *, source: str, path: str = "") -> Settings:
        """The settings of a parsed `provenance.toml`, or ConfigError with the path of the fault.

        `path` leads to the table in its file (`tool.provenance`). What asks for something this
        version does not do is an error too: left out in silence, it would look like a pass.
        """
        fields = Fields(table, path, raises=reading.errors_in(source))
        policy = fields.optional_table("policy")
        registry = _registry(policy)
        settings = cls(
            source=source,
            profile=levels.read_profile(policy),
            registry=registry,
            registry_roots=_roots(policy, registry),
            registry_max_age=_max_age(policy, registry),
            token_namespaces=reading.namespaces(policy, "token_namespaces"),
            once_signed_must_stay_signed=policy.flag("once_signed_must_stay_signed", True),
            min_age=policy.whole("min_age", 0),
            levels=levels.read_levels(policy.optional_table("rules")),
            required=tuple(map(read_required, policy.tables("require_attestation"))),
            training=read_training(policy.optional_table("training")),
            weighing=read_weighing(policy.optional_table("weights")),
            code=tuple(map(read_code, policy.tables("code"))),
            exemptions=tuple(map(read_exemption, policy.tables("exempt"))),
            waivers=tuple(map(read_waiver, policy.tables("waivers"))),
            models=_models(fields),
        )
        policy.end()
        fields.end()
        if not levels.requires_something(settings.levels, CHECKS):
            raise policy.wrong("rules", levels.NOTHING_REQUIRED)
        if settings.training.names and levels.level_in(settings.levels, LINEAGE) is Level.OFF:
            raise policy.wrong("training", ASKED_AND_OFF)
        return settings

    @property
    def mirrors(self) -> Mapping[str, tuple[str, ...]]:
        """By its repository what each model is said to be a mirror of."""
        said: dict[str, tuple[str, ...]] = {}
        for model in self.models:
            if model.repo and model.mirror_of:
                said[model.repo] = (*said.get(model.repo, ()), model.mirror_of)
        return said

    def under(self, policy: Settings) -> Settings:
        """The models of this file under the whole policy of another."""
        return replace(policy, models=self.models)

    def named(self, name: str) -> tuple[Model, ...]:
        """The models that are called `name` or whose repository it is."""
        return tuple(model for model in self.models if name in (model.name, model.repo))


def _registry(fields: Fields) -> tuple[str, ...]:
    entries = fields.texts("registry", DEFAULT_REGISTRY)
    if not entries:
        raise fields.wrong("registry", f'must not be empty; ["{BUILTIN}"] is the default')
    for position, entry in enumerate(entries):
        where = f"registry[{position}]"
        if not entry.strip() or not shows(entry):
            raise fields.wrong(where, f"expected a path, found {entry[:80]!r}")
        if "://" in entry and not reading.is_url(entry):
            raise fields.wrong(where, f"expected a path or an https URL, found {entry[:200]!r}")
    return entries


def _roots(fields: Fields, registry: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`registry_root`: one file where one URL is named, else a table of a file for each."""
    name = "registry_root"
    urls = [entry for entry in registry if reading.is_url(entry)]
    if name not in fields:
        return ()
    if fields.holds(name, str):
        if len(urls) > 1:
            raise fields.wrong(name, 'several URLs: write { "https://…" = "root.json" } for each')
        file = reading.line(fields, name)
        return tuple((url, file) for url in urls or [""])
    table = fields.table(name)
    pairs = tuple((url, reading.line(table, url)) for url in urls if url in table)
    table.end()
    return pairs


def _max_age(fields: Fields, registry: tuple[str, ...]) -> int | None:
    name = "registry_max_age"
    if name not in fields:
        return None
    if not any(map(reading.is_url, registry)):
        raise fields.wrong(name, "no registry comes from a URL; the age of a file is unknown")
    return fields.whole(name)


def _models(fields: Fields) -> tuple[Model, ...]:
    models: dict[str, Model] = {}
    for entry in fields.tables("models"):
        model = _model(entry)
        if model.name in models:
            raise entry.wrong("name", f"two models are called {model.name!r}; name one")
        models[model.name] = model
    return tuple(models.values())


def _model(fields: Fields) -> Model:
    repo = reading.repo(fields, "repo") if "repo" in fields else None
    path = reading.optional_line(fields, "path")
    source, revision = _source(fields, path)
    called = repo or path or source
    if called is None:
        raise fields.wrong("repo", "missing: expected repo, path or source")
    model = Model(
        name=reading.optional_line(fields, "name") or called,
        repo=repo,
        path=path,
        source=source,
        revision=revision,
        include=read_patterns(fields, "include", EVERY_FILE),
        exclude=read_patterns(fields, "exclude", EVERY_FILE),
        parents=read_each(fields, "parents", _is_parent, "org/name or org/name@<commit>"),
        members=_members(fields),
        mirror_of=_mirror_of(fields, repo),
        profile=levels.read_profile(fields),
    )
    fields.end()
    return model


def _source(fields: Fields, path: str | None) -> tuple[str | None, str | None]:
    """The store in which a model lies, without its revision, and the revision."""
    source = reading.optional_line(fields, "source")
    revision = reading.optional_line(fields, "revision")
    if source is None:
        return None, revision
    if path is not None:
        raise fields.wrong("source", "a model lies in one place: name path or source")
    try:
        place = refs.in_store(source, revision=revision)
    except ConfigError as error:
        raise fields.wrong("source", str(error)) from None
    return place.source, place.revision


def _members(fields: Fields) -> tuple[str, ...]:
    """Each of another repository: of two commits of one, a loader would see one."""
    members = read_each(fields, "members", _is_member, "org/name@<commit of 40 digits>")
    repos = [text.partition("@")[0] for text in members]
    for position, repo in enumerate(repos):
        if repo in repos[:position]:
            raise fields.wrong(f"members[{position}]", f"{repo} stands twice: name one commit")
    return members


def _mirror_of(fields: Fields, repo: str | None) -> str | None:
    """Another model at one commit: a branch may be moved to other bytes."""
    if "mirror_of" not in fields:
        return None
    text = fields.text("mirror_of")
    if wrong := no_origin(text, repo):
        raise fields.wrong("mirror_of", wrong)
    return text


def no_origin(text: str, repo: str | None) -> str:
    """Why `text` cannot be what a model of `repo` is a mirror of; empty where it can."""
    if not is_origin(text):
        expected = "expected org/name@<commit of 40 digits> of the model that it is a copy of"
        return f"{expected}, found {text[:200]!r}"
    if text.partition("@")[0] == repo:
        return f"{repo} is this model itself: name the one it came from"
    return ""


def is_origin(text: str) -> bool:
    """Whether `text` names a repository and one commit of it, as `mirror_of` does."""
    repo, _, commit = text.partition("@")
    return names.is_repo(repo) and reading.is_commit(commit)


def _is_member(text: str) -> bool:
    repo, _, commit = text.partition("@")
    return (names.is_repo(repo) or names.is_segment(repo)) and reading.is_commit(commit)


def _is_parent(text: str) -> bool:
    repo, at, commit = text.partition("@")
    return names.is_repo(repo) and (not at or reading.is_commit(commit))
