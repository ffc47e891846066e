"""What the caller's words mean: which models to judge, by which policy, registry and lockfile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import lockfile, refs
from provenance import registry as registries
from provenance import settings as files
from provenance.cli.published import place_of, policy_source, registry_source, short
from provenance.errors import ConfigError
from provenance.lock import Entry, Lock
from provenance.manual import rules
from provenance.model import Ref
from provenance.policy import CHECKS, Model, Policy, Settings
from provenance.trust import Registry
from provenance.trust.names import is_repo, namespace_of
from provenance.verdict import Finding, failed

if TYPE_CHECKING:
    from provenance.cli.base import Base
    from provenance.registry.remote import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The words of one command line; `outputs` are the files that it is to write."""

    refs: tuple[str, ...] = ()
    named: str | None = None
    revision: str | None = None
    policy: str | None = None
    registry: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    lockfile: Path | None = None
    exclude_newer: datetime | None = None
    offline: bool = False
    base: str | None = None
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One model to judge: what it claims to be, what is asked of it, and where it lies.

    `place` is None for a model on a Hub.
    """

    name: str
    place: Path | None
    ref: Ref
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    policy: Policy
    model: Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that judging takes but the evidence; `policy` and `registry` are how to say it.

    `lock` is the caller's lockfile and `lock_path` where it lies, or would. `namespaces` are those
    whose repositories the caller named, and which may be asked for with a token. `rules_path` is
    the provenance.toml whose rules hold: for a pull request that of its base, as `lock` is;
    `policy_path` the file, of --policy or else that one, whose `[policy]` does;
    `proposed` is the lockfile that it brings.
    """

    subjects: tuple[Subject, ...]
    settings: Settings
    registry: Registry
    policy_source: str
    registry_source: str
    findings: tuple[Finding, ...]
    lock: Lock | None
    lock_path: Path
    namespaces: frozenset[str]
    profile: str | None
    settings_path: Path | None
    published: tuple[Published, ...] = ()
    rules_path: Path | None = None
    policy_path: Path | None = None
    proposed: Lock | None = None
    base: Base | None = None

    @property
    def away(self) -> bool:
        """Whether any of the models lies on a Hub."""
        return any(subject.place is None for subject in self.subjects)

    def unchanged(self, subject: Subject) -> Entry | None:
        """The entry of a model that a pull request leaves as its base has it, if it does."""
        if self.base is None or self.lock is None or self.proposed is None:
            return None
        old, new = (lock.named(subject.name) for lock in (self.lock, self.proposed))
        same = old and (old.repo, old.revision) == (subject.ref.repo, subject.ref.revision)
        return old if same and old == new else None

    def policy_for(self, model: Model, *, exclude_newer: datetime | None = None) -> Policy:
        """What is asked of a model."""
        policy = Policy.of(self.settings, model, profile=self.profile)
        return replace(policy, exclude_newer=exclude_newer)


def bench(request: Request, *, replayed: Ref | None = None, needs_models: bool = True) -> Bench:
    """The models and the rules a command line asks for, or ConfigError.

    `replayed` is the one model of an evidence file, which stands in place of any on disk.
    """
    judged = [Path(ref) for ref in request.refs if Path(ref).is_dir()]
    home = os.environ.get("HOME")
    top = Path(home) if home else None
    if request.base is not None:
        _refuse_links(top)
    found = files.find(Path.cwd(), judged, home=top)
    own = files.load(found.path) if found.path else Settings()
    foreign, profile = found.foreign, request.policy
    policy = _policy_file(request)
    if policy:
        own, foreign, profile = own.under(files.load(policy)), (), None
    based = _based(request, found.path, own)
    if based:
        own = based.settings
    models = [_of(replayed, request)] if replayed else _models(request, own, needs_models)
    subjects = tuple(_subject(model, request, own, profile) for model in models)
    names = request.registry or own.registry
    places = [subject.place for subject in subjects if subject.place]
    _check(own, found.path, places)
    findings = (*map(_foreign, foreign), *(based.findings if based else ()))
    if needs_models and not (request.refs or replayed):
        findings += tuple(_needless(own))
    lock_path = request.lockfile or lockfile.find(Path.cwd(), judged, home=top, settings=found.path)
    loaded = registries.load_all(
        names,
        Path.cwd(),
        judged=() if request.registry else places,
        place=lambda url: place_of(url, own.registry_roots, places, offline=request.offline),
    )
    lock = lockfile.load(lock_path) if lock_path and lock_path.exists() else None
    return Bench(
        subjects=subjects,
        settings=own,
        registry=loaded.registry,
        policy_source=policy_source(own, based),
        registry_source=registry_source(names, loaded, based),
        published=loaded.published,
        findings=findings,
        lock=based.memory(lock) if based else lock,
        proposed=lock if based else None,
        policy_path=policy or found.path,
        rules_path=based.path if based else found.path,
        base=based,
        lock_path=lock_path or _beside(found.path),
        namespaces=_namespaces(subjects, own),
        profile=profile,
        settings_path=found.path,
    )


def _refuse_links(home: Path | None) -> None:
    from provenance.cli.proposed import refuse_linked_rules

    refuse_linked_rules(Path.cwd(), home)


def _based(request: Request, file: Path | None, own: Settings) -> Base | None:
    if request.base is None:
        return None
    if file is None or _policy_file(request):
        message = "needs a committed provenance.toml: run it in the repository that has one"
        raise ConfigError(message, path="--base")
    from provenance.cli.base import base_of

    return base_of(file, own, request.base, request.lockfile, request.outputs)


def _beside(settings: Path | None) -> Path:
    return (settings.parent if settings else Path.cwd()) / lockfile.FILE_NAME


