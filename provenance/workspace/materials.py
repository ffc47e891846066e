"""What else went into a step, as a caller names it on a command line: each found and digested."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.model import Observation, Ref
from provenance.names import is_repo
from provenance.produce import uri
from provenance.produce.publishable import refusals
from provenance.source import directory
from provenance.source.layout import layout
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import Progress, Silent
from provenance.wire.training import MANIFEST, Material, MaterialKind
from provenance.workspace.environment import Environment
from provenance.workspace.gathering import Gathering
from provenance.workspace.git import Repository

HUB = "https://huggingface.co"
PREFIXES = ("hf://datasets/", "datasets/", f"{HUB}/datasets/")
PAGE = re.compile(rf"{HUB}/datasets/([^/@]+/[^/@]+)(?:/(?:tree|blob|resolve)/([^/]+).*)?")
COMMIT = re.compile("[0-9a-f]{40}")
BLIND = frozenset({"symlink", "special-file", "unreadable", "changed", "name"})
"""What was seen in a folder of data that no digest of it would cover."""
WITHOUT_FACTS = replace(DEFAULT, kept=0, head=0)
"""Data are digested, and nothing of them is kept in memory."""
BYPRODUCT = "byproduct"
HOW_TO_DIGEST = "docker image inspect --format '{{index .RepoDigests 0}}' IMAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the caller stands, and when; `judged` are folders in which no git may run."""

    at: datetime
    folder: Path = field(default_factory=Path.cwd)
    environment: Environment = field(default_factory=Environment)
    progress: Progress = field(default_factory=Silent)
    judged: tuple[Path, ...] = ()
    limits: Limits = WITHOUT_FACTS

    @classmethod
    def of(cls, gathering: Gathering, environment: Environment, attested: Path) -> Desk:
        """That of a run, where the model that is attested and its parents are judged."""
        places = (subject.place for subject in gathering.session.subjects)
        return cls(
            at=gathering.at,
            environment=environment,
            progress=gathering.progress,
            judged=(attested, *(place for place in places if place)),
        )


def dataset(text: str, desk: Desk) -> Material:
    """A file or folder by its digest, a data set of a Hub by its commit, or a URI.

    Raises ConfigError for anything else, SourceError for what cannot be read.
    """
    option = "--dataset"
    if os.path.lexists(text):
        return _local(text, MaterialKind.DATASET, option, desk)
    page = PAGE.fullmatch(text)
    prefix = next((one for one in PREFIXES if text.startswith(one)), "")
    named, _, revision = text.removeprefix(prefix).partition("@")
    if page:
        named, revision = page[1], page[2] or revision
    if not is_repo(named) or (prefix.startswith("https:") and not page and "@" not in text):
        return _named(text, MaterialKind.DATASET, option)
    if not prefix and Path(named.partition("/")[0]).is_dir():
        message = f"there is no such file; a data set of a Hub would be hf://datasets/{named}"
        raise ConfigError(message, path=f"{option} {named}")
    if revision and not COMMIT.fullmatch(revision):
        message = f"expected a commit, which does not move, found {revision[:80]!r}: "
        raise ConfigError(f"{message}{named}@<40 hex digits>", path=option)
    digest = (("gitCommit", revision),) if revision else ()
    place = f"{desk.environment.endpoint or HUB}/datasets/{named}"
    return Material(kind=MaterialKind.DATASET, uri=place, digest=digest)


def code(text: str, desk: Desk) -> Material:
    """The commit of the git repository around a folder, a file by its digest, or a URI.

    Raises ConfigError for anything else, and for a repository inside a folder that is judged.
    """
    option = "--code"
    if os.path.isdir(text):
        return repository(_repository(Path(text), desk, option))
    if os.path.lexists(text):
        return _local(text, MaterialKind.CODE, option, desk)
    return _named(text, MaterialKind.CODE, option)


