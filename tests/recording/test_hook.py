"""The hook in a command's Python processes: it notes what is opened, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.recording.stamp import Stamp
from provenance.recording.watched.hooked import LOST, Hooked


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    place.mkdir()
    for name in ("a.json", "b c.json", "ä\nö.txt", "c.bin"):
        (place / name).write_bytes(name.encode())
    return place


@pytest.fixture
def hooked(tmp_path: Path, root: Path) -> Hooked:
    (tmp_path / "hook").mkdir(mode=0o700)
    return Hooked.laid(tmp_path / "hook", [str(root)])


def ran(
    hooked: Hooked, root: Path, code: str, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = hooked.environment({"PATH": os.environ["PATH"], **variables})
    command = [sys.executable, *words, "-c", code]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def noted(hooked: Hooked, root: Path) -> list[str]:
    return [os.path.relpath(one.path, root) for one in hooked.opened()]


FORK = """
import os
open("a.json").close()
if os.fork() == 0:
    open("b c.json").close()
    os._exit(0)
os.wait()
"""
SPAWN = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'open(\"c.bin\")'])"
POOL = """
import multiprocessing, os
with multiprocessing.get_context("fork").Pool(2) as pool:
    pool.map(os.path.getsize, ["c.bin"]); pool.map(open, [])
open("c.bin").close()
"""
CLOSED = """
import os
os.closerange(3, 64)
mine = open("new", "wb")
open("a.json").close()
mine.write(b"own"); mine.close()
assert open("new", "rb").read() == b"own"
"""
CASES: dict[str, tuple[str, list[str]]] = {
    "each file once": ("[open('a.json').close() for _ in range(3)]", ["a.json"]),
    "any name": ("open('ä\\nö.txt'); open(b'b c.json')", ["ä\nö.txt", "b c.json"]),
    "a path object": ("from pathlib import Path; Path('a.json').read_text()", ["a.json"]),
    "by descriptor": ("import os; os.open('c.bin', os.O_RDONLY)", ["c.bin"]),
    "by an absolute path": ("import os; open(os.path.abspath('a.json'))", ["a.json"]),
    "no file that is only written": ("open('c.bin', 'wb'); open('new', 'w')", []),
    "no folder": ("import os; os.open('.', os.O_RDONLY)", []),
    "no file outside": ("open('/etc/hostname'); open('/dev/null')", []),
    "a fork": (FORK, ["a.json", "b c.json"]),
    "a process of its own": (SPAWN, ["c.bin"]),
    "a pool": (POOL, ["c.bin"]),
    "with every descriptor closed": (CLOSED, ["a.json", "new"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_opened_is_noted(name: str, hooked: Hooked, root: Path) -> None:
    code, expected = CASES[name]
    ended = ran(hooked, root, code)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert noted(hooked, root) == expected
    assert hooked.gaps() == ()


MODULE = "import sys, types; m = sys.modules[{!r}] = types.ModuleType('m'); m.__version__ = {!r}"


@pytest.mark.parametrize(
    ("module", "said", "expected"),
    [
        ("torch", "2.1+cu", {"torch": "2.1+cu"}),
        ("flash_attn", "1", {"flash-attn": "1"}),
        ("json5", "1", {}),
        ("torch", "a b", {}),
        ("torch", "", {}),
        ("torch", "x" * 65, {}),
    ],
)
def test_the_versions_of_what_was_imported_are_noted(
    module: str, said: str, expected: dict[str, str], hooked: Hooked, root: Path
) -> None:
    ended = ran(hooked, root, MODULE.format(module, said))
    assert (ended.returncode, ended.stderr, hooked.versions()) == (0, "", expected)


def test_a_root_may_be_one_file(root: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    hooked = Hooked.laid(tmp_path / "own", [str(root / "c.bin")])
    ran(hooked, root, "open('a.json'); open('c.bin')")
    assert noted(hooked, root) == ["c.bin"]


def test_a_file_is_as_it_was_when_it_was_opened(hooked: Hooked, root: Path) -> None:
    before = Stamp.of(str(root / "a.json"))
    ran(hooked, root, "open('a.json'); open('a.json', 'a').write('more')")
    assert [one.stamp for one in hooked.opened()] == [before]


def test_the_sitecustomize_that_was_there_runs_as_before(
    hooked: Hooked, root: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys; sys.mine = __file__")
    code = "import sys, sitecustomize; print(sys.mine, sitecustomize.__file__, sys.path)"
    ended = ran(hooked, root, code, PYTHONPATH=str(own))
    place = str(own / "sitecustomize.py")
    assert ended.stdout.startswith(f"{place} {place} ")
    assert str(hooked.folder) not in ended.stdout


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("a file that is not there", "open('missing')"),
        ("an error of its own", "raise ValueError('x')"),
        ("a sitecustomize that fails", "pass"),
    ],
)
def test_errors_are_those_without_it(
    what: str, code: str, hooked: Hooked, root: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    if "sitecustomize" in what:
        (own / "sitecustomize.py").write_text("raise RuntimeError('mine')")
    plain = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(own)},
        capture_output=True,
        text=True,
        check=False,
    )
    hooked_too = ran(hooked, root, code, PYTHONPATH=str(own))
    assert (hooked_too.returncode, hooked_too.stdout) == (plain.returncode, plain.stdout)
    assert hooked_too.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:]


def a_folder(log: Path) -> None:
    log.unlink()
    log.mkdir()


def a_full_disk(log: Path) -> None:
    log.unlink()
    log.symlink_to("/dev/full")


def too_many(log: Path) -> None:
    hook = log.parent / "sitecustomize.py"
    hook.write_text(hook.read_text().replace("MOST = 100_000", "MOST = 0"))


@pytest.mark.parametrize("spoil", [a_folder, a_full_disk, too_many])
def test_what_cannot_be_noted_is_said_and_stops_nobody(
    spoil: Callable[[Path], None], hooked: Hooked, root: Path
) -> None:
    spoil(hooked.folder / "opened")
    ended = ran(hooked, root, "print(open('a.json').read())")
    assert (ended.stdout, ended.stderr) == ("a.json\n", "")
    assert hooked.gaps() == (LOST,)


def test_a_process_that_runs_on_after_the_end_is_not_stopped(hooked: Hooked, root: Path) -> None:
    code = f"import shutil; shutil.rmtree({str(hooked.folder)!r}); print(open('a.json').read())"
    ended = ran(hooked, root, code)
    assert (ended.stdout, ended.stderr) == ("a.json\n", "")


@pytest.mark.parametrize(
    ("row", "paths"),
    [
        (b"1 2 3 /a", ["/a"]),
        (b"1 2 -3 /a b", ["/a b"]),
        (b"1 2 3 /\xff", ["/\udcff"]),
        (b"1 2 3", []),
        (b"1 2 3 ", []),
        (b"x 2 3 /a", []),
        (b"\xff", []),
        (b"", []),
    ],
)
def test_a_line_that_says_no_file_is_none(row: bytes, paths: list[str], hooked: Hooked) -> None:
    (hooked.folder / "opened").write_bytes(row + b"\0")
    assert [one.path for one in hooked.opened()] == paths


def test_nobody_else_may_read_what_was_noted(hooked: Hooked) -> None:
    assert {path.stat().st_mode & 0o077 for path in hooked.folder.glob("[oc]*")} == {0}
