"""`provenance status --local`: every model on a machine, by what lockfile and registry know."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance import manual
from provenance.lock import Entry
from provenance.workspace import lockfile
from tests import forge
from tests.cli.conftest import Run
from tests.formats.test_gguf import STRING, made, pair, text
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, WEIGHTS, Desk, card, desk, signed, trust
from tests.ollama import Pulled

OTHER = WEIGHTS[:-1] + b"\x01"
LONGER = WEIGHTS + b"1"
LEFT_OUT = "tokenizer.json"
COMMIT = "c" * 40
SECOND = {**FILES, "model.safetensors": forge.safetensors(bytes(3 << 20))}
PIPELINE = {
    "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}',
    "unet/config.json": b'{"_class_name": "UNet2DConditionModel"}',
    "unet/model.safetensors": LONGER,
    "vae/model.safetensors": forge.safetensors(),
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A desk with a lockfile, and models all over the machine."""

    desk: Desk
    locked: Mapping[str, Entry]

    @property
    def cache(self) -> Path:
        """The Hub's cache."""
        return self.desk.home / ".cache/huggingface/hub"

    @property
    def models(self) -> Path:
        """A folder of somebody's own."""
        return self.desk.folder / "models"

    def table(self, *words: str | Path, code: int | None = None, **more: str) -> dict[str, Any]:
        """What `status --local --json` says."""
        ended = self.desk.run("status", "--local", *words, "--json", **more)
        assert code in (None, ended.returncode), ended.stdout + ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def rows(self, *words: str | Path, **more: Any) -> dict[str, dict[str, Any]]:
        """The models by their names."""
        return {row["name"]: row for row in self.table(*words, **more)["models"]}


def snapshot(cache: Path, repo: str, commit: str, files: Mapping[str, bytes]) -> Path:
    """A snapshot in a cache, its files copied into it."""
    folder = cache / f"models--{repo.replace('/', '--')}" / "snapshots" / commit
    return forge.write(folder, files)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    top = tmp_path_factory.mktemp("machine")
    with Hub(top) as hub:
        hub.commit(REPO, signed(top / "m"))
        hub.commit(UNSIGNED, SECOND)
        own = desk(top, hub)
        own.locked(
            {"repo": REPO, "exclude": ["tokenizer.json"]}, {"name": "base", "repo": UNSIGNED}
        )
        assert own.run("fetch").returncode == 0
        locked = {entry.name: entry for entry in lockfile.load(own.lock).models()}
        made = Machine(desk=own, locked=locked)
        lay(made)
        yield made


def lay(machine: Machine) -> None:
    """The models lie there, and Ollama's beside them."""
    commit = machine.locked[REPO].commit or ""
    elsewhere = machine.models / "caches"
    forge.write(machine.models / "copy", FILES)
    forge.write(machine.models / "pictures", PIPELINE)
    forge.write(machine.models / "deep/er/llama", {"llama.gguf": WEIGHTS, "notes.txt": b"mine"})
    forge.write(machine.models / "mixed", {"a.safetensors": WEIGHTS, "b.safetensors": OTHER})
    forge.write(machine.models / "text", {"config.json": b'{"model_type": "llama"}'})
    snapshot(elsewhere / "tampered", REPO, commit, {**FILES, "model.safetensors": OTHER})
    snapshot(elsewhere / "shorter", REPO, commit, {**FILES, "config.json": b"{}"})
    snapshot(elsewhere / "partial", REPO, commit, {"config.json": FILES["config.json"]})
    snapshot(elsewhere / "more", REPO, commit, {**FILES, "modeling.py": b"import os\n"})
    snapshot(elsewhere / "older", REPO, COMMIT, {**FILES, "model.safetensors": LONGER})
    snapshot(elsewhere / "stranger", "someone/x", COMMIT, {"model.bin": LONGER})
    forge.write(elsewhere / "empty/models--acme--gone/blobs", {"1.incomplete": b"12"})
    os.mkfifo(forge.write(machine.models / "pipe", {"a.txt": b""}) / "model.safetensors")
    (machine.models / "linked").symlink_to(machine.models / "copy")
    ollama = Pulled(folder=machine.desk.home / ".ollama/models")
    ollama.tag("bot/latest", ("model", WEIGHTS), ("template", b"{{ .Prompt }}"))
    ollama.tag("hf.co/someone/x/Q4_K_M", ("model", LONGER), ("license", b"a"), ("license", b"b"))
    ollama.manifest("broken/latest", b"{")
    ollama.tag("lost/latest", ("model", b"lost" * 300_000))
    ollama.place(b"lost" * 300_000).unlink()
    ollama.tag("belied/latest", ("model", SECOND["model.safetensors"][::-1]))
    ollama.place(SECOND["model.safetensors"][::-1]).write_bytes(OTHER)


