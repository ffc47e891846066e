"""A command sees exactly what is locked, verified anew; whatever else there is fails loudly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests import forge
from tests.cli.lines import typed
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, Desk, desk, signed, trust

OTHER = {**FILES, "config.json": b'{"model_type": "llama", "hidden_size": 8}'}
BARE = "acme-free/bare"
PLAIN = {"tokenizer.json": b'{"version": "1.0"}', "model.safetensors": forge.safetensors()}
"""A repository without config.json."""
ADAPTER: Mapping[str, bytes] = {
    "adapter_config.json": json.dumps(
        {"peft_type": "LORA", "base_model_name_or_path": UNSIGNED}
    ).encode(),
    "adapter_model.safetensors": forge.safetensors(b"\x01" * 64),
}
SHOW = """
import json, os, sys
from pathlib import Path
top = Path(os.environ["HF_HUB_CACHE"])
found = sorted(top.rglob("*"))
files = {str(p.relative_to(top)): (p.stat().st_mode & 0o777, p.is_symlink()) for p in found}
modules = sorted(map(str, Path(os.environ["HF_MODULES_CACHE"]).iterdir()))
print(json.dumps({"files": files, "modules": modules, "cwd": os.getcwd()}))
sys.exit(7)
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk where one signed model is locked and was fetched, and a later commit is on main."""
    top = tmp_path_factory.mktemp("run")
    with Hub(top) as hub:
        commit = hub.commit(REPO, signed(top / "m"))
        hub.tag(REPO, "v1", commit)
        made = desk(top, hub)
        made.locked({"repo": REPO, "revision": "v1"})
        fetched(made)
        hub.commit(REPO, signed(top / "n", OTHER))
        yield made


@pytest.fixture
def bench(locked: Desk, tmp_path: Path) -> Desk:
    """The same at the same Hub, for one test to spoil."""
    own = replace(locked, folder=tmp_path / "work", home=tmp_path / "home")
    shutil.copytree(locked.folder, own.folder)
    shutil.copytree(locked.home, own.home)
    return own


def fetched(made: Desk) -> None:
    ended = made.run("fetch", "-q")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def python(made: Desk, text: str, *words: str, **environment: str) -> tuple[int, str, str]:
    """What a program of Python does under `run`, without a request."""
    made.hub.clear()
    ended = made.run("run", *words, "--", sys.executable, "-c", text, **environment)
    assert made.hub.requests == []
    return ended.returncode, ended.stdout, ended.stderr


def cached(made: Desk, repo: str = REPO) -> Path:
    """The folder of a repository in the user's own cache."""
    return made.home / ".cache/huggingface/hub" / f"models--{repo.replace('/', '--')}"


def snapshot(made: Desk, repo: str = REPO) -> Path:
    (found,) = (cached(made, repo) / "snapshots").iterdir()
    return found


def runs(made: Desk) -> list[Path]:
    """The folders of runs, ended or not."""
    return sorted((made.home / ".cache/provenance/runs").iterdir())


def blob(made: Desk, path: str) -> Path:
    """Where the store keeps a file of the model."""
    digest = sha256(FILES[path]).hexdigest()
    return made.home / ".cache/provenance/store/sha256" / digest[:2] / digest


def test_exactly_the_locked_files_are_there_and_may_only_be_read(bench: Desk) -> None:
    commit, mode = snapshot(bench).name, (snapshot(bench) / "model.safetensors").stat().st_mode
    code, out, err = python(bench, SHOW)
    seen = json.loads(out)
    top, place = "models--acme--bot", f"models--acme--bot/snapshots/{commit}"
    files = {f"{place}/{path}" for path in (*FILES, "model.sig")}
    files |= {f"{top}/refs/main", f"{top}/refs/v1"}
    folders = {top, place, f"{top}/snapshots", f"{top}/refs"}
    assert (code, seen["files"].keys(), seen["modules"]) == (7, files | folders, [])
    linked = f"{place}/model.safetensors"
    modes = {path: row for path, row in seen["files"].items() if path != linked}
    assert modes == {path: [0o555 if path in folders else 0o444, False] for path in modes}
    assert seen["files"][linked] == [mode & 0o777, False]
    assert seen["cwd"] == str(bench.folder)
    assert "note: this is not a sandbox" in err
    assert python(bench, SHOW, "-q")[2] == ""


