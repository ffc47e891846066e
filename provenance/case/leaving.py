"""What a reader types to leave files out of a model."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable

from provenance.errors import ConfigError
from provenance.model import Evidence
from provenance.selection import literal, matches, patterns_of

MOST = 20
"""Files that one line leaves out."""
FEW = 5
"""Files that are named one by one; more are, where that is possible, by patterns."""


def lines_without(evidence: Evidence, patterns: Iterable[str]) -> str:
    """The line that leaves these out, for the settings, and the same as a command.

    Both keep what is left out already.
    """
    every = list(dict.fromkeys((*evidence.exclude, *patterns)))
    options = " ".join(f"--exclude {shlex.quote(pattern)}" for pattern in every)
    return f"exclude = {json.dumps(every, ensure_ascii=False)}\n{added(evidence, options)}"


def added(evidence: Evidence, options: str) -> str:
    """The command by which other files are meant: of a repository in the settings, of a place on
    disk for this once."""
    repo, asked = evidence.ref.repo, evidence.ref.text
    if repo and asked.partition("@")[0] == repo:
        return f"provenance add {repo} {options}"
    named = f" --as {shlex.quote(repo)}" if repo else ""
    return f"provenance verify {shlex.quote(asked)}{named} {options}"


def lines_without_files(evidence: Evidence, paths: Collection[str]) -> str:
    """The same for these files and no others; nothing where no line can say their names."""
    among = evidence.manifest.by_path
    patterns = () if len(paths) <= FEW else patterns_of(paths, among)
    found = patterns or tuple(literal(path) for path in sorted(paths))
    said = len(found) <= MOST and all(pattern.isprintable() for pattern in found)
    return lines_without(evidence, found) if said and _means(found, paths) else ""


def _means(patterns: Collection[str], paths: Collection[str]) -> bool:
    """Whether the settings can hold these patterns, and they take each of the paths."""
    try:
        return not any(matches(path, [], tuple(patterns)) for path in paths)
    except ConfigError:
        return False
