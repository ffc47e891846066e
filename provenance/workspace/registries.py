"""By what it is judged: which root and cache a registry has, and what reports call it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.policy import BUILTIN, Settings
from provenance.registry import Loaded
from provenance.registry.file import read_text
from provenance.registry.store import FILE_NAME as REGISTRY
from provenance.workspace.environment import Environment
from provenance.workspace.request import Request
from provenance.workspace.settings import is_own

if TYPE_CHECKING:
    from provenance.registry.remote import Location, Published
    from provenance.workspace.merge_base import Base

SHORT = 12
OWN_ALONE = "it must be yours, and nobody else may write it"
RECENT = 60
"""Seconds that nobody calls an age."""


def place_of(
    url: str,
    roots: Sequence[tuple[str, str]],
    judged: Sequence[Path],
    environment: Environment,
    *,
    offline: bool,
) -> Location:
    """How the registry at `url` is had: by the committed root for it, from its server or the cache.

    ConfigError where a fresh machine would have to trust whatever answers first.
    """
    from provenance.registry.remote import Location
    from provenance.source.hub.cache import is_offline

    root = _root(url, roots, judged)
    cache = environment.cache
    if root is None and (why := environment.forgets or _unkept(cache)):
        raise ConfigError(
            f"has no committed root, and {why}, so that every use would be a first use: "
            f"`provenance registry pin {url} --root root.json`, and commit what it writes",
            path=url,
        )
    return Location(
        url=url,
        root=root,
        cache=cache,
        offline=offline or is_offline(),
        authorities=environment.authorities,
    )


def described(published: Published) -> str:
    """Name, version and age in one line."""
    release = published.registry.releases[0]
    age = ""
    if release.seen:
        passed = datetime.now(UTC) - release.seen
        if passed.total_seconds() > RECENT:
            hours = int(passed.total_seconds() // 3600)
            age = f", kept {passed.days} days ago" if passed.days else f", kept {hours} hours ago"
    first = published.first_use
    said = (
        f", FIRST USE of the root sha256:{first} until `provenance registry pin`" if first else ""
    )
    return f"{release.name} version {release.version} from {published.url}{age}{said}"


def _root(url: str, roots: Sequence[tuple[str, str]], judged: Sequence[Path]) -> bytes | None:
    """The committed root: that of this URL, else the only one that there is."""
    named = dict(roots)
    file = named.get(url) or (roots[0][1] if len(roots) == 1 else None)
    if file is None:
        return None
    real = Path(os.path.realpath(file))
    if any(real.is_relative_to(os.path.realpath(place)) for place in judged):
        raise ConfigError("lies inside the model that is judged", path=file)
    return read_text(Path(file)).encode()


def _unkept(cache: Path | None) -> str:
    """Why nothing can be kept, or nothing."""
    from provenance.registry.keeping import may_keep

    if cache is None:
        return "there is no HOME to keep what was seen"
    return "" if may_keep(cache) else f"{cache} cannot keep what was seen: {OWN_ALONE}"


def policy_source(own: Settings, base: Base | None) -> str:
    """What reports call the policy: its file, and the commit if it is that of a base."""
    at = f" at {base.commit[:SHORT]}" if base else ""
    return f"{own.source}{at}" if own.source else "no provenance.toml: the defaults"


def registry_source(names: Sequence[str], loaded: Loaded, base: Base | None) -> str:
    """What reports call the registries: name, version and age of those that have them."""
    return ", ".join(_registry(name, loaded, base) for name in names)


def short(path: str) -> str:
    """The path from here, where that is shorter."""
    return min(path, os.path.relpath(path), key=len)


def _registry(name: str, loaded: Loaded, base: Base | None) -> str:
    if name == BUILTIN:
        return "the starter registry built into this version"
    for published in loaded.published:
        if published.url == name:
            return described(published)
    if base and Path(name).is_relative_to(base.root):
        return f"{Path(name).relative_to(base.root).as_posix()} at {base.commit[:SHORT]}"
    return short(name)


def with_registry_here(request: Request, folder: Path, user: int) -> Request:
    """The request by the trust.toml of the folder in which settings are begun, where it names no
    registry, the file is the user's own, and no model that it names holds it."""
    file = folder / REGISTRY
    judged = [os.path.realpath(folder / ref) for ref in request.refs if (folder / ref).is_dir()]
    holds = any(Path(os.path.realpath(file)).is_relative_to(place) for place in judged)
    if request.registry or holds or not (file.is_file() and is_own(file, user)):
        return request
    return replace(request, registry=(REGISTRY, BUILTIN))