LOADS: dict[str, tuple[str, str]] = {
    "a snapshot without revision": ("snapshot_download('acme/bot')", "{commit}"),
    "a snapshot, local files only": (
        "snapshot_download('acme/bot', local_files_only=True)",
        "{commit}",
    ),
    "a snapshot by its commit": ("snapshot_download('acme/bot', revision='{commit}')", "{commit}"),
    "a file without revision": ("hf_hub_download('acme/bot', 'config.json')", "config.json"),
    "a file by the locked tag": (
        "hf_hub_download('acme/bot', 'config.json', revision='v1')",
        "config.json",
    ),
    "a file by its commit": (
        "hf_hub_download('acme/bot', 'config.json', revision='{commit}')",
        "config.json",
    ),
    "a file that it does not have": (
        "hf_hub_download('acme/bot', 'evil.py')",
        "LocalEntryNotFound",
    ),
    "another branch": ("snapshot_download('acme/bot', revision='dev')", "LocalEntryNotFound"),
    "another repository": ("snapshot_download('acme/other')", "LocalEntryNotFound"),
}


@pytest.mark.parametrize("name", LOADS)
def test_it_loads_by_name_without_a_request(bench: Desk, name: str) -> None:
    call, expected = (text.format(commit=snapshot(bench).name) for text in LOADS[name])
    lines = ["from huggingface_hub import hf_hub_download, snapshot_download"]
    lines += ["try:", f"    print({call})"]
    lines += ["except Exception as error:", "    print(type(error).__name__)"]
    code, out, err = python(bench, "\n".join(lines))
    assert (code, expected in out) == (0, True), (out, err)
    if not expected.startswith("Local"):
        assert out.startswith(str(bench.home / ".cache/provenance/runs")), out


def test_a_repository_without_config_is_known_to_have_none(bench: Desk) -> None:
    bench.hub.commit(BARE, PLAIN)
    bench.locked({"repo": BARE})
    fetched(bench)
    load = f"import huggingface_hub as h; print(h.try_to_load_from_cache('{BARE}', 'config.json'))"
    assert "object at" in python(bench, load)[1]
    bench.locked({"repo": BARE, "exclude": ["tokenizer.json", "config.json"]})
    fetched(bench)
    assert "None" in python(bench, load)[1]


@pytest.fixture
def adapted(bench: Desk, tmp_path: Path) -> tuple[Desk, str]:
    """An adapter is locked and fetched with its base, at a commit that is no longer main's."""
    base = bench.hub.commit(UNSIGNED, FILES)
    bench.hub.commit("acme/lora", signed(tmp_path / "l", ADAPTER))
    bench.locked({"repo": "acme/lora", "members": [f"{UNSIGNED}@{base}"]})
    fetched(bench)
    bench.hub.commit(UNSIGNED, OTHER)
    return bench, base


def test_what_its_loader_fetches_lies_beside_the_model(adapted: tuple[Desk, str]) -> None:
    made, base = adapted
    load = f"import huggingface_hub as h; print(h.snapshot_download('{UNSIGNED}'))"
    code, out, err = python(made, load)
    assert (code, out.strip().endswith(base)) == (0, True), err


def planted_base(made: Desk) -> None:
    (made.folder / UNSIGNED).mkdir(parents=True)


def revoked_base(made: Desk) -> None:
    made.trust(trust(revoked=[{"repo": UNSIGNED, "reason": "ACME-2026-4"}]))


