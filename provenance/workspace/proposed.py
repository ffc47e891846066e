"""What a pull request proposes: told apart into data, which it may supply, and rules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.policy import PROFILES, Model, Policy, Settings
from provenance.workspace import lockfile
from provenance.workspace import settings as files
from provenance.workspace.codeowners import PLACES, Ownership
from provenance.workspace.environment import Environment
from provenance.workspace.git import Repository

STRICTNESS = tuple(profile.name for profile in PROFILES)
"""The profiles, each of which asks for everything that the one before it does."""

Lowered = tuple[tuple[str, str], ...]
"""Changes of the rules: the file (empty for the settings') and what of it, or nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of one commit, whose paths start at `root`."""

    settings: Settings
    root: Path

    def portable(self) -> Settings:
        """The settings with paths from the top, so that two places of one file compare equal."""

        def short(text: str) -> str:
            return text.removeprefix(f"{self.root}/")

        return replace(
            self.settings,
            registry=tuple(map(short, self.settings.registry)),
            registry_roots=tuple((url, short(file)) for url, file in self.settings.registry_roots),
            weighing=replace(
                self.settings.weighing,
                key=short(self.settings.weighing.key or "") or None,
                fingerprints=tuple(map(short, self.settings.weighing.fingerprints)),
            ),
            models=tuple(
                replace(model, path=short(model.path)) if model.path else model
                for model in self.settings.models
            ),
        )


def refuse_link(file: Path, top: Path) -> None:
    """ConfigError if a file of the checkout is a link, or lies behind one.

    What lies outside of the checkout is the caller's own.
    """
    if not file.is_relative_to(top):
        return
    for place in (file, *file.parents):
        if place == top:
            return
        if place.is_symlink():
            raise ConfigError(
                f"{place.relative_to(top)} is a link here, and a pull request's links are not "
                "followed: expected a regular file or folder",
                path=file.relative_to(top).as_posix(),
            )


def refuse_linked_rules(start: Path, environment: Environment) -> None:
    """ConfigError if what is looked for from `start` upwards is a link, before any is opened."""
    for folder in files.folders(start, (), environment.home):
        for name in (files.FILE_NAME, files.PROJECT_FILE_NAME, lockfile.FILE_NAME):
            if (folder / name).is_symlink():
                refuse_link(folder / name, Repository.around(start, environment).top)


def changed_files(
    repository: Repository, commit: str, fork: str, named: Sequence[str]
) -> Iterator[str]:
    """Which files of the rules the pull request changes, adds or removes.

    A file that is as it was at `fork`, or as it is at `commit`, is none of them.
    """
    before = {name for at in {commit, fork} for name in repository.files(at, named)}
    after = {name for path in named for name in _files(repository.top, path)}
    for name in sorted(before | after):
        own = repository.top / name
        data = own.read_bytes() if own.is_file() else None
        known = [_text(repository.file(at, name)) for at in (commit, fork)]
        if _is_linked(own, repository.top) or _text(data) not in known:
            yield name


def _text(data: bytes | None) -> bytes | None:
    """The bytes without how their lines end, which is the checkout's own choice (`eol=crlf`)."""
    return data and data.replace(b"\r\n", b"\n")


def _is_linked(file: Path, top: Path) -> bool:
    """Whether a file below `top` is a link, or lies in a folder that is one."""
    return any(place.is_symlink() for place in (file, *file.parents) if place.is_relative_to(top))


def _files(top: Path, path: str) -> Iterator[str]:
    """The files and links at or below a path; no link is followed."""
    whole = top / path
    if not whole.is_dir() or whole.is_symlink():
        if os.path.lexists(whole):
            yield path
        return
    for folder, folders, names in os.walk(whole):
        for name in (*names, *(name for name in folders if Path(folder, name).is_symlink())):
            yield Path(folder, name).relative_to(top).as_posix()


def owners_changed(
    repository: Repository, known: Sequence[str], owners: Ownership, ruled: Sequence[str]
) -> str:
    """The head's CODEOWNERS if it gives another owner to a file of the rules, else empty."""
    here = next((name for name in PLACES if os.path.lexists(repository.top / name)), PLACES[0])
    own = repository.top / here
    data = own.read_bytes() if own.is_file() and not own.is_symlink() else b""
    if _text(data) in [_text(repository.file(commit, here)) for commit in known]:
        return ""
    proposed = Ownership.of(data)
    had = [path for path in ruled if owners.owners(path)]
    return here if any(proposed.owners(path) != owners.owners(path) for path in had) else ""


def by_the_base(
    head: Settings, now: Rules, then: Rules | None, top: Path
) -> tuple[Settings, Lowered]:
    """The base's policy over the head's models, and what the pull request changes of the rules.

    `now` is the base's newest commit, and `then` where the pull request set out.
    """
    own = Rules(settings=head, root=top).portable()
    newest, known = now.portable(), [rules.portable() for rules in (now, then) if rules]
    changed = [("", "")] if not any(_same_policy(own, other) for other in known) else []
    models = []
    for model, real in zip(own.models, head.models, strict=True):
        held = _held(model, newest)
        models.append(replace(real, profile=held.profile, parents=held.parents))
        if not any(model in other.models for other in known):
            changed += [("", what) for what in _lowered(model, held, newest)]
    return replace(now.settings, models=tuple(models)), tuple(changed)


def _same_policy(one: Settings, other: Settings) -> bool:
    return replace(one, models=()) == replace(other, models=())


def _held(model: Model, base: Settings) -> Model:
    """The model under the base's rules for it: its own profile only where that asks for more.

    The base's entries for it are those of its repository or directory, or of its name.
    """
    same = [other for other in base.models if _key(other) == _key(model)]
    called = [other for other in same if other.name == model.name]
    stated = [frozenset(other.parents) for other in called or same]
    named = [*same, *(other for other in base.models if other.name == model.name)]
    asked = [_profile(base, other) for other in named or [replace(model, profile=None)]]
    return replace(
        model,
        profile=max([_profile(base, model), *asked], key=STRICTNESS.index),
        parents=tuple(sorted(frozenset.intersection(*stated))) if stated else (),
    )


def _key(model: Model) -> str:
    return model.repo or model.path or model.name


def _profile(base: Settings, model: Model) -> str:
    return Policy.of(base, model).profile


def _lowered(model: Model, held: Model, base: Settings) -> Iterator[str]:
    """What the head says of a model and the base does not."""
    proposed = _profile(base, model)
    if proposed != held.profile:
        yield f'{model.name}: profile "{proposed}" where the base asks for "{held.profile}"'
    if frozenset(model.parents) != frozenset(held.parents):
        stated, known = (", ".join(m.parents) or "none" for m in (model, held))
        yield f"{model.name}: parents {stated} where the base says {known}"
