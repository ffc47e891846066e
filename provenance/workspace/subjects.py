"""Which models are meant: those of the settings, directories, names on a Hub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance import names, refs
from provenance.closure.members import pins_of
from provenance.errors import ConfigError
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.workspace.registries import short
from provenance.workspace.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One model to judge: what it claims to be, what is asked of it, and where it lies.

    `place` is None for a model on a Hub, and for one in another store, the `source` of its ref.
    `typed` says that the caller typed the revision, and means what stands there now, whatever is
    locked.
    """

    name: str
    place: Path | None
    ref: Ref
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    policy: Policy
    model: Model
    typed: bool = False

    @property
    def is_on_hub(self) -> bool:
        """Whether a Hub is asked for it."""
        return self.place is None and self.ref.source is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A model that is asked for; `typed` as of a Subject."""

    model: Model
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """From where words are understood: paths from `folder`, URLs of a Hub by `endpoint`."""

    folder: Path
    endpoint: str


def chosen(request: Request, own: Settings, here: Here, *, needed: bool) -> Sequence[Meant]:
    """The models that are asked for, else all that the settings list; ConfigError if `needed` and
    there are none."""
    meant = [found for ref in request.refs for found in _named(ref, own, here)]
    if not request.refs:
        meant = [Meant(model=model) for model in own.models]
    if not meant and needed:
        raise ConfigError(
            "nothing to judge: name a model or a directory, or list [[models]] in provenance.toml "
            "(`provenance init org/name` writes it)"
        )
    if request.revision is not None:
        meant = [_at_revision(found.model, request.revision) for found in meant]
    if request.named is None:
        return meant
    if len(meant) != 1 or not (meant[0].model.path or meant[0].model.source):
        raise ConfigError(f"--as names one directory or place, and there are {len(meant)} models")
    named = reference(request.named, request.named).repo
    known = [model.members for model in own.models if model.repo == named]
    members = known[0] if len(known) == 1 else meant[0].model.members
    said = replace(meant[0].model, name=request.named, repo=named, members=members)
    return [Meant(model=said)]


def of_evidence(replayed: Ref, request: Request, own: Settings) -> Meant:
    """The one model of an evidence file, with what the settings say of its repository; ConfigError
    if the caller means another."""
    if request.named not in (None, replayed.repo):
        raise ConfigError(f"the evidence is about {replayed.repo or replayed.text}", path="--as")
    name = replayed.repo or replayed.text
    listed = [model for model in own.models if replayed.repo and model.repo == replayed.repo]
    if len(listed) == 1:
        said = replace(listed[0], name=name, path=replayed.text, revision=None)
        return Meant(model=replace(said, include=(), exclude=()))
    return Meant(model=Model(name=name, repo=replayed.repo, path=replayed.text))


def reference(text: str, named: str | None) -> Ref:
    """The ref of a place on disk that claims to be `named`, or ConfigError."""
    if named is not None and not names.is_repo(named):
        raise ConfigError(f"expected org/name, found {named!r}", path="--as")
    return Ref(text=text, repo=named)


def _at_revision(model: Model, revision: str) -> Meant:
    if model.path is not None:
        raise ConfigError(
            f"{model.path} lies on disk, where there is no revision", path="--revision"
        )
    if model.revision not in (None, revision):
        raise ConfigError(f"{model.name} has the revision {model.revision}", path="--revision")
    if not (refs.is_revision(revision) or (model.source and names.DIGEST.fullmatch(revision))):
        raise ConfigError(
            f"expected a branch, tag or commit, found {revision!r}", path="--revision"
        )
    return Meant(model=replace(model, revision=revision), typed=True)


def _named(ref: str, own: Settings, here: Here) -> Sequence[Meant]:
    """The models of the settings that `ref` means, the directory or file that it is, or a Hub's."""
    listed = own.named(ref)
    if listed:
        return [Meant(model=model) for model in listed]
    if names.is_in_store(ref):
        return _in_store(ref, own)
    place = here.folder / ref
    if place.exists():
        real = os.path.realpath(place)
        same = [m for m in own.models if m.path and os.path.realpath(m.path) == real]
        return [Meant(model=m) for m in same or [Model(name=ref, path=str(place))]]
    if refs.is_hub_name(ref):
        asked = refs.parse(ref, endpoint=here.endpoint)
        pins = pins_of([text for model in own.models for text in model.members])
        if asked.repo in pins and asked.revision is None:
            commit = pins[asked.repo]
            return [Meant(model=Model(name=asked.repo, repo=asked.repo, revision=commit))]
        hosted = [model for model in own.named(asked.repo or "") if not model.path]
        found = hosted or [Model(name=asked.repo or ref, repo=asked.repo)]
        if asked.revision is None:
            return [Meant(model=model) for model in found]
        return [Meant(model=replace(m, revision=asked.revision), typed=True) for m in found]
    known = ", ".join(model.name for model in own.models)
    listed_too = f"; {own.source} lists {known}" if known else ""
    stored = f", one in a store {refs.FORMS}" if ":" in ref else ""
    said = f"no such file or directory, nor a model: {ref}; one on a Hub is org/name{stored}"
    raise ConfigError(f"{said}{listed_too}")


def _in_store(ref: str, own: Settings) -> Sequence[Meant]:
    """The models of the settings that lie at a place in a store, or what lies there."""
    asked = refs.in_store(ref)
    same = [model for model in own.models if model.source == asked.source]
    found = same or [Model(name=ref, source=asked.source)]
    if asked.revision is None:
        return [Meant(model=model) for model in found]
    return [Meant(model=replace(m, revision=asked.revision), typed=True) for m in found]


def subject_of(meant: Meant, request: Request, own: Settings, profile: str | None) -> Subject:
    """The model as it is to be judged."""
    model = meant.model
    policy = Policy.of(own, model, profile=profile)
    place = Path(model.path) if model.path is not None else None
    text = short(model.path) if model.path is not None else address(model)
    return Subject(
        name=model.name,
        place=place,
        ref=_ref(model, text),
        include=request.include or model.include,
        exclude=request.exclude or model.exclude,
        policy=replace(policy, exclude_newer=request.exclude_newer),
        model=model,
        typed=meant.typed,
    )


def _ref(model: Model, text: str) -> Ref:
    if model.path is not None:
        return Ref(text=text, repo=model.repo)
    if model.source is not None:
        asked = refs.in_store(model.source, repo=model.repo, revision=model.revision)
        return replace(asked, text=text)
    return replace(refs.parse(model.repo or "", revision=model.revision), text=text)


def address(model: Model) -> str:
    """How a model on a Hub, or in another store, is asked for; a tag of a registry by a colon."""
    name = model.source or model.repo or ""
    if not model.revision:
        return name
    tagged = name.startswith(("oci://", "ollama://"))
    is_tag = tagged and not names.DIGEST.fullmatch(model.revision)
    return f"{name}{':' if is_tag else '@'}{model.revision}"
