"""vLLM loads what is locked and passes, or does not start: whichever of the two locks is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tomli_w

from provenance.source.settling import is_untouched
from provenance.workspace import Request, Workspace
from provenance.workspace.serving import places_of, remote_of, words_of
from tests import forge
from tests.hub import Hub
from tests.hubs import REPO, desk, signed, trust
from tests.serving.site import ROOT, entry, site

FIRST, SECOND = {"VLLM_PLUGINS": "provenance"}, "provenance"
LOADED, MADE, CONFIGURED = "loaded", "made", "configured"
OTHER_COMMIT = "1" * 40
OTHER = forge.safetensors(bytes(15) + b"x")
FOREIGN = {"config.json": b"{}", "model.safetensors": OTHER}


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk where one signed model is locked and was fetched, to `model` and to the cache."""
    top = tmp_path_factory.mktemp("fetched")
    with Hub(top) as hub:
        hub.commit(REPO, signed(top / "m"))
        made = desk(top, hub)
        made.locked({"repo": REPO})
        assert made.run("fetch", "--local-dir", "model").returncode == 0
        assert made.run("fetch").returncode == 0
        site(top / "site", entry())
    return top


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A copy of that desk: its working directory and its home."""

    top: Path

    @property
    def folder(self) -> Path:
        return self.top / "work"

    @property
    def home(self) -> Path:
        return self.top / "home"

    @property
    def model(self) -> Path:
        return self.folder / "model"


@pytest.fixture
def bench(fetched: Path, tmp_path: Path) -> Bench:
    for name in ("work", "home", "site"):
        shutil.copytree(fetched / name, tmp_path / name, symlinks=True)
    return Bench(top=tmp_path)


def served(
    bench: Bench, *words: str, more: Mapping[str, str] = FIRST, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The start of a server with these words."""
    made = bench.top / "site"
    own = {"PATH": os.environ["PATH"], "HOME": str(bench.home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [*under, sys.executable, str(made / "serve.py"), *words],
        cwd=bench.folder,
        env={**own, "PYTHONPATH": f"{made}:{ROOT}", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def nothing(bench: Bench) -> None:
    """Nothing changes."""


def weights(bench: Bench) -> None:
    """The weights are others, of the same length."""
    (bench.model / "model.safetensors").write_bytes(OTHER)


def code(bench: Bench) -> None:
    """A file lies beside them that nobody judged."""
    (bench.model / "modeling.py").write_text("import os\n")


def gone(bench: Bench) -> None:
    """A file is not there."""
    (bench.model / "tokenizer.json").unlink()


def revoked(bench: Bench) -> None:
    """The registry revokes the repository."""
    revocation = {"repo": REPO, "reason": "stolen"}
    table = tomli_w.dumps(trust(revoked=[revocation]))
    (bench.folder / "trust.toml").write_text(table)


def unlocked(bench: Bench) -> None:
    """Nothing is locked."""
    (bench.folder / "provenance.lock").unlink()


def foreign(bench: Bench) -> None:
    """The folder is another model's."""
    forge.write(bench.folder / "other", FOREIGN)
    (bench.model).rename(bench.folder / "kept")
    (bench.folder / "other").rename(bench.model)


LATE = "open('model/model.safetensors', 'r+b').write(b'x')"


@dataclass(frozen=True, kw_only=True)
class Start:
    """A start, and what came of it: how far it came, and what was said."""

    first: bool = True
    form: str = SECOND
    change: Callable[[Bench], None] = nothing
    late: tuple[str, ...] = ()
    plugin: str | None = None
    more: dict[str, str] = field(default_factory=dict)
    comes: tuple[str, ...] = ()
    says: str = ""


ALL, NONE, LOOKED = (CONFIGURED, MADE, LOADED), (), (CONFIGURED,)
STARTS = {
    "both locks": Start(comes=ALL),
    "the first alone": Start(form="auto", comes=ALL),
    "the second alone": Start(first=False, comes=ALL),
    "other weights": Start(change=weights, comes=NONE, says="model.safetensors (changed)"),
    "other weights, the second alone": Start(
        first=False, change=weights, comes=LOOKED, says="model.safetensors (changed)"
    ),
    "other weights at the last moment": Start(
        late=(LATE,), comes=LOOKED, says="model.safetensors (changed)"
    ),
    "a file more": Start(change=code, comes=NONE, says="modeling.py (extra)"),
    "a file less": Start(change=gone, comes=NONE, says="tokenizer.json (missing)"),
    "revoked since": Start(change=revoked, comes=NONE, says="registry/revoked"),
    "revoked since, the second alone": Start(
        first=False, change=revoked, comes=LOOKED, says="registry/revoked"
    ),
    "nothing locked": Start(change=unlocked, comes=NONE, says="run `provenance lock`"),
    "a lockfile that is not there": Start(
        more={"PROVENANCE_LOCKFILE": "other.lock"}, comes=NONE, says="other.lock"
    ),
    "another model": Start(change=foreign, comes=NONE, says="of no locked model"),
    "a Hub may be asked": Start(
        more={"HF_HUB_OFFLINE": "0"}, comes=NONE, says="HF_HUB_OFFLINE: expected 1"
    ),
    "a Hub may be asked, the second alone": Start(
        first=False, more={"HF_HUB_OFFLINE": "0"}, comes=LOOKED, says="HF_HUB_OFFLINE: expected 1"
    ),
    "a variable that cannot be used": Start(
        more={"HF_HUB_DOWNLOAD_TIMEOUT": "soon"}, comes=NONE, says="HF_HUB_DOWNLOAD_TIMEOUT"
    ),
    "an address in a store": Start(
        late=("'s3://models/bot'",), comes=NONE, says="s3://models/bot: would be loaded from there"
    ),
    "no plugin": Start(plugin="", comes=LOOKED, says="is not supported"),
    "a plugin that is not allowed": Start(
        more={"VLLM_PLUGINS": "other"}, comes=LOOKED, says="is not supported"
    ),
    "a plugin that is broken": Start(
        plugin="provenance = provenance.gone:register", comes=LOOKED, says="is not supported"
    ),
}


@pytest.mark.parametrize("name", STARTS)
def test_it_loads_what_is_locked_or_does_not_start(bench: Bench, name: str) -> None:
    start = STARTS[name]
    start.change(bench)
    more = {**(FIRST if start.first else {}), **start.more}
    words = ("model", "--load-format", start.form, *start.late)
    if start.plugin is not None:
        shutil.rmtree(bench.top / "site")
        site(bench.top / "site", start.plugin)
    ended = served(bench, *words, more=more)
    came = tuple(line.split()[0] for line in ended.stdout.splitlines())
    assert came == start.comes, ended.stdout + ended.stderr
    assert (ended.returncode == 0) is (LOADED in start.comes)
    assert start.says in ended.stderr


def test_by_name_it_loads_what_run_laid(bench: Bench) -> None:
    run = (sys.executable, "-m", "provenance", "run", "-q", "--")
    ended = served(bench, REPO, "--load-format", SECOND, under=run)
    assert ended.returncode == 0, ended.stderr
    assert "as auto" in ended.stdout


def test_by_name_it_loads_no_commit_of_the_cache_that_is_not_locked(bench: Bench) -> None:
    (folder,) = bench.home.glob(".cache/huggingface/hub/models--*")
    forge.write(folder / "snapshots" / OTHER_COMMIT, FOREIGN)
    (folder / "refs" / "main").write_text(OTHER_COMMIT)
    ended = served(bench, REPO, "--load-format", SECOND)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "of no locked model" in ended.stderr


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("{}", True),
        ("--model={}", True),
        ("adapter={}", True),
        ("first,{}", True),
        ('{{"model": "{}"}}', True),
        ("{}/config.json", True),
        ("{}/missing.json", False),
        ("{}/..", False),
        ("--download-dir", False),
        ("x" * 5_000, False),
        ("x/" + "y" * 5_000, False),
        ("\0", False),
    ],
)
def test_a_model_is_found_in_every_word(tmp_path: Path, word: str, found: bool) -> None:
    place = forge.write(tmp_path / "top" / "model")
    words = words_of([word.format(place)])
    seen = {one for name in words for one in places_of(name, cache_dir=tmp_path / "cache")}
    assert seen == ({place} if found else set())


@pytest.mark.parametrize("name", ["my model", "v1,2", "v1:2", "a=b", "plain"])
@pytest.mark.parametrize("word", ["{}", "--model={}", "--lora-modules=x={}", "x={}", "json"])
def test_a_path_of_any_letters_is_one_word(tmp_path: Path, word: str, name: str) -> None:
    place = forge.write(tmp_path / name)
    escaped = json.dumps({"loras": [{"path": str(place)}]}).replace("/", "\\/")
    written = f"--lora-modules={escaped}" if word == "json" else word.format(place)
    seen = {one for found in words_of([written]) for one in places_of(found)}
    assert place in seen


@pytest.mark.parametrize(
    ("name", "found"), [("gpt2", 2), ("acme/bot", 2), ("acme", 0), ("a/b/c", 0)]
)
def test_a_name_is_every_snapshot_of_it_that_the_cache_has(
    tmp_path: Path, name: str, found: int
) -> None:
    for repo in ("gpt2", "acme--bot"):
        for commit in "12":
            forge.write(tmp_path / f"models--{repo}" / "snapshots" / (commit * 40))
    assert len(places_of(name, cache_dir=tmp_path)) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["serve", "s3://b/m"], "s3://b/m"),
        (["--model=gs://b/m", "s3://c"], "gs://b/m"),
        (['{"model": "az://b/m"}'], "az://b/m"),
        (["S3://b/m"], "S3://b/m"),
        (["--otlp-traces-endpoint", "https://acme.example/s3"], ""),
        (["acme/bot"], ""),
    ],
)
def test_an_address_in_a_store_is_found(words: list[str], found: str) -> None:
    assert remote_of(words) == found


def test_what_fetch_delivered_bears_the_mark_by_which_it_is_not_hashed_again(fetched: Path) -> None:
    place = fetched / "work" / "model"
    if "user.provenance.release" not in os.listxattr(place):
        pytest.skip("no extended attributes here")
    session = Workspace.open(fetched / "work").session(Request(), needs_models=False)
    assert session.lock
    (entry,) = session.lock.models()
    assert is_untouched(place, entry.selected)
