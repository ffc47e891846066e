"""Settings that were not used, since they are not the caller's own: whose they are, the way out."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from provenance.errors import ConfigError
from provenance.verdict import Finding, failed


def finding(path: Path) -> Finding:
    """What a report says of them where other settings, or none, were used."""
    message = f"{_why(path)}; or name it with --policy, which takes its [policy] alone"
    return failed("policy/foreign-settings", message, str(path))


def refused(path: Path) -> ConfigError:
    """The error where there is nothing to judge without them."""
    return ConfigError(_why(path), path=str(path))


def _why(path: Path) -> str:
    """Who else may write a file, and what to type so that it is used."""
    own = os.geteuid()
    try:
        found = (path.lstat(), path.stat())
    except OSError as error:
        return f"cannot be read, and was not used: {error.strerror}"
    named = shlex.quote(str(path))
    for seen in found:
        if seen.st_uid not in (own, 0):
            owner = f"{seen.st_uid}:{seen.st_gid}"
            return (
                f"belongs to the user {seen.st_uid}, and this runs as {own}: it was not used. Run "
                f"as its owner (a container: --user {owner}), or hand it over: chown {own} {named}"
            )
    mode = stat.S_IMODE(found[-1].st_mode)
    return f"everybody may write it (mode {mode:o}), and it was not used: chmod o-w {named}"