def named(machine: Machine, *parts: str) -> str:
    """The name of a model below the folder."""
    return str(Path("models", *parts))


STATES: Mapping[str, tuple[str, list[str], str]] = {
    "models/copy": ("known", [REPO], "all 3 locked files are here; beside them, not locked: tok"),
    "models/pictures": ("unknown", [], "no lockfile entry"),
    "models/deep/er/llama": ("known", [REPO], "not known: notes.txt"),
    "models/mixed/a.safetensors": ("known", [REPO], "its weights have the locked digests"),
    "models/mixed/b.safetensors": ("unknown", [], "no lockfile entry"),
    "models/pipe": ("not read", [], "model.safetensors: neither a file nor a folder"),
    f"{REPO}@tampered": ("changed", [REPO], "other bytes lie here: model.safetensors"),
    f"{REPO}@shorter": ("changed", [REPO], "other bytes lie here: config.json"),
    f"{REPO}@partial": ("known", [REPO], "partial: 1 of 3 locked files are here"),
    f"{REPO}@more": ("known", [REPO], "not locked: modeling.py, tokenizer.json"),
    f"{REPO}@older": ("unknown", [], f"{REPO} is locked at"),
    "someone/x@stranger": ("unknown", [], "no lockfile entry"),
    "models/caches/empty/models--acme--gone": ("not read", [], "no snapshot lies in it"),
    "ollama://bot:latest": ("known", [REPO], "not known: ollama.json, template"),
    "ollama://hf.co/someone/x:Q4_K_M": ("unknown", [], "no lockfile entry"),
    "ollama://broken:latest": ("not read", [], "no manifest of Ollama's"),
    "ollama://lost:latest": ("unknown", [], "model.gguf not downloaded"),
    "ollama://belied:latest": ("changed", [], "its own manifest states other bytes: model.gguf"),
}
"""By its name, or where that is one of several, by its cache: state, of what, and a remark."""


def called(row: Mapping[str, Any]) -> str:
    """The name of a row, as STATES has it."""
    place = Path(row["place"])
    if "caches" in place.parts and "snapshots" in place.parts:
        return f"{row['name'].partition('@')[0]}@{place.parts[place.parts.index('caches') + 1]}"
    return str(row["name"])


def test_every_model_is_named_with_how_it_stands(machine: Machine) -> None:
    table = machine.table("models", code=1)
    rows = {called(row): row for row in table["models"]}
    cached = {f"{e.repo}@{e.commit}" for e in machine.locked.values()}
    assert rows.keys() == STATES.keys() | cached
    assert {rows[name]["state"] for name in cached} == {"known"}
    assert {n: (rows[n]["state"], rows[n]["of"]) for n in STATES} == {
        name: (state, of) for name, (state, of, _) in STATES.items()
    }
    for name, (_, _, remark) in STATES.items():
        assert remark in "; ".join(rows[name]["remarks"]), (name, rows[name]["remarks"])
    assert sum(table["counts"].values()) == len(rows)


@pytest.mark.parametrize(
    ("folder", "words", "code"),
    [
        ("copy", (), 0),
        ("pictures", (), 0),
        ("pictures", ("--strict",), 1),
        ("copy", ("--strict",), 0),
        ("pipe", (), 3),
        ("caches/tampered", (), 1),
        ("caches/partial", ("--strict",), 0),
        ("text", (), 2),
    ],
)
def test_the_exit_code_says_whether_anything_is_refused_or_was_not_read(
    machine: Machine, tmp_path: Path, folder: str, words: tuple[str, ...], code: int
) -> None:
    own = {"HF_HUB_CACHE": str(tmp_path), "OLLAMA_MODELS": str(tmp_path)}
    ended = machine.desk.run("status", "--local", machine.models / folder, *words, **own)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert code != 2 or "no model lies there" in ended.stderr


def test_nothing_anywhere_is_told_and_folders_alone_are_refused(
    machine: Machine, tmp_path: Path
) -> None:
    own = {"HF_HUB_CACHE": str(tmp_path), "OLLAMA_MODELS": str(tmp_path)}
    for words in (("--local",), ("models",), ("--strict",)):
        ended = machine.desk.run("status", *words, **own)
        assert ended.returncode == 2, ended.stdout
        assert "--local" in ended.stderr or "no model lies there" in ended.stderr


