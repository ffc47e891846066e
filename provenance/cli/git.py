"""The caller's own git repository, read and never changed; nothing in its configuration runs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from provenance.errors import ConfigError

# A repository's configuration can name programs; these are the ones that reading could start.
HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, by its top folder."""

    top: Path

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """The repository that a folder lies in, or ConfigError."""
        for top in (folder.absolute(), *folder.absolute().parents):
            if os.path.lexists(top / ".git"):
                return cls(top)
        raise ConfigError("lies in no git repository", path=str(folder))

    def merge_base(self, revision: str) -> str:
        """The commit at which HEAD and `revision` part, or ConfigError."""
        if revision.startswith("-"):
            raise ConfigError(f"expected a revision, found {revision!r}", path="--base")
        commit = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if commit is None:
            raise ConfigError(
                f"no commit {revision!r} here: fetch it (actions/checkout with fetch-depth: 0)"
            )
        found = self._run("merge-base", "HEAD", commit.decode().strip())
        if found is None:
            raise ConfigError(f"HEAD and {revision} have no commit in common: fetch more history")
        return found.decode().strip()

    def files(self, commit: str, paths: list[str]) -> list[str]:
        """The files at or below `paths` in a commit."""
        listed = self._run("ls-tree", "-r", "-z", "--name-only", commit, "--", *paths)
        return [name for name in (listed or b"").decode("utf-8", "replace").split("\0") if name]

    def file(self, commit: str, path: str) -> bytes | None:
        """A file as it was in a commit, or None."""
        return self._run("cat-file", "blob", f"{commit}:{path}")

    def _run(self, *words: str) -> bytes | None:
        """What git prints, or None if it refuses."""
        if (git := which("git")) is None:
            raise ConfigError("git is not installed, and a pull request's base lies in it")
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
        ended = subprocess.run(
            [git, "--literal-pathspecs", *HARMLESS, *words],
            cwd=self.top,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return ended.stdout if ended.returncode == 0 else None