def _namespaces(subjects: Sequence[Subject], own: Settings) -> frozenset[str]:
    repos = [subject.ref.repo for subject in subjects] + [model.repo for model in own.models]
    named = {namespace_of(repo) for repo in repos if repo}
    return frozenset(named | set(own.token_namespaces))


def _check(own: Settings, file: Path | None, judged: Sequence[Path]) -> None:
    """The settings come from outside every model they judge, and name rules that exist."""
    for place in judged:
        if file and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(place)):
            raise ConfigError(
                f"lies inside the model {place}, which may not judge itself", path=str(file)
            )
    known = rules()
    for rule in (*(rule for rule, _ in own.levels), *(waiver.rule for waiver in own.waivers)):
        check, slash, _ = rule.partition("/")
        if slash and check in CHECKS and rule not in known:
            near = get_close_matches(rule, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"there is no rule {rule}{hint}", path=f"{own.source}: policy")


def _of(replayed: Ref, request: Request) -> Model:
    if request.named not in (None, replayed.repo):
        raise ConfigError(f"the evidence is about {replayed.repo or replayed.text}", path="--as")
    return Model(name=replayed.repo or replayed.text, repo=replayed.repo, path=replayed.text)


def reference(text: str, named: str | None) -> Ref:
    """The ref of a place on disk that claims to be `named`, or ConfigError."""
    if named is not None and not is_repo(named):
        raise ConfigError(f"expected org/name, found {named!r}", path="--as")
    return Ref(text=text, repo=named)


def _is_file(text: str) -> bool:
    return text.endswith(".toml") or Path(text).is_file()


def _policy_file(request: Request) -> Path | None:
    """The file that --policy names, if it names one and no profile."""
    return Path(request.policy) if request.policy and _is_file(request.policy) else None


def _needless(own: Settings) -> Iterator[Finding]:
    """Waivers and exemptions for repositories that no model names, where all models are judged."""
    named = {model.repo for model in own.models}
    entries = [(f"the waiver of {w.rule} for {w.subject}", w.repo) for w in own.waivers]
    entries += [("the exemption", exemption.repo) for exemption in own.exemptions]
    for what, repo in entries:
        if repo not in named:
            message = f"{what} is for {repo}, which no [[models]] names: remove it, or add {repo}"
            yield failed("policy/unused-waiver", message, repo)


def _foreign(path: Path) -> Finding:
    return failed(
        "policy/foreign-settings",
        "belongs to another user, or everybody may write it, and was not used: name it with "
        "--policy if it is yours",
        str(path),
    )


def _models(request: Request, own: Settings, needs_models: bool) -> Sequence[Model]:
    models = [model for ref in request.refs for model in _named(ref, own)]
    if not request.refs:
        models = list(own.models)
    if not models and needs_models:
        raise ConfigError(
            "nothing to judge: name a model or a directory, or list [[models]] in provenance.toml "
            "(`provenance init org/name` writes it)"
        )
    if request.revision is not None:
        models = [_at_revision(model, request.revision) for model in models]
    if request.named is None:
        return models
    if len(models) != 1 or models[0].path is None:
        raise ConfigError(f"--as names one directory, and there are {len(models)} models")
    named = reference(request.named, request.named).repo
    return [replace(models[0], name=request.named, repo=named)]


def _at_revision(model: Model, revision: str) -> Model:
    if model.path is not None:
        raise ConfigError(
            f"{model.path} lies on disk, where there is no revision", path="--revision"
        )
    if model.revision not in (None, revision):
        raise ConfigError(f"{model.name} has the revision {model.revision}", path="--revision")
    if not refs.is_revision(revision):
        raise ConfigError(
            f"expected a branch, tag or commit, found {revision!r}", path="--revision"
        )
    return replace(model, revision=revision)


def _named(ref: str, own: Settings) -> Sequence[Model]:
    """The models of the settings that `ref` means, the directory or file that it is, or a Hub's."""
    listed = own.named(ref)
    if listed:
        return listed
    place = Path(ref)
    if place.exists():
        real = os.path.realpath(place)
        same = [m for m in own.models if m.path and os.path.realpath(m.path) == real]
        return same or [Model(name=ref, path=ref)]
    if refs.is_hub_name(ref):
        asked = refs.parse(ref, endpoint=os.environ.get("HF_ENDPOINT", ""))
        hosted = [model for model in own.named(asked.repo or "") if not model.path]
        found = hosted or [Model(name=asked.repo or ref, repo=asked.repo)]
        return [replace(model, revision=asked.revision or model.revision) for model in found]
    known = ", ".join(model.name for model in own.models)
    listed_too = f"; {own.source} lists {known}" if known else ""
    raise ConfigError(
        f"no such file or directory, nor a model: {ref}; one on a Hub is org/name{listed_too}"
    )


def _subject(model: Model, request: Request, own: Settings, profile: str | None) -> Subject:
    policy = Policy.of(own, model, profile=profile)
    place = Path(model.path) if model.path is not None else None
    text = short(model.path) if model.path is not None else hub_name(model)
    return Subject(
        name=model.name,
        place=place,
        ref=_ref(model, text),
        include=request.include or model.include,
        exclude=request.exclude or model.exclude,
        policy=replace(policy, exclude_newer=request.exclude_newer),
        model=model,
    )


def _ref(model: Model, text: str) -> Ref:
    if model.path is not None:
        return Ref(text=text, repo=model.repo)
    return replace(refs.parse(model.repo or "", revision=model.revision), text=text)


def hub_name(model: Model) -> str:
    """How a model on a Hub is asked for."""
    return f"{model.repo}@{model.revision}" if model.revision else model.repo or ""
