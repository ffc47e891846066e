"""Registries that a server publishes, as the command line has them: which root, which cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError

if TYPE_CHECKING:
    from provenance.registry.remote import Place, Published

MAX_ROOT = 1 << 19
RECENT = 60
"""Seconds that nobody calls an age."""


def place_of(
    url: str, roots: Sequence[tuple[str, str]], judged: Sequence[Path], *, offline: bool
) -> Place:
    """How the registry at `url` is had: by the committed root for it, from its server or the cache.

    ConfigError where a fresh machine would have to trust whatever answers first.
    """
    from provenance.registry.remote import Place
    from provenance.source.hub.cache import is_offline

    root = _root(url, roots, judged)
    if root is None and _in_ci():
        raise ConfigError(
            "has no committed root, and in CI every use is a first use: "
            f"`provenance registry pin {url} --root root.json`, and commit what it writes",
            path=url,
        )
    return Place(url=url, root=root, cache=_cache(), offline=offline or is_offline())


def described(published: Published) -> str:
    """Name, version and age in one line."""
    release = published.registry.releases[0]
    age = ""
    if release.seen:
        passed = datetime.now(UTC) - release.seen
        if passed.total_seconds() > RECENT:
            hours = int(passed.total_seconds() // 3600)
            age = f", kept {passed.days} days ago" if passed.days else f", kept {hours} hours ago"
    first = f", FIRST USE of the root sha256:{published.first_use}" if published.first_use else ""
    return f"{release.name} version {release.version} from {published.url}{age}{first}"


def _root(url: str, roots: Sequence[tuple[str, str]], judged: Sequence[Path]) -> bytes | None:
    """The committed root: that of this URL, else the only one that there is."""
    named = dict(roots)
    file = named.get(url) or (roots[0][1] if len(roots) == 1 else None)
    if file is None:
        return None
    real = Path(os.path.realpath(file))
    if any(real.is_relative_to(os.path.realpath(place)) for place in judged):
        raise ConfigError("lies inside the model that is judged", path=file)
    try:
        with open(file, "rb") as stream:
            return stream.read(MAX_ROOT + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror}; the registry is trusted by it"
        raise ConfigError(message, path=file) from None


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _cache() -> Path | None:
    """Where what was verified is kept, or None for a user without a home."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    return Path(base, "provenance", "registries") if base else None
