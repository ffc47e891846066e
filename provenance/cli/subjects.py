"""What the caller's words mean: which models to judge, by which policy and registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from provenance import registry as registries
from provenance import settings as files
from provenance.errors import ConfigError
from provenance.manual import rules
from provenance.model import Ref
from provenance.policy import BUILTIN, CHECKS, Model, Policy, Settings
from provenance.trust import Registry
from provenance.trust.names import is_repo
from provenance.verdict import Finding, failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The words of one command line."""

    refs: tuple[str, ...] = ()
    named: str | None = None
    policy: str | None = None
    registry: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One model to judge: where it lies, what it claims to be, and what is asked of it."""

    name: str
    path: Path
    ref: Ref
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that judging takes but the evidence; `policy` and `registry` are how to say it."""

    subjects: tuple[Subject, ...]
    registry: Registry
    policy_source: str
    registry_source: str
    findings: tuple[Finding, ...]


def bench(request: Request, *, replayed: Ref | None = None) -> Bench:
    """The models and the rules a command line asks for, or ConfigError.

    `replayed` is the one model of an evidence file, which stands in place of any on disk.
    """
    judged = [Path(ref) for ref in request.refs if Path(ref).is_dir()]
    home = os.environ.get("HOME")
    found = files.find(Path.cwd(), judged, home=Path(home) if home else None)
    own = files.load(found.path) if found.path else Settings()
    foreign, profile = found.foreign, request.policy
    if request.policy and _is_file(request.policy):
        own, foreign, profile = own.under(files.load(Path(request.policy))), (), None
    models = [_of(replayed, request)] if replayed else _models(request, own)
    subjects = tuple(_subject(model, request, own, profile) for model in models)
    names = request.registry or own.registry
    places = [subject.path for subject in subjects]
    _check(own, found.path, places)
    return Bench(
        subjects=subjects,
        registry=registries.load_all(names, Path.cwd(), judged=() if request.registry else places),
        policy_source=own.source or "no provenance.toml: the defaults",
        registry_source=", ".join(map(_described, names)),
        findings=tuple(_foreign(path) for path in foreign),
    )


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


def _described(name: str) -> str:
    return "the starter registry built into this version" if name == BUILTIN else _short(name)


def _foreign(path: Path) -> Finding:
    return failed(
        "policy/foreign-settings",
        "belongs to another user, or everybody may write it, and was not used: name it with "
        "--policy if it is yours",
        str(path),
    )


def _models(request: Request, own: Settings) -> Sequence[Model]:
    models = [model for ref in request.refs for model in _named(ref, own)]
    if not request.refs:
        models = list(own.models)
    if not models:
        raise ConfigError(
            "nothing to verify: name a directory, or list [[models]] in provenance.toml"
        )
    for number, model in enumerate(models):
        if model.path is None:
            where = f"{own.source}: models[{number}].path"
            raise ConfigError(
                f"missing: this version verifies models on disk. Download {model.repo} and name "
                "the directory",
                path=where,
            )
    if request.named is None:
        return models
    if len(models) != 1:
        raise ConfigError(f"--as names one model, and there are {len(models)}")
    named = reference(request.named, request.named).repo
    return [replace(models[0], name=request.named, repo=named)]


def _named(ref: str, own: Settings) -> Sequence[Model]:
    """The models of the settings that `ref` means, or the directory or file that it is."""
    listed = own.named(ref)
    if listed:
        return listed
    place = Path(ref)
    if place.exists():
        real = os.path.realpath(place)
        same = [m for m in own.models if m.path and os.path.realpath(m.path) == real]
        return same or [Model(name=ref, path=ref)]
    if is_repo(ref):
        raise ConfigError(
            f"there is no directory {ref}, and this version does not fetch: run "
            f"`hf download {ref} --local-dir DIR`, then `provenance verify DIR --as {ref}`"
        )
    known = ", ".join(model.name for model in own.models)
    listed_too = f"; {own.source} lists {known}" if known else ""
    raise ConfigError(f"no such file or directory, nor a model: {ref}{listed_too}")


def _subject(model: Model, request: Request, own: Settings, profile: str | None) -> Subject:
    path = model.path or ""
    return Subject(
        name=model.name,
        path=Path(path),
        ref=Ref(text=_short(path), repo=model.repo),
        include=request.include or model.include,
        exclude=request.exclude or model.exclude,
        policy=Policy.of(own, model, profile=profile),
    )


def _short(path: str) -> str:
    """The path from here, where that is shorter."""
    return min(path, os.path.relpath(path), key=len)
