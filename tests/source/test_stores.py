"""What every store is held to: the same model, read, locked and fetched, wherever it lies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
import tomli_w

from provenance.model import Evidence
from provenance.refs import in_store
from provenance.source import directory
from provenance.source.progress import Silent
from provenance.source.remote.listed import Listed
from provenance.source.remote.release import Stopped
from provenance.source.remote.staging import measured
from provenance.source.remote.store import collect
from tests import forge
from tests.hubs import FILES, REPO, SIZE, WEIGHTS, card, signed
from tests.source.stores import STORES, Desk, Lot, desk

AT = datetime.now(UTC)
OTHER = forge.safetensors(bytes(SIZE))
LARGE = "model.safetensors"


@pytest.fixture(params=STORES)
def lot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lot]:
    """A place in each store, with a signed model in it."""
    with STORES[request.param](tmp_path) as found:
        found.fill(signed(tmp_path / "model"))
        yield found


@pytest.fixture
def bench(lot: Lot, tmp_path: Path) -> Desk:
    """A desk whose settings name the model."""
    return desk(tmp_path, lot)


def gathered(lot: Lot) -> Evidence:
    return collect(lot.store(), in_store(lot.source, repo=REPO), at=AT)


def locked(bench: Desk) -> None:
    ended = bench.run("lock", "--measure", "-q")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_manifest_is_that_of_the_same_files_in_a_directory(lot: Lot, tmp_path: Path) -> None:
    found = gathered(lot)
    here = directory.collect(tmp_path / "model", ref=found.ref, at=AT)
    undeclared = set() if lot.states else {LARGE}
    assert {(seen.code, seen.path) for seen in found.observations} == {
        ("undeclared", path) for path in undeclared
    }
    wanted = {
        f.path: (f.size, "" if f.path in undeclared else f.digest) for f in here.manifest.files
    }
    assert {f.path: (f.size, f.digest) for f in found.manifest.files} == wanted
    assert [one.data for one in found.bundles] == [one.data for one in here.bundles]
    assert {c.path: (c.kind, c.head) for c in found.contents} == {
        c.path: (c.kind, c.head) for c in here.contents
    }
    whole = measured(lot.store().opened(found.ref.commit).release, found, tmp_path / "stage")
    assert whole.manifest == here.manifest


def test_a_revision_is_the_same_as_long_as_nothing_changes(lot: Lot) -> None:
    first = lot.store().opened(None).revision
    assert lot.store().opened(first).revision == first
    lot.put("config.json", b'{"model_type": "other"}')
    assert lot.store().opened(None).revision != first


def test_ranges_and_small_files_are_the_bytes_that_lie_there(lot: Lot) -> None:
    release = lot.store().opened(None).release
    assert release.whole("config.json", 1 << 20) == FILES["config.json"]
    assert release.whole("config.json", 3) == FILES["config.json"][:3]
    assert release.whole("nothing.json", 3) is None
    ranges = release.ranges(Listed(path=LARGE, size=len(WEIGHTS)), 2_000)
    assert ranges.fetch(0, 8) == WEIGHTS[:8]
    assert ranges.fetch(1 << 20, (1 << 20) + 1_000) == WEIGHTS[1 << 20 : (1 << 20) + 1_000]
    with pytest.raises(OSError, match=r"bytes came|more of"):
        ranges.fetch(len(WEIGHTS) - 8, len(WEIGHTS) + 8)
    with pytest.raises(OSError, match="more of"):
        ranges.fetch(0, 2_000)


def test_it_is_verified_locked_fetched_and_fetched_again(bench: Desk) -> None:
    verdict = bench.run("verify", bench.lot.source, "--as", REPO)
    assert verdict.returncode == (0 if bench.lot.states else 3), verdict.stdout + verdict.stderr
    locked(bench)
    for words in ("lock --check", "verify", "verify --lock"):
        ended = bench.run(*words.split())
        assert ended.returncode == 0, (words, ended.stdout + ended.stderr)
    for _ in range(2):
        ended = bench.run("fetch", "--local-dir", "model")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert (bench.folder / "model" / LARGE).read_bytes() == WEIGHTS
    names = {path.name for path in (bench.folder / "model").iterdir()}
    assert names == {*FILES, "model.sig"}


def test_what_is_written_over_after_the_lock_is_refused_or_not_seen(bench: Desk) -> None:
    locked(bench)
    bench.lot.put(LARGE, OTHER)
    ended = bench.run("fetch", "--local-dir", "model")
    place = bench.folder / "model" / LARGE
    if bench.lot.keeps:
        assert (ended.returncode, place.read_bytes()) == (0, WEIGHTS)
    else:
        assert ended.returncode == 5, ended.stdout
        assert not place.parent.exists()
        assert "lies there now" in ended.stdout + ended.stderr


def test_status_and_update_ask_the_store_what_lies_there_now(bench: Desk) -> None:
    locked(bench)
    assert "moved on" not in bench.run("status").stdout
    bench.lot.put(LARGE, OTHER)
    told = bench.run("status")
    assert f"{bench.lot.source} has moved on" in told.stdout
    assert "huggingface.co/api" not in told.stdout + told.stderr
    ended = bench.run("update")
    assert f"{LARGE} changed" in ended.stdout
    assert ended.returncode == (3 if "digest unknown" in ended.stdout else 1)


def test_the_same_bytes_written_anew_are_the_same(bench: Desk) -> None:
    locked(bench)
    before = (bench.folder / "provenance.lock").read_text()
    for path in FILES:
        bench.lot.put(path, (bench.root / "model" / path).read_bytes())
    for words in ("verify", "lock --check", "fetch --local-dir model"):
        ended = bench.run(*words.split())
        assert ended.returncode == 0, (words, ended.stdout + ended.stderr)
    ended = bench.run("update")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    is_written = before != (bench.folder / "provenance.lock").read_text()
    assert ("every file has the same bytes as before" in ended.stdout) == is_written
    assert ("wrote provenance.lock" in ended.stderr) == is_written


def test_the_line_that_locks_a_new_release_works(bench: Desk) -> None:
    locked(bench)
    bench.lot.fill(signed(bench.root / "again", {**FILES, LARGE: OTHER}))
    assert bench.run("verify").returncode == (0 if bench.lot.keeps else 5)
    ended = bench.run("update")
    if ended.returncode:
        (line,) = [one for one in ended.stderr.splitlines() if one.startswith("next: ")]
        assert line == "next: provenance lock --upgrade-model bot --measure"
        ended = bench.run(*line.split()[2:])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert bench.run("verify").returncode == 0


def test_what_was_changed_of_signed_bytes_is_looked_at_and_not_waived(bench: Desk) -> None:
    locked(bench)
    bench.lot.put("config.json", b"{}")
    ended = bench.run("update")
    assert ended.returncode == 1
    assert "next: provenance explain " in ended.stderr
    assert "provenance explain signature/mismatch" in ended.stderr
    assert "provenance waive" not in ended.stderr


def test_the_line_that_sets_aside_what_lies_there_now_works(bench: Desk) -> None:
    locked(bench)
    bench.lot.put("run.py", b"import os\n")
    bench.lot.remove("model.sig")
    ended = bench.run("update")
    (line,) = [one for one in ended.stderr.splitlines() if "provenance waive " in one]
    words = line.removeprefix("next: ").split()[1:]
    assert f"@{bench.lot.source}" in line
    ended = bench.run(*words)
    assert "is not among" not in ended.stderr + ended.stdout, ended.stderr
    assert ended.returncode in (0, 1)


def test_other_bytes_than_the_store_states_are_refused(bench: Desk) -> None:
    locked(bench)
    bench.lot.swap(LARGE, OTHER)
    ended = bench.run("fetch", "--local-dir", "model")
    assert (ended.returncode, (bench.folder / "model").exists()) == (1, False), ended.stderr
    assert LARGE in ended.stdout + ended.stderr


def test_what_lies_there_now_is_judged_as_it_is_now(bench: Desk) -> None:
    bench.lot.put(LARGE, OTHER)
    ended = bench.run("verify", bench.lot.source, "--as", REPO, "--format", "json")
    rules = {one["rule"] for one in json.loads(ended.stdout)["models"][0]["findings"]}
    expected = (1, "mismatch") if bench.lot.states else (3, "undeclared")
    assert (ended.returncode, f"integrity/{expected[1]}" in rules) == (expected[0], True)


def test_what_is_revoked_is_refused(bench: Desk) -> None:
    locked(bench)
    bench.trust(revoked=[{"repo": REPO, "reason": "a backdoor"}])
    ended = bench.run("verify", bench.lot.source, "--as", REPO, "--format", "json")
    rules = {one["rule"] for one in json.loads(ended.stdout)["models"][0]["findings"]}
    assert (ended.returncode, "registry/revoked" in rules) == (1, True)
    ended = bench.run("fetch", "--local-dir", "model")
    assert (ended.returncode, (bench.folder / "model").exists()) == (1, False)


def test_as_says_whose_it_must_be_and_cards_what_it_is_made_from(bench: Desk) -> None:
    other = bench.run(
        "verify", bench.lot.source, "--as", "acme-free/bot", "--registry", "trust.toml"
    )
    assert other.returncode in (1, 3)
    bench.lot.put("README.md", card("base_model: acme/base"))
    ended = bench.run("verify", bench.lot.source, "--as", REPO, "--format", "json")
    graph = json.loads(ended.stdout)["models"][0]
    assert "acme/base" in json.dumps(graph)


def test_a_download_that_is_stopped_leaves_no_file_and_the_next_one_is_whole(
    lot: Lot, tmp_path: Path
) -> None:
    found, folder, stop = gathered(lot), tmp_path / "stage" / "files", Event()
    release = lot.store().opened(found.ref.commit).release
    stop.set()
    with pytest.raises(Stopped):
        release.download(LARGE, folder, again=False, step=Silent(), stop=stop)
    assert not (folder / LARGE).exists()
    assert any(folder.iterdir())
    whole = measured(release, found, tmp_path / "stage")
    assert whole.manifest.by_path[LARGE].sha256
    assert not (tmp_path / "stage").exists()


def test_two_who_fetch_at_one_time_get_the_same(bench: Desk) -> None:
    locked(bench)
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: bench.run("fetch", "--local-dir", "model"), range(2)))
    assert [one.returncode for one in ended] == [0, 0], [one.stderr for one in ended]
    assert (bench.folder / "model" / LARGE).read_bytes() == WEIGHTS


def test_a_place_where_nothing_lies_is_told(lot: Lot, tmp_path: Path) -> None:
    with STORES["a folder"](tmp_path / "empty") as empty:
        ended = desk(tmp_path / "empty", empty).run("verify", empty.source, "--as", REPO)
    assert (ended.returncode, "nothing lies there" in ended.stderr + ended.stdout) != (0, False)


def test_without_a_repository_a_run_has_no_name_to_load_it_by(bench: Desk) -> None:
    model = {"name": "bot", "source": bench.lot.source}
    table = {"policy": {"registry": ["trust.toml"], "profile": "files"}, "models": [model]}
    (bench.folder / "provenance.toml").write_text(tomli_w.dumps(table))
    locked(bench)
    ended = bench.run("run", "--", "true")
    assert (ended.returncode, "say `repo` in provenance.toml" in ended.stderr) == (2, True), ended