def base_not_fetched(made: Desk) -> None:
    shutil.rmtree(cached(made, UNSIGNED))


OF_THE_BASE: dict[str, tuple[Callable[[Desk], None], int, str]] = {
    "a folder of its name": (planted_base, 2, "mkdir -p served && cd served"),
    "revoked": (revoked_base, 1, "registry/revoked"),
    "never fetched": (base_not_fetched, 2, "`provenance fetch`"),
}


@pytest.mark.parametrize("name", OF_THE_BASE)
def test_it_is_not_started_for_what_its_loader_fetches(
    adapted: tuple[Desk, str], name: str
) -> None:
    made, _ = adapted
    spoil, code, words = OF_THE_BASE[name]
    spoil(made)
    ended = made.run("run", "--", "touch", "started")
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
    assert not (made.folder / "started").exists()


def test_a_snapshot_as_huggingface_hub_lays_it_is_enough(bench: Desk) -> None:
    place, blobs = snapshot(bench), cached(bench) / "blobs"
    blobs.mkdir()
    for path in list(place.iterdir()):
        path.rename(blobs / f"etag-of-{path.name}")
        path.symlink_to(Path("../../blobs") / f"etag-of-{path.name}")
    code, out, err = python(bench, SHOW)
    assert code == 7, err
    assert not [path for path, (_, linked) in json.loads(out)["files"].items() if linked]


def planted_folder(made: Desk) -> None:
    (made.folder / REPO).mkdir(parents=True)


def planted_file(made: Desk) -> None:
    (made.folder / "acme").mkdir()
    (made.folder / REPO).write_text("")


def revoked(made: Desk) -> None:
    made.trust(trust(revoked=[{"repo": REPO, "reason": "ACME-2026-3"}]))


def changed(made: Desk) -> None:
    """One byte of the weights is another; size and time are as they were."""
    place = snapshot(made) / "model.safetensors"
    status = place.stat()
    with place.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x00")
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def changed_config(made: Desk) -> None:
    (snapshot(made) / "config.json").write_bytes(OTHER["config.json"])


def not_fetched(made: Desk) -> None:
    shutil.rmtree(cached(made))


def revoked_and_gone(made: Desk) -> None:
    revoked(made)
    not_fetched(made)


def without_weights(made: Desk) -> None:
    (snapshot(made) / "model.safetensors").unlink()


def without_signature(made: Desk) -> None:
    (snapshot(made) / "model.sig").unlink()


def other_settings(made: Desk) -> None:
    made.settings({"repo": REPO})


def without_lock(made: Desk) -> None:
    made.lock.unlink()


def without_registry(made: Desk) -> None:
    (made.folder / "trust.toml").unlink()


def hand_written(made: Desk) -> None:
    text = made.lock.read_text()
    made.lock.write_text(text.replace('"config.json"', '"../../config.json"'))


