"""The caller's own git repository, read and never changed; nothing in its configuration runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from provenance.errors import ConfigError
from provenance.workspace.environment import Environment

LINK, SUBMODULE = "120000 ", "160000 "
SHORT = 12
NEW = b"?? "
OVER = {"https": "git+https", "http": "git+http", "ssh": "git+ssh", "git": "git"}
OVER |= {over: over for over in OVER.values()}
BY_SHELL = re.compile(r"(?:[^@/\s]+@)?([A-Za-z0-9][\w.-]+):(?!/?/)([^\s]+)")
"""`git@host:path`, which is no URL."""
# A repository's configuration can name programs; these are the ones that reading could start.
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, by its top folder; git runs with the variables of the caller."""

    top: Path
    environment: Environment

    @classmethod
    def around(cls, folder: Path, environment: Environment) -> Repository:
        """The repository that a folder lies in, or ConfigError."""
        for top in (folder.absolute(), *folder.absolute().parents):
            if os.path.lexists(top / ".git"):
                return cls(top, environment)
        raise ConfigError("lies in no git repository", path=str(folder))

    def commit(self, revision: str) -> str:
        """The commit that `revision` names, or ConfigError."""
        if revision.startswith("-"):
            raise ConfigError(f"expected a revision, found {revision!r}", path="--base")
        found = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if found is None:
            self._check_readable()
            raise ConfigError(
                f"no commit {revision!r} here: fetch it (actions/checkout with fetch-depth: 0)"
            )
        return found.decode().strip()

    def outer(self) -> Path | None:
        """The repository that has this one as a submodule, if one has."""
        for top in self.top.parents:
            if os.path.lexists(top / ".git"):
                path = self.top.relative_to(top).as_posix()
                listed = (
                    Repository(top, self.environment)._run("ls-tree", "HEAD", "--", path) or b""
                )
                return top if os.fsdecode(listed).startswith(SUBMODULE) else None
        return None

    def head(self) -> str:
        """The commit that is checked out, or ConfigError where there is none."""
        found = self._run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if found is None:
            self._check_readable()
            raise ConfigError("has no commit: `git commit` first", path=str(self.top))
        return found.decode().strip()

    def is_dirty(self) -> bool:
        """Whether a file of the commit is changed, in the index, on disk or in a submodule."""
        return any(not row.startswith(NEW) for row in self._status("no"))

    def untracked(self) -> int:
        """How many files and whole folders are in no commit, and are not ignored."""
        return sum(row.startswith(NEW) for row in self._status("normal"))

    def _status(self, untracked: str) -> list[bytes]:
        listed = self._run("status", "--porcelain=v1", "-z", f"--untracked-files={untracked}")
        if listed is None:
            self._check_readable()
            raise ConfigError("git tells no state of it: try `git status`", path=str(self.top))
        return [row for row in listed.split(b"\0") if row]

    def remote(self) -> str:
        """Where it was cloned from, as `git+https://…` or `git+ssh://…` without user, or nothing.

        That of `origin`, else of the only remote; one on this machine is nothing.
        """
        names = (self._run("remote") or b"").decode("utf-8", "replace").split()
        name = "origin" if "origin" in names else "".join(names) if len(names) == 1 else ""
        found = self._run("config", "--get", f"remote.{name}.url") if name else None
        return _address((found or b"").decode("utf-8", "replace").strip())

    def merge_base(self, commit: str) -> str:
        """The commit at which HEAD and `commit` part, or ConfigError."""
        found = self._run("merge-base", "HEAD", commit)
        if found is None:
            raise ConfigError(f"HEAD and {commit} have no commit in common: fetch more history")
        return found.decode().strip()

    def files(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """The files at or below `paths` in a commit; ConfigError where a link lies among them."""
        if not paths:
            return ()
        listed = self._run("ls-tree", "-r", "-z", commit, "--", *paths) or b""
        rows = [os.fsdecode(row).partition("\t") for row in listed.split(b"\0") if row]
        for about, _, name in rows:
            if about.startswith(LINK):
                message = f"is a link in {commit[:SHORT]}; expected a file: commit the file itself"
                raise ConfigError(message, path=name)
        return tuple(name for _, _, name in rows)

    def _check_readable(self) -> None:
        """ConfigError where git reads nothing here, since the folder is another user's."""
        if self._run("rev-parse", "--git-dir") is None:
            owner, own = self.top.stat().st_uid, os.geteuid()
            if owner in (own, 0):
                raise ConfigError("git reads nothing here: is it whole?", path=str(self.top))
            raise ConfigError(
                f"belongs to the user {owner}, and this runs as {own}, so git reads nothing in it: "
                f"run as its owner (a container: --user {owner}), or, if you expect that owner, "
                f"`git config --global --add safe.directory {shlex.quote(str(self.top))}`",
                path=str(self.top),
            )

    def file(self, commit: str, path: str) -> bytes | None:
        """A file as it was in a commit, or None."""
        return self._run("cat-file", "blob", f"{commit}:{path}")

    def _run(self, *words: str) -> bytes | None:
        """What git prints, or None if it refuses."""
        if (git := which("git", path=self.environment.variables.get("PATH"))) is None:
            raise ConfigError("git is not installed, and a pull request's base lies in it")
        ended = subprocess.run(
            [git, "--literal-pathspecs", *HARMLESS, *words],
            cwd=self.top,
            env={**self.environment.variables, **QUIET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return ended.stdout if ended.returncode == 0 else None


def _address(remote: str) -> str:
    """A remote as a URI without what stands before its host, query and fragment, or nothing."""
    if "://" not in remote:
        short = BY_SHELL.fullmatch(remote)
        return f"git+ssh://{short[1]}/{short[2]}" if short else ""
    scheme, _, rest = re.split(r"[?#\s]", remote, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    over = OVER.get(scheme.lower())
    return f"{over}://{authority.rpartition('@')[2]}{slash}{path}" if over else ""
