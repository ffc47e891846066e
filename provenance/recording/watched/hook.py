"""What every Python process of a recorded command runs first: it notes the files that are opened.

This file is copied as `sitecustomize.py` into a private folder that PYTHONPATH begins with; beside
it lie `roots`, the folders below which files are noted, and `packages`, those whose versions are
noted when a process ends. It imports nothing but what Python has loaded by then or has built in,
raises nothing, and runs the `sitecustomize` that stood in its place. A process that cannot note
removes the file `complete`, which works on a full disk too.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
from collections.abc import Callable, Sequence

NAME = "sitecustomize"
SETTINGS = "roots"
OPENED = "opened"
COMPLETE = "complete"
PACKAGES = "packages"
VERSIONS = "versions"
MOST = 100_000
"""Files that one process notes."""

Name = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Hook = Callable[[str, Sequence[object]], None]


def begin(own: str) -> None:
    """Files opened for reading are noted from now on; `own` is the folder of this file."""
    with open(os.path.join(own, SETTINGS), "rb") as stream:
        roots = tuple(os.fsdecode(root) for root in stream.read().split(b"\0") if root)
    add = getattr(sys, "addaudithook", None)
    if roots and add:
        add(noting(own, roots))
        atexit.register(end, own)


def end(own: str) -> None:
    """The packages that are imported by now are noted, each with its version: `name version`,
    ended by a zero byte."""
    try:
        with open(os.path.join(own, PACKAGES), encoding="ascii") as stream:
            names = stream.read().split("\0")
        found = [f"{name} {version(name)}\0" for name in names if name in sys.modules]
        with open(os.path.join(own, VERSIONS), "ab", buffering=0) as log:
            log.write("".join(found).encode())
    except Exception:
        # Whoever runs on after the end finds nothing here, and is not to be stopped.
        return


def version(name: str) -> str:
    """The version of an imported module, as it says itself, else as it was installed."""
    own = getattr(sys.modules[name], "__version__", None)
    installed = sys.modules.get("importlib.metadata")
    return str(own or (installed and installed.version(name.replace("_", "-"))) or "")


def noting(own: str, roots: Sequence[str]) -> Hook:
    """An audit hook that notes each regular file below the roots once, as it is opened to be read.

    A line is inode, size, time of change in nanoseconds and path, ended by a zero byte.
    """
    seen: set[str] = set()
    below, single = tuple(root.rstrip("/") + "/" for root in roots), frozenset(roots)
    log, complete = os.path.join(own, OPENED), os.path.join(own, COMPLETE)
    append = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    regular, written = stat.S_ISREG, os.O_WRONLY
    system, named, whole = os, (str, bytes, os.PathLike), os.path.abspath
    decoded, encoded = os.fsdecode, os.fsencode

    def note(path: str, status: os.stat_result) -> None:
        if len(seen) >= MOST:
            raise OSError
        seen.add(path)
        row = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {path}\0"
        data = encoded(row)
        descriptor = system.open(log, append)
        try:
            if system.write(descriptor, data) != len(data):
                raise OSError
        finally:
            system.close(descriptor)

    def look(name: Name) -> None:
        path = whole(decoded(name))
        if path in seen or not (path.startswith(below) or path in single):
            return
        try:
            status = system.stat(path)
        except OSError:
            return
        if regular(status.st_mode):
            note(path, status)

    def hook(event: str, about: Sequence[object]) -> None:
        if event != "open":
            return
        name, flags = about[0], about[2]
        if not isinstance(name, named) or (isinstance(flags, int) and flags & written):
            return
        try:
            look(name)
        except Exception:
            try:
                system.unlink(complete)
            except OSError:
                return

    return hook


def go_on(own: str) -> None:
    """The `sitecustomize` that this one stands before is run, as if this were not there."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != own]
    found = PathFinder.find_spec(NAME)
    if found and found.loader:
        module = module_from_spec(found)
        sys.modules[NAME] = module
        found.loader.exec_module(module)


def run(own: str) -> None:
    """The hook is set, and what stood in its place has run, with its own errors alone."""
    begin_if_possible(own)
    go_on(own)


def begin_if_possible(own: str) -> None:
    """The hook is set, or the process runs on as it would without it: what is not seen is said."""
    try:
        begin(own)
    except Exception:
        return


if __name__ == NAME:
    run(os.path.dirname(os.path.abspath(__file__)))
