"""Who judges a pull request: the rules of its merge base, and never those that it brings.

Policy, registries, committed roots, attestations and the previous lockfile are those of the base.
The head supplies `[[models]]` and the new lockfile, as data.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path

from provenance import lockfile
from provenance import settings as files
from provenance.cli.git import Repository
from provenance.errors import ConfigError
from provenance.lock import Lock
from provenance.lock import loads as read_lock
from provenance.policy import BUILTIN, Settings
from provenance.registry.file import read_table
from provenance.source.detached import FOLDER
from provenance.trust.reading import is_url
from provenance.verdict import Finding, failed

SHORT = 12
OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True, kw_only=True)
class Base:
    """The merge base of a pull request; `path` is its provenance.toml, laid out in a folder of ours
    with everything that it names."""

    commit: str
    settings: Settings
    path: Path
    lock: Lock | None
    findings: tuple[Finding, ...]
    root: Path
    _folder: tempfile.TemporaryDirectory[str]


def base_of(own: Path, head: Settings, revision: str, lock: Path | None) -> Base:
    """The base of the pull request whose provenance.toml is `own`, or ConfigError.

    `lock` is its lockfile, if not the provenance.lock beside it.
    """
    repository = Repository.around(own.parent)
    commit = repository.merge_base(revision)
    folder = tempfile.TemporaryDirectory(prefix="provenance-base-")
    place = Place(repository, commit, Path(folder.name))
    name = _from(repository.top, own.absolute())
    if not place.lay(name):
        message = f"is not in {commit[:SHORT]}: the first policy is judged by people"
        raise ConfigError(message, path=name)
    settings = files.load(place.root / name)
    place.lay(*_named(settings, place.root))  # a registry first, then what it names
    named = [*_named(settings, place.root), *_beside(name)]
    place.lay(*named)
    beside = lock.absolute() if lock else own.absolute().parent / lockfile.FILE_NAME
    lock_name = _from(repository.top, beside)
    text = repository.file(commit, lock_name)
    return Base(
        commit=commit,
        settings=settings,
        path=place.root / name,
        lock=read_lock(text.decode("utf-8", "replace"), source=lock_name) if text else None,
        findings=tuple(_findings(place, name, named, settings, head)),
        root=place.root,
        _folder=folder,
    )


def _from(top: Path, path: Path) -> str:
    if not path.is_relative_to(top):
        raise ConfigError(f"lies outside of the repository {top}", path=str(path))
    return path.relative_to(top).as_posix()


@dataclass(frozen=True, slots=True)
class Place:
    """Files of one commit, laid out below `root` as they lie in the repository."""

    repository: Repository
    commit: str
    root: Path

    def lay(self, *paths: str) -> list[str]:
        """The files at or below `paths` lie there; their names."""
        found = self.repository.files(self.commit, list(paths)) if paths else []
        for name in found:
            data = self.repository.file(self.commit, name)
            place = self.root / name
            if data is not None and place.resolve().is_relative_to(self.root.resolve()):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        return found


def _named(settings: Settings, root: Path) -> Iterator[str]:
    """The registries and roots that the base's settings name, from the top of the repository.

    Beside a registry's file lie its sections and trusted roots.
    """
    for name in settings.registry:
        if name != BUILTIN and not is_url(name):
            path = Path(name)
            yield from _inside(path, root)
            yield from _inside(path.parent / "sections", root)
            yield from (name for beside in _trusted(path) for name in _inside(beside, root))
    for _, file in settings.registry_roots:
        yield from _inside(Path(file), root)


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
    if path.is_relative_to(root) and path != root:
        yield path.relative_to(root).as_posix()


def _beside(name: str) -> Iterator[str]:
    yield (Path(name).parent / FOLDER).as_posix()


def _findings(
    place: Place, name: str, named: Sequence[str], base: Settings, head: Settings
) -> Iterator[Finding]:
    changed = [*_changed(place, named)]
    if replace(_portable(base, place.root), models=()) != replace(
        _portable(head, place.repository.top), models=()
    ):
        changed.insert(0, name)
    owners = _owners(place)
    for path in changed:
        yield _finding(path, owned=owners.names(path))
    for model in base.models:
        if not any(other.name == model.name for other in head.models):
            message = "the base names this model and the pull request does not"
            yield failed("policy/removed-model", message, model.name)


def _finding(path: str, *, owned: bool) -> Finding:
    if owned:
        message = "changed here, by whom CODEOWNERS names; judged by what the base says"
        return failed("policy/changed-by-owners", message, path)
    message = (
        "changed here, and no CODEOWNERS of the base says who may: judged by what the base says. "
        "Change the rules in a pull request of their own, and name their owners"
    )
    return failed("policy/changed", message, path)


def _changed(place: Place, named: Sequence[str]) -> Iterator[str]:
    """Which files of the rules are other ones at the head, or come or go with it."""
    before = set(place.repository.files(place.commit, list(named))) if named else set()
    after = {name for path in named for name in _files(place.repository.top, path)}
    for name in sorted(before | after):
        old, new = (root / name for root in (place.root, place.repository.top))
        if not (old.is_file() and new.is_file() and old.read_bytes() == new.read_bytes()):
            yield name


def _files(top: Path, path: str) -> Iterator[str]:
    whole = top / path
    found = [whole] if whole.is_file() else sorted(p for p in whole.rglob("*") if p.is_file())
    yield from (file.relative_to(top).as_posix() for file in found)


def _portable(settings: Settings, root: Path) -> Settings:
    """The settings with paths from the top, so that two places of one file compare equal."""

    def short(text: str) -> str:
        return text.removeprefix(f"{root}/")

    return replace(
        settings,
        registry=tuple(map(short, settings.registry)),
        registry_roots=tuple((url, short(file)) for url, file in settings.registry_roots),
    )


def _owners(place: Place) -> Ownership:
    for name in OWNERS:
        if data := place.repository.file(place.commit, name):
            return Ownership(data.decode("utf-8", "replace"))
    return Ownership("")


class Ownership:
    """Which paths a CODEOWNERS file names owners for; the last line that matches counts."""

    def __init__(self, text: str) -> None:
        lines = (line.partition("#")[0].split() for line in text.splitlines())
        self._rules = [(_pattern(words[0]), len(words) > 1) for words in lines if words]

    def names(self, path: str) -> bool:
        """Whether a path has owners."""
        owned = False
        for pattern, owners in self._rules:
            if pattern.fullmatch(path):
                owned = owners
        return owned


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of gitignore's kind: anchored if it holds a slash, a folder means what is in it."""
    anchored = "/" in text.rstrip("/")
    body = translate(text.strip("/")).removesuffix(r"\Z").removesuffix(r"\z")
    return re.compile(("" if anchored else "(?:.*/)?") + body + "(?:/.*)?", re.DOTALL)
