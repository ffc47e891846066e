"""Where registries come from: the package itself, files, and servers that publish them by TUF."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.policy import BUILTIN
from provenance.registry.file import folder_of, load
from provenance.registry.fingerprints import Keeper
from provenance.registry.starter import STARTER, starter
from provenance.trust import Registry, Root, merge
from provenance.trust.reading import is_url

if TYPE_CHECKING:
    from provenance.registry.remote import Location, Published

__all__ = ["Loaded", "load", "load_all", "starter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The registries that were named, as one, and those of them that a server publishes.

    `keepers` have the fingerprints of each, in the order of `registry.each`.
    """

    registry: Registry
    published: tuple[Published, ...] = ()
    keepers: tuple[Keeper, ...] = ()

    def fingerprinted(self) -> Iterator[tuple[Root, Keeper]]:
        """Every root with a fingerprint, and who has the file: an earlier registry's before a
        later one's. Nothing is read yet; of whom nobody knows who speaks, there is none."""
        for part, keeper in zip(self.registry.each, self.keepers, strict=True):
            for root in (root for org in part.orgs if not org.unknown for root in org.roots):
                if root.fingerprint:
                    yield root, keeper


def load_all(
    names: Sequence[str],
    base: Path,
    *,
    judged: Sequence[Path] = (),
    place: Callable[[str], Location] | None = None,
) -> Loaded:
    """The registries of `names` as one, an earlier one before a later one, or ConfigError.

    The first must be usable. Another that is malformed fails alone: its parties are unknown, and so
    is what it revoked, which every verdict says. A name is `builtin`, the path of a file or folder,
    relative to `base`, or a URL, of which `place` knows how it is had. None of them is read from
    inside a `judged` directory.
    """
    within = [os.path.realpath(path) for path in judged]
    registries: list[Registry] = []
    keepers: list[Keeper] = []
    published: list[Published] = []
    unusable: list[tuple[str, str]] = []
    for name in names:
        remote = place(name) if is_url(name) and place else None
        _check(name, base, within)
        try:
            if remote:
                from provenance.registry.remote import open_published

                published.append(open_published(remote))
                registries.append(published[-1].registry)
                keepers.append(published[-1])
            else:
                registries.append(_load(name, base))
                keepers.append(STARTER if name == BUILTIN else folder_of(base / name))
        except ConfigError as error:
            if not registries or not (remote or (base / name).exists()):
                raise
            unusable.append((name, str(error)))
    registry = replace(merge(registries), unusable=tuple(unusable))
    return Loaded(registry=registry, published=tuple(published), keepers=tuple(keepers))


def _check(name: str, base: Path, judged: Sequence[str]) -> None:
    """The caller may name it."""
    if name == BUILTIN or is_url(name):
        return
    if "://" in name:
        raise ConfigError("expected a path or an https URL", path=name[:200])
    if not name.strip():
        raise ConfigError("a registry's path is empty")
    if any(Path(os.path.realpath(base / name)).is_relative_to(path) for path in judged):
        raise ConfigError("the registry lies inside the model that is judged", path=name[:200])


def _load(name: str, base: Path) -> Registry:
    if is_url(name):
        raise ConfigError("expected a path or an https URL", path=name[:200])
    return starter() if name == BUILTIN else load(base / name)
