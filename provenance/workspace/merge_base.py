"""Who judges a pull request: the rules of its base branch, and never those that it brings.

Policy, registries, committed roots, attestations and the previous lockfile are those of the newest
commit of the base branch; what the pull request itself changes is told from the merge base. The
head supplies as data which repositories, revisions, paths and files, and the new lockfile.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.lock import Lock
from provenance.lock import loads as read_lock
from provenance.policy import BUILTIN, Settings
from provenance.registry.file import read_table
from provenance.registry.fingerprints import FOLDER as FINGERPRINTS
from provenance.source.detached import FOLDER
from provenance.trust.reading import is_url
from provenance.verdict import Finding, failed
from provenance.workspace import lockfile
from provenance.workspace import settings as files
from provenance.workspace.codeowners import PLACES, Ownership
from provenance.workspace.environment import Environment
from provenance.workspace.git import SHORT, Repository
from provenance.workspace.proposed import (
    Rules,
    by_the_base,
    changed_files,
    owners_changed,
    refuse_link,
)


@dataclass(frozen=True, kw_only=True)
class Base:
    """The newest commit of a pull request's base; `path` is its provenance.toml, laid out in a
    folder of ours with everything that it names.

    `settings` are its policy over the models of the head, as far as those are data. `lock` is the
    newest lockfile of the base, `fork_lock` the one from which the pull request set out.
    """

    commit: str
    settings: Settings
    path: Path
    lock: Lock | None
    fork_lock: Lock | None
    findings: tuple[Finding, ...]
    root: Path
    _folder: tempfile.TemporaryDirectory[str]

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The lockfiles of the base: the newest, and that from which the pull request set out."""
        return tuple(lock for lock in (self.lock, self.fork_lock) if lock)

    def memory(self, proposed: Lock | None) -> Lock | None:
        """The lockfile to judge against: the newest of the base.

        What the pull request leaves alone stands as it stood where it set out: a base that has
        moved on since makes no rollback of it.
        """
        if self.lock is None or self.fork_lock is None or proposed is None:
            return self.lock
        left = {entry.name: entry for entry in self.fork_lock.models() if entry in proposed.entries}
        entries = tuple(
            left.get(entry.name, entry) if entry in self.lock.models() else entry
            for entry in self.lock.entries
        )
        return replace(self.lock, entries=entries)


def base_of(
    own: Path,
    head: Settings,
    revision: str,
    environment: Environment,
    lock: Path | None,
    outputs: Sequence[str] = (),
) -> Base:
    """The base of the pull request whose provenance.toml is `own`, or ConfigError.

    `lock` is its lockfile, if not the provenance.lock beside it. None of the files that are read
    or written here (`outputs`) may be a link, or lie behind one.
    """
    repository = Repository.around(own.parent, environment)
    if outer := repository.outer():
        message = f"is a submodule here: judge it where it is developed, and not from {outer}"
        raise ConfigError(message, path=str(repository.top.relative_to(outer)))
    beside = lock.absolute() if lock else own.absolute().parent / lockfile.FILE_NAME
    for file in (own.absolute(), beside, *(Path(output).absolute() for output in outputs)):
        refuse_link(file, repository.top)
    commit = repository.commit(revision)
    fork = repository.merge_base(commit)
    folder = tempfile.TemporaryDirectory(prefix="provenance-base-")
    name = _from(repository.top, own.absolute())
    now = _laid(Checkout(repository, commit, Path(folder.name, "base")), name)
    then = _laid(Checkout(repository, fork, Path(folder.name, "fork")), name)
    _check_nearest(repository, commit, beside.parent, own.absolute().parent)
    if now is None:
        other = (Path(name).parent / files.FILE_NAME).as_posix()
        message = f"is not in the merge base {commit[:SHORT]}: a person must approve the first one"
        if repository.file(commit, other) is not None:
            message = (
                f"the rules lie in {other} in the merge base {commit[:SHORT]}: a person must "
                "approve the move"
            )
        raise ConfigError(message, path=name)
    named = [*_named(now.settings, now.root), (Path(name).parent / FOLDER).as_posix()]
    place = Checkout(repository, commit, now.root)
    place.lay(*named)
    judged, lowered = by_the_base(head, now, then, repository.top)
    judged = _with_key(judged, now, repository)
    changed = [*lowered, *((path, "") for path in changed_files(repository, commit, fork, named))]
    owners, ruled = _owners(repository, commit), (name, *repository.files(commit, named))
    if lost := owners_changed(repository, (commit, fork), owners, ruled):
        changed.append((lost, "who owns the rules"))
    lock_name = _from(repository.top, beside)
    return Base(
        commit=commit,
        settings=judged,
        path=now.root / name,
        lock=_lock(repository, commit, lock_name),
        fork_lock=_lock(repository, fork, lock_name),
        findings=(
            *(_finding(path or name, what, owners) for path, what in changed),
            *_removed(head, then or now),
        ),
        root=now.root,
        _folder=folder,
    )


