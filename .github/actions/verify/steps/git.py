"""What git says of the commits that are here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .runner import Stopped

DUBIOUS = "dubious ownership"


def git(*words: str) -> str:
    """What git says, or nothing where it refuses."""
    ended = _run(*words)
    return ended.stdout.strip() if ended.returncode == 0 else ""


def paths(*words: str) -> list[str]:
    """The paths that git lists with `-z`, or none where it refuses."""
    ended = _run(*words)
    return [name for name in ended.stdout.split("\0") if name] if ended.returncode == 0 else []


def check_readable() -> None:
    """Stopped where git reads nothing here, most often since the checkout is another user's."""
    ended = _run("rev-parse", "--git-dir")
    if ended.returncode == 0:
        return
    here = Path.cwd()
    if DUBIOUS in ended.stderr:
        owner, own = here.stat().st_uid, os.geteuid()
        raise Stopped(
            f"the checkout {here} belongs to the user {owner}, and this step runs as {own}, so git "
            f"reads nothing in it: run the job's container as its owner (options: --user {owner}), "
            f"or hand the checkout over in a step before this one: chown -R {own} {here}"
        )
    said = " ".join(ended.stderr.split()) or "no repository"
    raise Stopped(f"git reads nothing in {here}: {said}: use actions/checkout before this action")


def behind_a_link(file: Path) -> bool:
    """Whether a file of the checkout is a link, or lies in a folder that is one."""
    inside = Path(os.path.relpath(file))
    return any(place.is_symlink() for place in (inside, *inside.parents))


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    words = ("-c", "core.fsmonitor=false", *words)
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        ["git", *words],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        env=environment,
    )
