"""`fetch` takes nothing away: not from a folder, not from the cache that all projects share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Answer, Hub, Request
from tests.hubs import FILES, REPO, WEIGHTS, Desk, desk, signed


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk where the weights and configurations of a signed model are locked, and no card."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        made = desk(tmp_path, hub)
        made.locked({"repo": REPO, "exclude": ["README.md"]})
        yield made


def snapshot(bench: Desk) -> Path:
    (found,) = bench.home.glob(".cache/huggingface/hub/models--*/snapshots/*")
    return found


def fetched(bench: Desk, *words: str) -> str:
    ended = bench.run("fetch", *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


APPEARING: dict[str, Callable[[Path], object]] = {
    "a file in a new folder": lambda place: forge.write(place, {"mine.txt": b"mine"}),
    "a file of that name": lambda place: place.write_text("mine"),
    "a link of that name": lambda place: place.symlink_to(place.parent),
}


@pytest.mark.parametrize("name", APPEARING)
def test_what_appears_during_the_download_stays(bench: Desk, name: str) -> None:
    place = bench.folder / "model"

    def appear(request: Request, answer: Answer) -> Answer:
        if answer.status == 200 and not place.exists():
            APPEARING[name](place)
        return answer

    bench.hub.on(r"/cdn/", appear)
    ended = bench.run("fetch", "--local-dir", "model")
    assert (ended.returncode, "during the download" in ended.stderr) == (2, True), ended.stderr
    if place.is_dir() and not place.is_symlink():
        assert [path.name for path in place.iterdir()] == ["mine.txt"]
    assert not (place / "model.safetensors").exists()


def upgraded(bench: Desk) -> dict[str, bytes]:
    """An earlier release lies in `model`, and a later one is locked."""
    fetched(bench, "--local-dir", "model")
    new = {**FILES, "config.json": b'{"model_type": "llama", "hidden_size": 8}'}
    bench.hub.commit(REPO, signed(bench.folder.parent / "n", new))
    assert bench.run("lock", "--upgrade", "-q").returncode == 0
    return new


def test_an_earlier_release_is_replaced_where_that_is_asked_for(bench: Desk) -> None:
    new = upgraded(bench)
    place = bench.folder / "model"
    ended = bench.run("fetch", "--local-dir", "model")
    assert (ended.returncode, "--replace" in ended.stderr) == (2, True)
    assert (place / "config.json").read_bytes() == FILES["config.json"]
    fetched(bench, "--local-dir", "model", "--replace")
    assert (place / "config.json").read_bytes() == new["config.json"]
    assert sorted(path.name for path in bench.folder.iterdir() if path.name[0] == ".") == []
    assert bench.run("verify", "./model", "--lock").returncode == 0


def added(name: str, data: bytes = b"mine") -> Callable[[Path], object]:
    """The user puts a file there."""
    return lambda place: forge.write(place, {name: data})


def signed_as(name: str) -> Callable[[Path], object]:
    """The user puts a bundle there, which is no file of the model."""
    return lambda place: (place / name).write_bytes((place / "model.sig").read_bytes())


OTHERS: dict[str, Callable[[Path], object]] = {
    "a file": added("thesis.txt"),
    "a change": added("config.json", b"{}"),
    "a repository of git": added(".git/HEAD", b"ref: refs/heads/mine\n"),
    "statements": signed_as("claims.jsonl"),
    "a signature": signed_as("own.sig"),
    "another signature of that name": signed_as("model.sig"),
    "bookkeeping": added(".cache/huggingface/.gitignore", b"*\n"),
    "a link": lambda place: (place / "link").symlink_to(place.parent),
    "a folder": lambda place: (place / "notes").mkdir(),
}
"""What a user may have in a folder that was delivered, also where no model counts it."""


def contents(place: Path) -> dict[str, bytes]:
    """Every file below a place."""
    found = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_release_of_ours_is_not_replaced(bench: Desk, name: str) -> None:
    upgraded(bench)
    place = bench.folder / "model"
    OTHERS[name](place)
    before = contents(place)
    ended = bench.run("fetch", "--local-dir", "model", "--replace")
    assert (ended.returncode, "Remove it" in ended.stderr) == (2, True), ended.stderr
    assert contents(place) == before


def test_what_comes_into_an_earlier_release_during_the_download_stays(bench: Desk) -> None:
    upgraded(bench)
    mine = bench.folder / "model" / "mine.txt"

    def appear(request: Request, answer: Answer) -> Answer:
        if answer.status == 200:
            mine.write_text("mine")
        return answer

    bench.hub.on(r"/cdn/", appear)
    ended = bench.run("fetch", "--local-dir", "model", "--replace")
    assert (ended.returncode, "changed during the download" in ended.stderr) == (2, True)
    assert mine.read_text() == "mine"
    assert (mine.parent / "config.json").read_bytes() == FILES["config.json"]


def test_other_projects_files_of_the_snapshot_stay_and_are_named(bench: Desk) -> None:
    fetched(bench)
    (snapshot(bench) / "README.md").write_bytes(FILES["README.md"])
    (snapshot(bench) / "config.json").unlink()
    for already in (False, True):
        said = fetched(bench)
        assert ("was there already" in said, "not judged" in said) == (already, True)
        assert "README.md" in said
    assert (snapshot(bench) / "README.md").read_bytes() == FILES["README.md"]
    assert (snapshot(bench) / "config.json").read_bytes() == FILES["config.json"]
    assert bench.run("verify", REPO, "--lock", "--offline").returncode == 0


def test_a_full_download_of_the_library_stays_as_it_is(bench: Desk) -> None:
    fetched(bench)
    place = snapshot(bench)
    blobs = place.parent.parent / "blobs"
    blobs.mkdir()
    (place / "README.md").write_bytes(FILES["README.md"])
    for number, path in enumerate(sorted(place.iterdir())):
        path.rename(blobs / str(number))
        path.symlink_to(Path("../../blobs") / str(number))
    links = {path.name: path.readlink() for path in place.iterdir()}
    assert "was there already" in fetched(bench)
    (blobs / "4").write_bytes(b"a broken blob")
    fetched(bench)
    assert {p.name: p.readlink() for p in place.iterdir() if p.is_symlink()} == {
        name: link for name, link in links.items() if link.name != "4"
    }
    assert (place / "tokenizer.json").read_bytes() == FILES["tokenizer.json"]
    assert (place / "model.safetensors").read_bytes() == WEIGHTS


def test_what_the_commit_does_not_have_is_refused_and_stays(bench: Desk) -> None:
    fetched(bench)
    place = snapshot(bench)
    (place / "modeling.py").write_text("import os")
    (place / "config.json").write_text('{"model_type": "evil"}')
    ended = bench.run("fetch")
    assert (ended.returncode, "integrity/extra  modeling.py" in ended.stdout) == (1, True)
    (place / "modeling.py").unlink()
    fetched(bench)
    assert (place / "config.json").read_bytes() == FILES["config.json"]


def test_nothing_is_written_through_a_folder_that_is_a_link(bench: Desk) -> None:
    bench.hub.commit(REPO, signed(bench.folder.parent / "n", {**FILES, "sub/a.json": b"{}"}))
    bench.locked({"repo": REPO, "exclude": ["README.md"], "revision": "main"})
    fetched(bench)
    (bench.folder / "elsewhere").mkdir()
    for path in (snapshot(bench) / "sub").iterdir():
        path.unlink()
    (snapshot(bench) / "sub").rmdir()
    (snapshot(bench) / "sub").symlink_to(bench.folder / "elsewhere")
    assert bench.run("fetch").returncode in (1, 5)
    assert list((bench.folder / "elsewhere").iterdir()) == []


def test_what_was_moved_away_comes_back_where_nothing_took_its_place(bench: Desk) -> None:
    upgraded(bench)
    place = bench.folder / "model"
    before = contents(place)
    staging = bench.folder / ".model.provenance"
    staging.mkdir(mode=0o700)
    place.rename(staging / "old")  # as a file system without exchange has it between two steps
    bench.hub.on(r"/cdn/", lambda q, a: a if q.range else Answer(status=500).carrying(b""))
    assert bench.run("fetch", "--local-dir", "model", "--replace").returncode == 5
    assert contents(place) == before
    bench.hub.calm()
    fetched(bench, "--local-dir", "model", "--replace")
    assert contents(place) != before