REFUSED: dict[str, tuple[Callable[[Desk], None], int, str]] = {
    "a folder of its name": (planted_folder, 2, "mkdir -p served && cd served"),
    "a file of its name": (planted_file, 2, "acme/bot would be loaded instead of the locked"),
    "revoked": (revoked, 1, "registry/revoked"),
    "revoked, and never fetched": (revoked_and_gone, 1, "registry/revoked"),
    "one byte of the weights": (changed, 1, "integrity/mismatch"),
    "another config": (changed_config, 1, "integrity/mismatch"),
    "never fetched": (not_fetched, 2, "`provenance fetch acme/bot`"),
    "weights that are gone": (without_weights, 2, "`provenance fetch acme/bot`"),
    "a signature that is gone": (without_signature, 1, "signature/lost"),
    "a lockfile that is late": (other_settings, 4, "run `provenance lock`, or add --frozen"),
    "no lockfile": (without_lock, 2, "run `provenance lock`"),
    "no registry": (without_registry, 2, "trust.toml"),
    "a path that leads out": (hand_written, 2, "config.json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_not_started(bench: Desk, name: str) -> None:
    spoil, code, words = REFUSED[name]
    spoil(bench)
    ended = bench.run("run", "--offline", "--", "touch", "started")
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
    assert ended.stdout == ""
    assert not (bench.folder / "started").exists()
    base = bench.home / ".cache/provenance/runs"
    assert not base.exists() or runs(bench) == []


IN_THE_HUBS_CACHE = [not_fetched, without_weights, without_signature, changed_config]
"""What does not matter any more once the store has the bytes."""
STILL = [name for name, (spoil, *_) in REFUSED.items() if spoil not in IN_THE_HUBS_CACHE]


@pytest.mark.parametrize("name", STILL)
def test_it_is_not_started_a_second_time(bench: Desk, name: str) -> None:
    assert bench.run("run", "-q", "--", "true").returncode == 0
    spoil, code, words = REFUSED[name]
    spoil(bench)
    ended = bench.run("run", "--", "touch", "started")
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
    assert not (bench.folder / "started").exists()


@pytest.mark.parametrize("spoil", IN_THE_HUBS_CACHE)
def test_bytes_of_an_earlier_run_are_enough(bench: Desk, spoil: Callable[[Desk], None]) -> None:
    assert bench.run("run", "-q", "--", "true").returncode == 0
    spoil(bench)
    ended = bench.run("run", "-q", "--offline", "--", "true")
    assert (ended.returncode, ended.stderr) == (0, "")


def stale_main(made: Desk) -> None:
    """Another snapshot is `main` in the user's own cache."""
    other = cached(made) / "snapshots" / ("0" * 40)
    forge.write(other, OTHER)
    (cached(made) / "refs" / "main").write_text("0" * 40)


def planted_in_snapshot(made: Desk) -> None:
    forge.write(snapshot(made), {"custom_generate/generate.py": b"evil"})


def planted_in_modules(made: Desk) -> None:
    place = made.home / ".cache/huggingface/modules/transformers_modules/acme/bot"
    forge.write(place, {"modeling.py": b"evil"})


@pytest.mark.parametrize("plant", [stale_main, planted_in_snapshot, planted_in_modules])
def test_what_others_left_in_the_caches_is_not_seen(
    bench: Desk, plant: Callable[[Desk], None]
) -> None:
    commit = snapshot(bench).name
    plant(bench)
    found = json.loads(python(bench, SHOW)[1])
    assert not [path for path in found["files"] if path.endswith(".py") or "0" * 40 in path]
    assert (found["modules"], f"models--acme--bot/snapshots/{commit}" in found["files"]) == (
        [],
        True,
    )
    load = "import huggingface_hub as h; print(h.snapshot_download('acme/bot'))"
    assert python(bench, load)[1].strip().endswith(commit)


def overwritten(place: Path) -> None:
    """The store's file is another one of the same name."""
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.unlink()
    place.write_bytes(data)


@pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
def test_a_file_of_the_store_that_was_changed_is_taken_anew(bench: Desk, path: str) -> None:
    assert bench.run("run", "-q", "--", "true").returncode == 0
    overwritten(blob(bench, path))
    shown = f"cat $HF_HUB_CACHE/models--acme--bot/snapshots/*/{path} | sha256sum"
    ended = bench.run("run", "--", "sh", "-c", shown)
    assert (ended.returncode, ended.stdout[:64]) == (0, sha256(FILES[path]).hexdigest())
    assert f"{path} in" in ended.stderr
    assert "was changed: it is taken anew" in ended.stderr


def test_what_others_may_write_to_is_copied(bench: Desk) -> None:
    place = snapshot(bench) / "model.safetensors"
    place.chmod(0o646)
    ended = bench.run("run", "--", "true")
    assert (ended.returncode, "3.1 MB were copied to" in ended.stderr) == (0, True), ended.stderr
    assert "set XDG_CACHE_HOME to a folder on the disk of the Hub's cache" in ended.stderr
    assert place.stat().st_nlink == 1
    place.write_bytes(b"other")
    assert bench.run("run", "-q", "--", "true").returncode == 0


UNSTARTED: dict[str, tuple[tuple[str, ...], str]] = {
    "no --": (("run", "touch", "started"), "Expected `--` and a command"),
    "nothing behind it": (("run", "-q", "--"), "Expected `--` and a command"),
    "a name before it": (("run", REPO, "--", "touch", "started"), "unexpected extra argument"),
    "no such command": (("run", "--", "no-such-command"), "'no-such-command' cannot be started"),
    "a file that is no program": (("run", "--", "./trust.toml"), "cannot be started"),
    "no such model": (("run", "--model", "acme/x", "--", "true"), "has no model 'acme/x'"),
}


@pytest.mark.parametrize("name", UNSTARTED)
def test_words_that_mean_no_command(bench: Desk, name: str) -> None:
    words, said = UNSTARTED[name]
    ended = bench.run(*words)
    assert (ended.returncode, said in ended.stderr) == (2, True), ended.stderr
    assert not (bench.folder / "started").exists()


def test_options_behind_the_dashes_are_the_commands(bench: Desk) -> None:
    ended = bench.run("run", "-q", "--", "printf", "%s\n", "--", "-q", "--help")
    assert (ended.returncode, ended.stdout) == (0, "--\n-q\n--help\n")


def test_of_two_commits_a_model_is_chosen(bench: Desk) -> None:
    old = snapshot(bench).name
    bench.locked({"repo": REPO, "name": "new"}, {"repo": REPO, "name": "old", "revision": "v1"})
    fetched(bench)
    ended = bench.run("run", "--", "touch", "started")
    assert (ended.returncode, "main is locked at" in ended.stderr) == (2, True), ended.stderr
    line = ended.stderr.split("`")[1]
    assert line.startswith("provenance run --model ")
    assert typed(bench, line.replace("…", "true")).returncode == 0
    load = "import huggingface_hub as h; print(h.snapshot_download('acme/bot'))"
    assert python(bench, load, "--model", "old")[1].strip().endswith(old)
    assert not python(bench, load, "--model", "new")[1].strip().endswith(old)


def test_a_folder_lasts_as_long_as_its_command(bench: Desk) -> None:
    waits = "import time; print(0, flush=True); time.sleep(100)"
    process = bench.start("run", "-q", "--", sys.executable, "-c", waits)
    assert process.stdout
    try:
        assert process.stdout.readline() == "0\n"
        (alive,) = runs(bench)
        assert bench.run("run", "-q", "--", "true").returncode == 0
        assert alive in runs(bench)
    finally:
        process.kill()
        process.communicate()
    (bench.home / ".cache/provenance/runs/mine").mkdir()
    assert bench.run("run", "-q", "--", "true").returncode == 0
    assert alive not in runs(bench)
    assert len(runs(bench)) == 2


def test_two_at_once_wait_for_each_other(bench: Desk) -> None:
    both = [bench.start("run", "-q", "--", "true") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.6, 0.8])
def test_a_run_that_is_killed_leaves_nothing_behind(bench: Desk, seconds: float) -> None:
    process = bench.start("run", "-q", "--", "sh", "-c", "exit 3")
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate()
    assert bench.run("run", "-q", "--", "true").returncode == 0
    (own,) = runs(bench)
    assert snapshot(bench).name in {path.name for path in own.glob("hub/*/snapshots/*")}


def test_the_signals_that_python_ignores_are_the_commands_again(bench: Desk) -> None:
    ended = bench.run("run", "-q", "--", "grep", "SigIgn", "/proc/self/status")
    ignored = int(ended.stdout.split()[1], 16)
    assert ignored & (1 << 12 | 1 << 24) == 0
    assert bench.run("run", "-q", "--", "sh", "-c", "kill -TERM $$").returncode == -15
