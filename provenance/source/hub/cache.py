"""Where the Hub's own cache keeps the snapshots of a repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

from huggingface_hub import constants

from provenance.errors import ConfigError, SourceError
from provenance.refs import MAIN
from provenance.source.files import write

DIGITS = 40
COMMIT = re.compile(f"[0-9a-f]{{{DIGITS}}}")
OUR_REF = "provenance"
"""The name a fetched commit is kept by: never `main`, which an unpinned load would take."""

STAGING = ".provenance"
KINDS = frozenset({"datasets", "spaces", "kernels"})
"""What stands before the name of a repository that is no model."""


def folder(cache: Path | None, repo: str) -> Path:
    """The folder of a repository in the cache; `cache` None is where this machine has it.

    ConfigError for a user without a home, who names none, and where it is no folder.
    """
    base = known(cache)
    if base is None:
        raise ConfigError(
            "this user has no home directory for the Hub's cache: name a cache with --cache-dir, "
            "or a folder for the model with --local-dir",
            path="HF_HUB_CACHE",
        )
    if os.path.lexists(base) and not base.is_dir():
        where = "HF_HUB_CACHE" if cache is None else "--cache-dir"
        raise ConfigError(f"{base} is not a folder", path=where)
    return base / folder_name(repo)


def folder_name(repo: str) -> str:
    """What the folder of a repository is called: `models--org--name`, `kernels--org--name`."""
    kind, _, rest = repo.partition("/")
    whole = repo if kind in KINDS and "/" in rest else f"models/{repo}"
    return whole.replace("/", "--")


def known(cache: Path | None) -> Path | None:
    """Where the cache is: `cache`, or where this machine has it; None for a user without a home."""
    base = cache or Path(constants.HF_HUB_CACHE)
    return None if cache is None and (not base.parts or base.parts[0] == "~") else base


def snapshot(cache: Path | None, repo: str, commit: str) -> Path:
    """The folder of a snapshot, which may not be there."""
    return folder(cache, repo) / "snapshots" / commit_folder(commit)


def commit_folder(commit: str) -> str:
    """What the folder of a revision is called: 40 hex digits, as every loader expects."""
    return commit.removeprefix("sha256:")[:DIGITS]


def staging(cache: Path | None, repo: str, commit: str) -> Path:
    """Where a commit is made ready, on the file system of the cache."""
    top = folder(cache, repo)
    return top.parent / STAGING / f"{top.name}--{commit_folder(commit)}"


def resolved(cache: Path | None, repo: str, revision: str | None) -> tuple[Path, str]:
    """The snapshot that is here for a revision and its commit, or SourceError."""
    asked = revision or MAIN
    commit = asked if COMMIT.fullmatch(asked) else _named(folder(cache, repo), asked)
    place = snapshot(cache, repo, commit) if commit else None
    if commit is None or place is None or not place.is_dir():
        raise SourceError(
            f"{repo}@{asked} is not in the cache, and nothing may be asked for offline"
        )
    return place, commit


def keep(cache: Path | None, repo: str, commit: str) -> None:
    """The ref of ours names the commit, so that pruning the cache leaves its snapshot."""
    refs = folder(cache, repo) / "refs"
    refs.mkdir(exist_ok=True)
    write(refs / OUR_REF, commit_folder(commit))


def _named(place: Path, revision: str) -> str | None:
    try:
        text = (place / "refs" / revision).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return text if COMMIT.fullmatch(text) else None


def is_offline() -> bool:
    """Whether this machine's settings for the Hub forbid asking it."""
    return bool(constants.HF_HUB_OFFLINE)
