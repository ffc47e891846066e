"""Finding and reading the caller's `provenance.toml`, never one that the judged model brought."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.policy import BUILTIN, Model, Settings
from provenance.registry.file import read_table, read_text
from provenance.trust.reading import is_url

FILE_NAME = "provenance.toml"
PROJECT_FILE_NAME = "pyproject.toml"
TOOL = "tool.provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the upward search found: the file to use, if any, and those of other users it left."""

    path: Path | None = None
    foreign: tuple[Path, ...] = ()


def find(
    start: Path, judged: Sequence[Path], *, home: Path | None = None, user: int | None = None
) -> Found:
    """The nearest file from `start` upwards that is the caller's own, or ConfigError.

    The search begins above every judged directory that contains `start`; it ends at the folder of
    a repository (one with `.git`), at `home` or at the top. A file is the caller's own if `user`
    (the effective one) or root owns it and not everybody may write it. A `pyproject.toml` counts
    if it has `[tool.provenance]`; both files in one folder are an error.
    """
    models = [_real(path) for path in judged]
    owner = os.geteuid() if user is None else user
    foreign: list[Path] = []
    for folder in folders(start, judged, home):
        present = [file for file in _candidates(folder) if os.path.lexists(file)]
        strangers = [file for file in present if not is_own(file, owner)]
        foreign += [file for file in strangers if _may_speak(file)]
        own = [file for file in present if file not in strangers and _speaks(file)]
        if own:
            return Found(path=_single(own, models), foreign=tuple(foreign))
    return Found(foreign=tuple(foreign))


def load(path: Path) -> Settings:
    """The settings of a `provenance.toml`, or of `[tool.provenance]` of a `pyproject.toml`.

    Paths of registries and models are made absolute, relative ones from the file's folder.
    ConfigError carries the file's name and the path inside it.
    """
    table = read_table(path)
    if path.name == PROJECT_FILE_NAME:
        if (tool := _tool(table)) is None:
            raise ConfigError(f"has no [{TOOL}]", path=path.name)
        settings = Settings.from_table(tool, source=path.name, path=TOOL)
    else:
        settings = Settings.from_table(table, source=path.name)
    return _anchored(settings, path.parent.absolute())


def speaks(name: str, data: bytes) -> bool:
    """Whether a file of this name and content is one of settings; what cannot be read may be."""
    if name == FILE_NAME:
        return True
    try:
        return _tool(tomllib.loads(data.decode("utf-8-sig"))) is not None
    except ValueError:
        return b"provenance" in data


def is_own(path: Path, user: int) -> bool:
    """Whether the file, and the link to it if it is one, belong to `user` or root alone."""
    try:
        link, file = path.lstat(), path.stat()
    except OSError:
        return False
    owners = {link.st_uid, file.st_uid}
    return owners <= {user, 0} and not file.st_mode & stat.S_IWOTH


def folders(start: Path, judged: Sequence[Path], home: Path | None) -> Iterator[Path]:
    """Where a file of the caller's may lie, from `start` upwards and outside of what is judged."""
    first, models = _real(start), [_real(path) for path in judged]
    last = _real(home) if home else None
    for folder in (first, *first.parents):
        if any(folder.is_relative_to(path) for path in models):
            continue
        yield folder
        if folder == last or os.path.lexists(folder / ".git"):
            return


def _candidates(folder: Path) -> tuple[Path, Path]:
    return folder / FILE_NAME, folder / PROJECT_FILE_NAME


def _speaks(file: Path) -> bool:
    return file.name == FILE_NAME or _tool(read_table(file)) is not None


def _may_speak(file: Path) -> bool:
    if file.name == FILE_NAME:
        return True
    try:
        return "provenance" in read_text(file)
    except ConfigError:
        return True


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _tool(table: dict[str, object]) -> object:
    tool = table.get("tool")
    return tool.get("provenance") if isinstance(tool, dict) else None


def _single(files: Sequence[Path], judged: Sequence[Path]) -> Path:
    if len(files) > 1:
        raise ConfigError(
            f"{files[0].name} and [{TOOL}] in {files[1].name} are both there; keep one",
            path=str(files[0].parent),
        )
    target = _real(files[0])
    if any(target.is_relative_to(path) for path in judged):
        raise ConfigError("links into the model that is judged", path=str(files[0]))
    return files[0]


def _anchored(settings: Settings, folder: Path) -> Settings:
    return replace(
        settings,
        registry=tuple(_anchored_name(name, folder) for name in settings.registry),
        registry_roots=tuple((url, str(folder / file)) for url, file in settings.registry_roots),
        weighing=replace(
            settings.weighing,
            key=str(folder / settings.weighing.key) if settings.weighing.key else None,
            fingerprints=tuple(str(folder / place) for place in settings.weighing.fingerprints),
        ),
        models=tuple(_anchored_model(model, folder) for model in settings.models),
    )


def _anchored_name(name: str, folder: Path) -> str:
    return name if name == BUILTIN or is_url(name) else str(folder / name)


def _anchored_model(model: Model, folder: Path) -> Model:
    return model if model.path is None else replace(model, path=str(folder / model.path))
