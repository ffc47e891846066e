"""The store of bytes that were measured: what is hashed again, and what is taken from whom."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.model import File
from provenance.source.ahead import LARGE
from provenance.source.links import others_may_write
from provenance.source.progress import About, Silent, Step, Unit
from provenance.source.store import STAMPS, Store, opened

BODY = bytes(range(256)) * (LARGE // 256 + 1)
BIG = File(path="big.bin", size=len(BODY), digest=sha256(BODY).hexdigest())
TINY = File(path="tiny.json", size=2, digest=sha256(b"{}").hexdigest())


@dataclass
class Heard:
    """A progress that remembers how many bytes each step was said to have, and every note."""

    steps: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        if total:
            self.steps.append((what, total))
        return Silent()

    def note(self, words: str) -> None:
        self.notes.append(words)


@dataclass
class Shelf:
    """A store with one large and one small file from a folder beside it."""

    top: Path
    heard: Heard = field(default_factory=Heard)

    @property
    def sources(self) -> dict[str, str]:
        return {file.path: str(self.top / file.path) for file in (BIG, TINY)}

    @property
    def about(self) -> About:
        return About(self.heard, "m")

    def opened(self) -> Store:
        with opened(self.top / "cache" / "store", self.heard) as store:
            return store

    def hashed(self) -> int:
        """How many bytes another start hashes, of files that are what they were."""
        self.heard.steps.clear()
        assert self.opened().check((BIG, TINY), self.about) == ()
        return sum(total for what, total in self.heard.steps if what == "m: hashing")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / BIG.path).write_bytes(BODY)
    (tmp_path / TINY.path).write_bytes(b"{}")
    made = Shelf(top=tmp_path)
    store = made.opened()
    assert store.lacking((BIG, TINY)) == (BIG, TINY)
    assert store.take((BIG, TINY), made.sources, made.about) == 0
    assert store.check((BIG, TINY), made.about) == ()
    assert store.known((BIG, TINY)) == {BIG.path: BIG.sha256}
    return made


def test_what_was_hashed_once_is_not_hashed_again_but_for_small_files(shelf: Shelf) -> None:
    assert shelf.hashed() == TINY.size


def same_bytes_again(shelf: Shelf) -> None:
    with (shelf.top / BIG.path).open("r+b") as stream:
        stream.write(BODY[:1])


def with_its_old_time(shelf: Shelf) -> None:
    before = os.stat(shelf.top / BIG.path)
    same_bytes_again(shelf)
    os.utime(shelf.top / BIG.path, ns=(before.st_atime_ns, before.st_mtime_ns))


def moved_elsewhere(shelf: Shelf) -> None:
    place = shelf.opened().place(BIG.sha256)
    shutil.copy2(place, place.with_suffix(".new"))
    os.replace(place.with_suffix(".new"), place)


def no_stamps(shelf: Shelf) -> None:
    (shelf.top / "cache" / "store" / STAMPS).unlink()


def odd_stamps(shelf: Shelf) -> None:
    (shelf.top / "cache" / "store" / STAMPS).write_text('{"a": [1], "b": "c", "d": 7}')


def torn_stamps(shelf: Shelf) -> None:
    place = shelf.top / "cache" / "store" / STAMPS
    place.write_bytes(place.read_bytes()[:-9])


@pytest.mark.parametrize(
    "touch",
    [same_bytes_again, with_its_old_time, moved_elsewhere, no_stamps, odd_stamps, torn_stamps],
)
def test_whatever_was_touched_is_hashed_again(shelf: Shelf, touch: Callable[[Shelf], None]) -> None:
    touch(shelf)
    assert shelf.hashed() == BIG.size + TINY.size
    assert shelf.hashed() == TINY.size


def test_our_own_names_of_a_file_leave_it_known(shelf: Shelf) -> None:
    store = shelf.opened()
    with store.relinking():
        store.lay(BIG, shelf.top / "laid")
    assert shelf.hashed() == TINY.size
    with shelf.opened().relinking():
        (shelf.top / "laid").unlink()
    assert shelf.hashed() == TINY.size
    (shelf.top / BIG.path).unlink()
    assert shelf.hashed() == BIG.size + TINY.size


def test_a_change_while_names_are_made_is_noticed(shelf: Shelf) -> None:
    store = shelf.opened()
    with store.relinking():
        store.lay(BIG, shelf.top / "laid")
        os.truncate(shelf.top / BIG.path, BIG.size - 1)
    assert not store.is_known(BIG)


@pytest.mark.parametrize("file", [BIG, TINY], ids=lambda file: str(file.path))
def test_other_bytes_do_not_stay(shelf: Shelf, file: File) -> None:
    store = shelf.opened()
    store.place(file.sha256).unlink()
    (shelf.top / file.path).write_bytes(bytes(file.size))
    store.take((file,), shelf.sources, shelf.about)
    ((wanted, found),) = store.check((file,), shelf.about)
    assert (wanted, found and found.sha256) == (file, sha256(bytes(file.size)).hexdigest())
    assert store.lacking((file,)) == (file,)


def test_a_laid_small_file_is_nobody_elses(shelf: Shelf) -> None:
    shelf.opened().lay(TINY, shelf.top / "laid")
    status = (shelf.top / "laid").stat()
    assert (status.st_nlink, status.st_mode & 0o777) == (1, 0o444)


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_what_others_may_write_to_is_copied(shelf: Shelf, mode: int) -> None:
    store, place = shelf.opened(), shelf.top / BIG.path
    store.place(BIG.sha256).unlink()
    place.chmod(mode)
    assert store.take((BIG,), shelf.sources, shelf.about) == BIG.size
    assert ("m: copying", BIG.size) in shelf.heard.steps
    assert place.stat().st_nlink == 1
    place.write_bytes(b"other")
    assert store.check((BIG,), shelf.about) == ()


ME, MINE = os.geteuid(), pwd.getpwuid(os.geteuid()).pw_gid
SHARED = next(group.gr_gid for group in grp.getgrall() if group.gr_gid != MINE)
WRITERS = {
    "only me": (0o644, ME, MINE, False),
    "a group of others": (0o664, ME, SHARED, True),
    "everybody": (0o646, ME, MINE, True),
    "its owner": (0o444, ME + 1, MINE, True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_who_may_write_to_a_file(name: str) -> None:
    mode, user, group, others = WRITERS[name]
    status = os.stat_result((mode, 1, 1, 1, user, group, 0, 0, 0, 0))
    assert others_may_write(status) == others


@pytest.mark.parametrize("kind", ["others may write", "a link"])
def test_a_store_that_is_not_ours_alone_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "cache" / "store"
    if kind == "a link":
        (tmp_path / "else").mkdir()
        place.parent.mkdir()
        place.symlink_to(tmp_path / "else")
    else:
        place.mkdir(parents=True)
        place.chmod(0o777)
    with pytest.raises(SourceError, match="only you can write to"), opened(place, Silent()):
        pass


def test_the_folder_above_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with opened(tmp_path / "cache" / "store", Silent()):
        assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755


def test_what_an_ended_run_was_taking_is_gone(shelf: Shelf) -> None:
    left = shelf.top / "cache" / "store" / "incoming" / "half"
    left.write_bytes(b"h")
    shelf.opened()
    assert not left.exists()


@pytest.mark.parametrize("change", ["none", "other bytes", "a copy", "gone"])
def test_a_linked_file_is_known_until_somebody_writes_to_it(shelf: Shelf, change: str) -> None:
    store, folder = shelf.opened(), shelf.top / "laid"
    folder.mkdir()
    with store.relinking():
        store.lay(BIG, folder / BIG.path)
    place = folder / BIG.path
    if change == "other bytes":
        place.chmod(0o644)
        place.write_bytes(bytes(BIG.size))
    elif change == "a copy":
        data = place.read_bytes()
        place.unlink()
        place.write_bytes(data)
    elif change == "gone":
        place.unlink()
    known = shelf.opened().linked((BIG, TINY), folder)
    assert known == ({BIG.path: BIG.sha256} if change == "none" else {})