def repository(own: Repository) -> Material:
    """The commit of the caller's own repository, whether it has changes, and where it is from.

    `dirty` says that files of the commit are changed, `untracked` how many are in none. What must
    not be published of its remote is left out. Raises ConfigError where there is no commit.
    """
    commit = own.head()
    notes: list[tuple[str, str | int | bool]] = [("dirty", own.is_dirty())]
    if untracked := own.untracked():
        notes.append(("untracked", untracked))
    remote = own.remote()
    named = f"{remote}@{commit}" if remote else ""
    fits = uri.is_uri(named) and not any(refusals({"uri": named}))
    return Material(
        kind=MaterialKind.CODE,
        uri=named if fits else "",
        digest=(("gitCommit", commit),),
        notes=tuple(notes),
    )


def container(text: str, _: Desk) -> Material:
    """An image by its digest, or ConfigError; `ghcr.io/acme/train@sha256:…` is one too."""
    option = "--container"
    has_scheme = "://" in text or text.startswith("pkg:")
    found, digest = uri.split(text if has_scheme else f"docker://{text}", option)
    if not digest or digest[0][0] != "sha256":
        message = f"expected IMAGE@sha256:<64 hex digits>, found {uri.shown(text)}: "
        raise ConfigError(f"{message}`{HOW_TO_DIGEST}` prints it", path=option)
    return Material(kind=MaterialKind.CONTAINER, uri=found, digest=digest)


def byproduct(text: str, desk: Desk) -> Material:
    """What came of the step beside the model: a file or folder by its digest, or a URI."""
    if os.path.lexists(text):
        return _local(text, BYPRODUCT, "--byproduct", desk)
    return _named(text, BYPRODUCT, "--byproduct")


Reader = Callable[[str, Desk], Material]


def _named(text: str, kind: str, option: str) -> Material:
    if not uri.is_uri(text) and not uri.DIGEST.search(text):
        message = f"expected a file that is there or a URI, found {uri.shown(text)}"
        also = ", or org/name@<commit> of a Hub" if kind == MaterialKind.DATASET else ""
        raise ConfigError(
            f"{message}: write https://…, or git+https://…@<commit>{also}", path=option
        )
    found, digest = uri.split(text, option)
    return Material(kind=kind, uri=found, digest=digest)


def _local(text: str, kind: str, option: str, desk: Desk) -> Material:
    """A file or folder below the caller's own, by its relative path, digest and size."""
    path = Path(os.path.normpath(desk.folder.absolute() / text))
    if not path.is_relative_to(desk.folder.absolute()):
        message = "lies outside the folder that you stand in, and its path would be published: "
        raise ConfigError(f"{message}go to a folder above it, or write its URI", path=option)
    name = path.relative_to(desk.folder.absolute()).as_posix()
    if path.is_dir():
        _check_whole(layout(path, desk.limits.entries).observations, name, option, desk.limits)
    evidence = directory.collect(
        path,
        ref=Ref(text=str(path)),
        at=desk.at,
        progress=desk.progress,
        limits=desk.limits,
    )
    _check_whole(evidence.observations, name, option, desk.limits)
    files = evidence.manifest.files
    if not files or not all(file.sha256 for file in files):
        raise ConfigError("there is no file that can be read", path=f"{option} {name}")
    folder = path.is_dir()
    digest = evidence.manifest.digest.removeprefix("sha256:") if folder else files[0].sha256
    notes: dict[str, str | int] = {"path": name, "size": sum(file.size for file in files)}
    if folder:
        notes["files"] = len(files)
    return Material(
        kind=kind,
        digest=((MANIFEST if folder else "sha256", digest),),
        notes=tuple(sorted(notes.items())),
    )


def _check_whole(
    observations: Iterable[Observation], name: str, option: str, limits: Limits
) -> None:
    """Nothing was seen that a digest would not cover, or ConfigError."""
    for seen in observations:
        if seen.code == "limit" and not seen.path:
            message = f"holds more than {limits.entries:,} files: pack them into archives, or name "
            raise ConfigError(f"{message}the URI of a list", path=f"{option} {name}")
        if seen.code in BLIND:
            raise ConfigError(seen.detail, path=f"{option} {name}/{seen.path}")


def _repository(folder: Path, desk: Desk, option: str) -> Repository:
    found = Repository.around(folder.resolve(), desk.environment)
    for judged in desk.judged:
        if found.top.is_relative_to(judged.resolve()):
            message = "lies in a folder that is judged, where no git may run: write URI@<commit>"
            raise ConfigError(message, path=option)
    return found