def test_a_place_that_cannot_be_looked_into_has_its_row(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    own = {"HF_HUB_CACHE": str(tmp_path), "OLLAMA_MODELS": str(tmp_path / "loop")}
    table = machine.table("models/copy", code=3, **own)
    (row,) = (row for row in table["models"] if row["state"] == "not read")
    assert "Too many levels of symbolic links" in row["remarks"][0]


def test_a_model_does_not_judge_itself(run: Run, tmp_path: Path) -> None:
    own = forge.write(tmp_path / "models/bot", FILES)
    for name, held in (("provenance.toml", "[policy]\n"), ("provenance.lock", "version = 1\n")):
        (own / name).write_text(held)
        ended = run("status", "--local", ".", cwd=own)
        assert ended.returncode == 2, ended.stdout
        assert f"{name}: lies inside the model {own}" in ended.stderr
        assert run("status", "--local", own, cwd=tmp_path).returncode == 0
        (own / name).unlink()
    forge.write(tmp_path, {"provenance.toml": b'[policy]\nregistry = ["models/bot/trust.toml"]\n'})
    (own / "trust.toml").write_text(tomli_w.dumps(trust()))
    ended = run("status", "--local", "models", cwd=tmp_path)
    assert (ended.returncode, f"lies inside the model {own}" in ended.stderr) == (2, True)


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


REVOKED: Mapping[str, tuple[Mapping[str, Any], set[str]]] = {
    "a file of weights": (
        {"files": [digest(LONGER)]},
        {
            "models/pictures",
            f"{REPO}@older",
            "someone/x@stranger",
            "ollama://hf.co/someone/x:Q4_K_M",
        },
    ),
    "a small file": (
        {"files": [digest(b"{{ .Prompt }}")]},
        {"ollama://bot:latest"},
    ),
    "a repository": ({"repo": "someone/x"}, {"someone/x@stranger"}),
    "a commit": ({"commit": COMMIT}, {f"{REPO}@older", "someone/x@stranger"}),
    "a locked repository": (
        {"repo": UNSIGNED},
        {"models/base@cache"},
    ),
}


@pytest.mark.parametrize("name", REVOKED)
def test_what_is_revoked_is_refused_wherever_it_lies(
    machine: Machine, tmp_path: Path, name: str
) -> None:
    entry, expected = REVOKED[name]
    other = tmp_path / "trust.toml"
    other.write_text(tomli_w.dumps(trust(revoked=[{**entry, "reason": "advisory 3"}])))
    rows = machine.table("models", "--registry", other, code=1)["models"]
    found = {called(row) for row in rows if row["state"] == "revoked"}
    base = machine.locked["base"]
    names = {n.replace("models/base@cache", f"{base.repo}@{base.commit}") for n in expected}
    assert found == names
    said = machine.desk.run("status", "--local", "models", "--registry", other).stdout
    assert said.startswith("✗")
    assert "advisory 3" in said.partition("next: ")[0]


def test_a_manifest_is_revoked_and_a_root_is_known_by_its_files(
    machine: Machine, tmp_path: Path
) -> None:
    manifest = machine.rows("models")["models/copy"]["manifest"]
    free = forge.org("Free", namespaces=["acme-free"], originates=True)
    root = {"repo": "acme/llama", "commit": COMMIT, "manifest": manifest}
    acme = forge.org("Acme", forge.signer("release"), root=[root])
    own = {"lockfile": tmp_path / "none.lock", "registry": tmp_path / "trust.toml"}
    words = ("models", *(w for k, v in own.items() for w in (f"--{k}", v)))
    own["registry"].write_text(tomli_w.dumps(forge.registry(acme, free)))
    row = machine.rows(*words)["models/copy"]
    assert (row["state"], row["of"]) == ("known", [f"acme/llama@{COMMIT}"])
    refused = [{"manifest": manifest, "reason": "advisory 4"}]
    own["registry"].write_text(tomli_w.dumps(forge.registry(acme, free, revoked=refused)))
    assert machine.rows(*words)["models/copy"]["state"] == "revoked"


def test_an_ancestor_that_a_card_names_is_refused_too(machine: Machine, tmp_path: Path) -> None:

    forge.write(
        tmp_path / "tuned",
        {**FILES, "README.md": card("base_model: bad/base"), "model.safetensors": LONGER},
    )
    registry = tmp_path / "trust.toml"
    registry.write_text(tomli_w.dumps(trust(revoked=[{"repo": "bad/base", "reason": "b"}])))
    table = machine.table(tmp_path / "tuned", "--registry", registry)
    (row,) = (r for r in table["models"] if r["place"].endswith("tuned"))
    assert row["state"] == "revoked"
    assert "of an ancestor was revoked" in row["remarks"][0]


def test_a_registry_that_has_expired_is_told_and_nothing_passes(
    machine: Machine, tmp_path: Path
) -> None:
    registry = tmp_path / "trust.toml"
    registry.write_text(tomli_w.dumps(trust(expires=(forge.NOW - 900 * forge.DAY).date())))
    table = machine.table("models/copy", "--registry", registry, code=1)
    assert "registry/expired" in {one["rule"] for one in table["doubts"]}


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every name below a folder, with size and time of writing."""
    found = (place for place in folder.rglob("*"))
    return {str(p): (p.lstat().st_size, p.lstat().st_mtime_ns) for p in found if not p.is_dir()}


def test_nothing_is_written_and_nobody_is_asked(machine: Machine) -> None:
    before = tree(machine.desk.folder.parent)
    machine.desk.hub.clear()
    machine.table("models")
    assert machine.desk.hub.requests == []
    assert tree(machine.desk.folder.parent) == before


def test_only_what_may_be_known_is_hashed(machine: Machine, tmp_path: Path) -> None:
    rows = machine.rows("models")
    assert rows["models/pictures"]["manifest"] == ""
    assert rows["models/copy"]["manifest"].startswith("sha256:")
    registry = tmp_path / "trust.toml"
    refused = [{"files": [digest(b"nothing")], "reason": "b"}]
    registry.write_text(tomli_w.dumps(trust(revoked=refused)))
    assert machine.rows("models", "--registry", registry)["models/pictures"]["manifest"]


def test_people_read_the_worst_first_in_80_columns_with_the_next_line(machine: Machine) -> None:
    said = machine.desk.run("status", "--local", "models", COLUMNS="80").stdout
    lines = said.splitlines()
    assert lines[0].startswith("✗ ")
    assert all(len(line) <= 80 or " " not in line.strip() or "next: " in line for line in lines)
    asked = next(line for line in lines if "next: provenance verify" in line and "--lock" in line)
    words = asked.partition("next: provenance ")[2].split()
    ended = machine.desk.run(*words)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "integrity/contradiction  model.gguf" in ended.stdout


def test_the_lines_of_the_page_are_typed(machine: Machine) -> None:
    page = manual.topics()["disk"].partition("## What is on this machine")[2]
    lines = page.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        own = [str(machine.models) if word == "/srv/models" else word for word in words]
        ended = machine.desk.run(*(word.replace("llama3.2:3b", "bot") for word in own))
        assert ended.returncode in (1, 3), (line, ended.stderr)
        assert not ended.stderr.startswith("error: expected")


def test_a_model_of_ollamas_is_locked_known_fetched_and_found_changed(
    run: Run, tmp_path: Path
) -> None:
    work, ollama = tmp_path / "work", Pulled(folder=tmp_path / "home/.ollama/models")
    weights = made((pair(b"general.name", STRING, text(b"tuned")),))
    ollama.tag("tuned/7b", ("model", weights), ("template", b"{{ .Prompt }}"))
    model = {"name": "tuned", "repo": UNSIGNED, "source": "ollama://tuned:7b"}
    table = {"policy": {"registry": ["trust.toml"]}, "models": [model]}
    (work / "provenance.toml").write_text(tomli_w.dumps(table))
    (work / "trust.toml").write_text(tomli_w.dumps(trust()))
    for words in (("lock",), ("lock", "--check"), ("fetch", "--local-dir", "m")):
        ended = run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (work / "m/model.gguf").read_bytes() == weights
    ended = run("status", "--local", "--strict", "m")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("known: tuned") == 2
    ollama.place(weights).write_bytes(weights[::-1])
    ended = run("status", "--local")
    assert (ended.returncode, "✗ ollama://tuned:7b  changed" in ended.stdout) == (1, True)
    assert run("fetch", "--local-dir", "again").returncode == 1
    assert not (work / "again").exists()


def test_names_that_speak_to_a_terminal_are_shown_as_they_are(
    tmp_path: Path, machine: Machine
) -> None:
    forge.write(tmp_path / "a\x1b[31mb", {"m.safetensors": LONGER})
    own = {"HF_HUB_CACHE": str(tmp_path / "none"), "OLLAMA_MODELS": str(tmp_path / "none")}
    ended = machine.desk.run("status", "--local", tmp_path, **own)
    assert (ended.returncode, "\x1b" in ended.stdout) == (0, False)
