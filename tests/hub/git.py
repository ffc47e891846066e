"""Bare git repositories by plumbing alone: nobody's configuration, hooks or templates take part."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock

AUTHOR = "tester <tester@localhost>"
POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize ([0-9]+)\n"
)
LONGEST_POINTER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lfs:
    """What a pointer says."""

    sha256: str
    size: int
    pointer_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a tree; `oid` is git's, of the pointer where there is one."""

    path: str
    oid: str
    size: int
    directory: bool
    lfs: Lfs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One row of a log."""

    id: str
    at: datetime
    author: str
    title: str
    message: str


def run(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints for the repository in `folder`."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_DIR": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
    }
    done = subprocess.run(["git", *arguments], input=given, env=environment, capture_output=True)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout


def init(folder: Path) -> None:
    """An empty repository is in `folder`."""
    folder.mkdir(parents=True)
    run(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")


def commit(
    folder: Path,
    ref: str,
    blobs: Mapping[str, bytes],
    *,
    remove: Iterable[str],
    parent: str | None,
    replace: bool,
    message: str,
    at: datetime,
) -> str:
    """A commit on `parent` that `ref` now names."""
    parts = [
        f"reset {ref}\ncommit {ref}\nmark :1\n".encode(),
        f"committer {AUTHOR} {int(at.timestamp())} +0000\n".encode(),
        _data(message.encode()),
        f"from {parent}\n".encode() if parent else b"",
        b"deleteall\n" if replace else b"",
        *(f"D {_quoted(path)}\n".encode() for path in remove),
    ]
    for path, blob in blobs.items():
        parts += [f"M 100644 inline {_quoted(path)}\n".encode(), _data(blob)]
    parts.append(b"get-mark :1\ndone\n")
    words = ("fast-import", "--quiet", "--force", "--done")
    with _refs_lock:
        printed = run(folder, *words, given=b"".join(parts))
        _refs.pop(folder, None)
    return printed.decode().strip()


def _data(text: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(text), text)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def point(folder: Path, ref: str, commit: str) -> None:
    """`ref` names `commit`."""
    with _refs_lock:
        run(folder, "update-ref", ref, commit)
        _refs.pop(folder, None)


def refs(folder: Path) -> Mapping[str, str]:
    """Every ref and the commit it names, through tag objects; git is asked once a change."""
    with _refs_lock:
        if folder not in _refs:
            _refs[folder] = _asked_for_refs(folder)
        return _refs[folder]


_refs: dict[Path, Mapping[str, str]] = {}
_refs_lock = Lock()


def _asked_for_refs(folder: Path) -> Mapping[str, str]:
    form = "--format=%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)"
    rows = (line.split(" ") for line in run(folder, "for-each-ref", form).decode().splitlines())
    return {row[0]: row[1] for row in rows}


@lru_cache(maxsize=4096)
def is_commit(folder: Path, oid: str) -> bool:
    """Whether a full id is that of a commit, by whatever ref it is reached."""
    printed = run(folder, "cat-file", "--batch-check=%(objecttype)", given=oid.encode())
    return printed == b"commit\n"


def log(folder: Path, commit: str, *, skip: int = 0, limit: int = 1) -> list[Commit]:
    """Commits from `commit` on backwards."""
    form = "--format=%H%x00%ct%x00%an%x00%s%x00%b"
    printed = run(folder, "log", "-z", form, f"--skip={skip}", f"-n{limit}", commit)
    fields = iter(printed.decode().split("\0"))
    return [
        Commit(id=id, at=datetime.fromtimestamp(int(at), UTC), author=by, title=title, message=text)
        for id, at, by, title, text in zip(fields, fields, fields, fields, fields, strict=False)
    ]


def count(folder: Path, commit: str) -> int:
    """How many commits a log has."""
    return int(run(folder, "rev-list", "--count", commit))


@lru_cache(maxsize=4096)
def blob(folder: Path, oid: str) -> bytes:
    """The bytes of a blob."""
    return run(folder, "cat-file", "blob", oid)


@lru_cache(maxsize=256)
def tree(folder: Path, commit: str) -> Mapping[str, Entry]:
    """Files and directories of a commit by path, in git's order."""
    printed = run(folder, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit).decode()
    rows = [_row(line) for line in printed.split("\0") if line]
    small = [row.oid for row in rows if not row.directory and row.size <= LONGEST_POINTER]
    pointers = _pointers(folder, small)
    return {row.path: _followed(row, pointers.get(row.oid)) for row in rows}


def _row(line: str) -> Entry:
    about, path = line.split("\t", 1)
    _mode, kind, oid, size = about.split()
    if kind != "blob":
        return Entry(path=path, oid=oid, size=0, directory=True)
    return Entry(path=path, oid=oid, size=int(size), directory=False)


def _followed(entry: Entry, lfs: Lfs | None) -> Entry:
    if lfs is None or entry.directory:
        return entry
    return Entry(path=entry.path, oid=entry.oid, size=lfs.size, directory=False, lfs=lfs)


def _pointers(folder: Path, oids: Iterable[str]) -> Mapping[str, Lfs]:
    """Those of the blobs that are pointers, by one process."""
    asked = "\n".join(dict.fromkeys(oids)).encode()
    printed = run(folder, "cat-file", "--batch", given=asked) if asked else b""
    found = {}
    while printed:
        head, _, rest = printed.partition(b"\n")
        oid, _kind, size = head.decode().split(" ")
        text, printed = rest[: int(size)], rest[int(size) + 1 :]
        if match := POINTER.fullmatch(text):
            sha256, stated = match.groups()
            found[oid] = Lfs(sha256=sha256.decode(), size=int(stated), pointer_size=len(text))
    return found