def _check_nearest(repository: Repository, commit: str, folder: Path, rules: Path) -> None:
    """ConfigError where the base has rules nearer to the lockfile than the head's."""
    for place in (folder, *folder.parents):
        if place == rules or not place.is_relative_to(rules):
            return
        for file in (files.FILE_NAME, files.PROJECT_FILE_NAME):
            name = _from(repository.top, place / file)
            data = repository.file(commit, name)
            if data is not None and files.speaks(file, data):
                said = f"is in the base {commit[:SHORT]} and not here any more, with its rules"
                raise ConfigError(said, path=name)


def _from(top: Path, path: Path) -> str:
    if not path.is_relative_to(top):
        raise ConfigError(f"lies outside of the repository {top}", path=str(path))
    return path.relative_to(top).as_posix()


@dataclass(frozen=True, slots=True)
class Checkout:
    """Files of one commit, laid out below `root` as they lie in the repository."""

    repository: Repository
    commit: str
    root: Path

    def lay(self, *paths: str) -> tuple[str, ...]:
        """The files at or below `paths` lie there; their names."""
        found = self.repository.files(self.commit, paths)
        for name in found:
            data = self.repository.file(self.commit, name)
            place = self.root / name
            if data is not None and place.resolve().is_relative_to(self.root.resolve()):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        return found


def _laid(place: Checkout, name: str) -> Rules | None:
    """The rules of a commit, with the registries that they name; None if it has none."""
    if not place.lay(name):
        return None
    try:
        settings = files.load(place.root / name)
    except ConfigError as error:
        raise _broken(error, place.commit) from None
    place.lay(*_named(settings, place.root))  # a registry first, then what it names
    return Rules(settings=settings, root=place.root)


def _lock(repository: Repository, commit: str, name: str) -> Lock | None:
    text = repository.file(commit, name)
    try:
        return read_lock(text.decode("utf-8", "replace"), source=name) if text else None
    except ConfigError as error:
        raise _broken(error, commit) from None


def _broken(error: ConfigError, commit: str) -> ConfigError:
    """That the rules of a commit cannot be read, so that nothing can be judged by them."""
    return ConfigError(
        f"in the base {commit[:SHORT]}: {error}; nothing can be judged by it: mend it there, "
        "in a change that a person approves, and then update this branch"
    )


def _named(settings: Settings, root: Path) -> Iterator[str]:
    """The registries, roots and fingerprints that the base's settings name, from the top of the
    repository.

    Beside a registry's file lie its sections, trusted roots and fingerprints.
    """
    for name in settings.registry:
        if name != BUILTIN and not is_url(name):
            path = Path(name)
            yield from _inside(path, root)
            for beside in ("sections", FINGERPRINTS):
                yield from _inside(path.parent / beside, root)
            yield from (name for beside in _trusted(path) for name in _inside(beside, root))
    for file in (*(file for _, file in settings.registry_roots), *settings.weighing.fingerprints):
        yield from _inside(Path(file), root)


def _with_key(settings: Settings, now: Rules, repository: Repository) -> Settings:
    """The settings with the secret key that they name where it lies: in the checkout, and in no
    commit of it; or ConfigError."""
    weighing = settings.weighing
    for name in _inside(Path(weighing.key), now.root) if weighing.key else ():
        place = repository.top / name
        refuse_link(place, repository.top)
        if repository.file(repository.head(), name) is not None:
            message = "is a secret key, and lies in a commit: make another, and commit it nowhere"
            raise ConfigError(message, path=name)
        return replace(settings, weighing=replace(weighing, key=str(place)))
    return settings


def _trusted(file: Path) -> Iterator[Path]:
    """The trusted roots that a registry's file names."""
    try:
        instances = read_table(file).get("sigstore", []) if file.is_file() else []
    except ConfigError:
        return
    for entry in instances if isinstance(instances, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("trusted_root"), str):
            yield file.parent / entry["trusted_root"]


def _inside(path: Path, root: Path) -> Iterator[str]:
    path = Path(os.path.normpath(path))
    if path.is_relative_to(root) and path != root:
        yield path.relative_to(root).as_posix()


def _owners(repository: Repository, commit: str) -> Ownership:
    for name in PLACES:
        if (data := repository.file(commit, name)) is not None:
            return Ownership.of(data)
    return Ownership()


def _finding(path: str, what: str, owners: Ownership) -> Finding:
    said = f"{what}: " if what else ""
    if owners.owners(path):
        message = (
            f"{said}changed in this pull request; CODEOWNERS requires its owner's review. Judged "
            "by the base version"
        )
        return failed("policy/changed-by-owners", message, path)
    message = (
        f"{said}changed here, and no CODEOWNERS of the base says who may: judged by what the base "
        "says. Change the rules in a pull request of their own, and name their owners"
    )
    return failed("policy/changed", message, path)


def _removed(head: Settings, then: Rules) -> Iterator[Finding]:
    """The models that were named where the pull request set out, and are not any more."""
    kept = {text for model in head.models for text in (model.name, model.repo)}
    for model in then.settings.models:
        if not kept & {model.name, model.repo} - {None}:
            message = "the base names this model and the pull request does not"
            yield failed("policy/removed-model", message, model.name)
