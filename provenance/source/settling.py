"""The last step of a download: what was judged lies where it is to be used, and nothing is lost."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Collection
from contextlib import suppress
from filecmp import cmp
from hashlib import sha256
from pathlib import Path

from provenance.errors import ConfigError, SourceError

RELEASE = "user.provenance.release"
"""The extended attribute of a folder that `fetch` delivered: a digest of all that lay in it."""
ADMITTED = "user.provenance.admitted"
"""That of the very files that were judged: no copy of them has it, and none that was written to."""

ASIDE = ".{}.provenance"
"""Where a folder is made ready, by its name: beside it."""
OLD = "old"
AT_FDCWD, RENAME_EXCHANGE = -100, 2
APPEARED = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})

Census = frozenset[tuple[str, int, int, int]]
"""What lies in a folder: each name's path, inode, size and time of change in nanoseconds."""


def mark(folder: Path, selected: str) -> None:
    """The folder says that it was delivered just so, where its file system can keep that."""
    with suppress(OSError, AttributeError):
        os.setxattr(folder, RELEASE, _whole(selected, census(folder)))
        os.setxattr(folder, ADMITTED, _stamped(selected, folder))


def is_untouched(folder: Path, selected: str) -> bool:
    """Whether it holds the very files that `mark` was told of, and nobody wrote to them since."""
    try:
        return os.getxattr(folder, ADMITTED) == _stamped(selected, folder)
    except (OSError, AttributeError):
        return False


def _stamped(selected: str, folder: Path) -> bytes:
    """A digest of the selected files and of every file's stamp: its time of change cannot be set
    back, as that of its content can."""
    rows = []
    for inner, inode, size, time in census(folder):
        status = os.lstat(folder / inner)
        changed = 0 if stat.S_ISDIR(status.st_mode) else status.st_ctime_ns
        rows.append((os.fsencode(inner), inode, size, time, changed))
    return sha256(repr((selected, sorted(rows))).encode()).hexdigest().encode()


def is_delivered(folder: Path, selected: str, found: Census) -> bool:
    """Whether `mark` left there that it holds these files and `found`, and nobody else's."""
    try:
        return os.getxattr(folder, RELEASE) == _whole(selected, found)
    except (OSError, AttributeError):
        return False


def is_marked(folder: Path) -> bool:
    """Whether `mark` was told of what lay there once, whatever lies there now."""
    try:
        return bool(os.getxattr(folder, RELEASE))
    except (OSError, AttributeError):
        return False


def _whole(selected: str, found: Census) -> bytes:
    """A digest of the selected files and of every name: what no model counts may be somebody's."""
    rows = sorted((os.fsencode(path), size, time) for path, _, size, time in found)
    return sha256(repr((selected, rows)).encode()).hexdigest().encode()


def census(folder: Path) -> Census:
    """What lies there now; a link counts itself, and a folder by its name."""
    found = set()
    for top, folders, names in os.walk(folder):
        for name in (*folders, *names):
            place = os.path.join(top, name)
            status = os.lstat(place)
            inner = os.path.relpath(place, folder)
            folded = stat.S_ISDIR(status.st_mode)
            size, time = (0, 0) if folded else (status.st_size, status.st_mtime_ns)
            found.add((inner, status.st_ino, size, time))
    return frozenset(found)


def settle(files: Path, place: Path) -> bool:
    """What is in `files` lies at `place`, on disk for good; in one step, or not at all.

    False, and nothing was moved, where something but an empty folder lies there by now.
    """
    _sync(files)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(files, place)
    except OSError as error:
        if error.errno not in APPEARED:
            raise
        return False
    _sync_one(place.parent)
    shutil.rmtree(files.parent)
    return True


def fill(files: Path, place: Path) -> None:
    """What is in `files`, which lies in a folder of `place`, lies at `place`, on disk for good; for
    a volume, which nothing can be renamed to. Whoever is ended among the steps leaves that folder.
    """
    _sync(files)
    for made in sorted(files.iterdir()):
        os.rename(made, place / made.name)
    _sync_one(place)
    shutil.rmtree(files.parent)


def replace(files: Path, place: Path, before: Census) -> None:
    """What is in `files` lies at `place` instead of what `before` counted there, which is gone.

    In one step where the system can exchange two names (Linux), else in two. ConfigError, and
    nothing was lost, where something else lies there by now.
    """
    _sync(files)
    old = files.parent / OLD
    _exchange(files, place, old)
    if census(old) != before:
        _exchange(old, place, files)
        raise ConfigError("changed during the download, and was left as it is", path=str(place))
    _sync_one(place.parent)
    shutil.rmtree(files.parent)


def restore(staging: Path, place: Path) -> None:
    """What `replace` had moved away lies at `place` again, if it was ended before it put anything
    there."""
    if (staging / OLD).is_dir() and not os.path.lexists(place):
        os.rename(staging / OLD, place)


def _exchange(new: Path, place: Path, old: Path) -> None:
    """What was at `new` is at `place`, and what was there is at `old`."""
    if _swapped(new, place):
        os.rename(new, old)
        return
    os.rename(place, old)
    try:
        os.rename(new, place)
    except OSError:
        os.rename(old, place)
        raise


def _swapped(one: Path, other: Path) -> bool:
    """Whether the system exchanged the two names in one step."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    done: int = renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
    return done == 0


def add(files: Path, place: Path, same: Collection[str]) -> None:
    """Every file in `files` lies below `place`, on disk for good; the `same` ones do already.

    Nothing else there is touched; a link of the same name gives way, and what it leads to stays.
    SourceError where a folder's name is taken by something else.
    """
    _sync(files)
    for top, _, names in os.walk(files):
        inner = os.path.relpath(top, files)
        for name in names:
            path = os.path.normpath(os.path.join(inner, name))
            made, target = Path(top, name), _folder(place, inner) / name
            if path not in same and not (target.is_file() and cmp(made, target, shallow=False)):
                os.replace(made, target)
    _sync_folders(place)
    shutil.rmtree(files.parent)


def _folder(place: Path, inner: str) -> Path:
    """The folder `inner` below `place`, made if need be and reached through no link."""
    folder = place
    for part in Path(inner).parts:
        folder /= part
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise SourceError(f"{folder} is a link to another folder: remove it")
    return folder


def _sync(top: Path) -> None:
    for folder, _, names in os.walk(top):
        for name in names:
            _sync_one(Path(folder, name))
        _sync_one(Path(folder))


def _sync_folders(top: Path) -> None:
    for folder, _, _ in os.walk(top):
        _sync_one(Path(folder))


def _sync_one(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
