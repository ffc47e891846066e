"""Of which known model weights are, whatever they are called: by fingerprints, and by files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from provenance.formats import safetensors
from provenance.source.stored import FolderReader
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import dumps, made
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import matrices
from provenance.weights.stored import of_header
from tests.cli import tiny
from tests.cli.conftest import Run
from tests.cli.test_compare import COUNT, KINSHIP, NUMBER, SIDE, TEXT
from tests.cli.test_verify import closed, listed
from tests.hub import Hub
from tests.hubs import UNSIGNED, desk
from tests.schemas import validate

TRACED = closed(
    version={"const": 1},
    model=SIDE,
    fingerprints=COUNT,
    least=NUMBER,
    kin=listed(KINSHIP),
    ranked=listed(KINSHIP),
    copies=listed(closed(name=TEXT, same=COUNT, files=COUNT, begin=COUNT, sketched=COUNT)),
    unread=listed(TEXT),
    next=TEXT,
)
BASES = {"acme/base": tiny.base(1), "else/base": tiny.base(2)}
BASE = BASES["acme/base"]
KEY = bytes(range(32))


EVERYBODYS = Coordinates()


def fingerprint(folder: Path, repo: str, way: Coordinates) -> bytes:
    """The file of a fingerprint of a model in a folder."""
    data = (folder / "model.safetensors").read_bytes()
    header = safetensors.parse(data[: 8 + int.from_bytes(data[:8], "little")], len(data))
    found = matrices(of_header("model.safetensors", header))
    reader = FolderReader(root=folder)
    return dumps(made(found, reader, way, Ledger(), repo, "", f"sha256:{'0' * 64}"))


def registered(shelf: Path, way: Coordinates = EVERYBODYS) -> None:
    """The caller's own fingerprints of the bases are in a folder, and the settings name it."""
    (shelf / "prints").mkdir()
    for number, (repo, weights) in enumerate(BASES.items()):
        place = tiny.written(shelf / f"base{number}", weights)
        (shelf / "prints" / f"{number}.wlf").write_bytes(fingerprint(place, repo, way))
    own: dict[str, Any] = {"fingerprints": ["prints/"]}
    if way != EVERYBODYS:
        (shelf / "key").write_bytes(KEY)
        (shelf / "key").chmod(0o600)
        own["key"] = "key"
    (shelf / "provenance.toml").write_text(tomli_w.dumps({"policy": {"weights": own}}))


@pytest.fixture
def shelf(run: Run, tmp_path: Path) -> Path:
    """The folder in which the program runs."""
    return tmp_path / "work"


def traced(run: Run, *words: str) -> dict[str, Any]:
    """`trace --json`, by its documented form."""
    done = run("trace", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    validate(found, TRACED)
    return found


def works(run: Run, found: Mapping[str, Any]) -> bool:
    """Whether the next line can be typed as it stands."""
    program, *words = shlex.split(found["next"])
    return program == "provenance" and run(*words).returncode in (0, 1, 3)


def renamed(weights: tiny.Weights) -> tiny.Weights:
    """The same under the prefix of a program that wraps it, the tables in another order."""
    return {f"language_model.{name}": weights[name] for name in reversed(weights)}


MODELS: dict[str, tuple[tiny.Weights, list[str]]] = {
    "copy": (BASE, ["acme/base"]),
    "renamed": (renamed(BASE), ["acme/base"]),
    "tuned": (tiny.mixed(BASE, tiny.base(3), 0.8), ["acme/base"]),
    "stranger": (tiny.base(3), []),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_traced_whatever_it_is_called(run: Run, shelf: Path, name: str) -> None:
    registered(shelf)
    weights, expected = MODELS[name]
    tiny.written(shelf / "bot", weights)
    found = traced(run, "bot")
    assert [one["base"] for one in found["kin"]] == expected
    assert len(found["ranked"]) == found["fingerprints"] == len(BASES)
    assert found["next"] == ("provenance explain kinship" if expected else "")
    assert not expected or works(run, found)
    assert {one["kind"] for one in found["kin"]} <= {"consistent"}


def test_coordinates_that_nobody_knows_say_more(run: Run, shelf: Path) -> None:
    registered(shelf, Coordinates.keyed(KEY))
    tiny.written(shelf / "bot", BASE)
    assert [one["kind"] for one in traced(run, "bot")["kin"]] == ["corroborated"]


def test_of_none_it_is_said_what_would_have_been_seen(run: Run, shelf: Path) -> None:
    registered(shelf)
    tiny.written(shelf / "bot", tiny.base(3))
    said = " ".join(run("trace", "bot").stdout.split())
    assert "none of 2 registered fingerprints: a correlation above" in said


def test_values_that_are_no_numbers_are_no_crash(run: Run, shelf: Path) -> None:
    registered(shelf)
    odd = {name: np.full_like(values, np.nan) for name, values in BASE.items()}
    tiny.written(shelf / "bot", odd)
    assert traced(run, "bot")["kin"] == []


def test_the_next_line_names_a_base_whose_weights_are_here(run: Run, shelf: Path) -> None:
    registered(shelf)
    tiny.written(shelf / "bot", tiny.edited(BASE))
    settings = shelf / "provenance.toml"
    listed = '[[models]]\nname = "ours"\nrepo = "acme/base"\npath = "base0"\n'
    settings.write_text(f"{settings.read_text()}\n{listed}")
    found = traced(run, "bot")
    assert found["next"] == "provenance compare acme/base bot"
    assert works(run, found)


def test_with_nothing_to_compare_with_it_says_how_to_begin(run: Run, shelf: Path) -> None:
    tiny.written(shelf / "bot", BASE)
    done = run("trace", "bot")
    assert (done.returncode, "provenance fingerprint DIR --as" in done.stderr) == (2, True)


def test_a_model_on_a_hub_and_a_copy_of_a_locked_one(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(UNSIGNED, tiny.files(BASE))
        hub.commit("someone/renamed", tiny.files(tiny.edited(BASE)))
        made = desk(tmp_path, hub)
        registered(made.folder)
        far = made.run("trace", "someone/renamed", "--json")
        assert [one["base"] for one in json.loads(far.stdout)["kin"]] == ["acme/base"], far.stderr
        assert json.loads(far.stdout)["next"] == "provenance verify someone/renamed"
        made.locked({"repo": UNSIGNED})
        tiny.written(made.folder / "bot", BASE)
        near = made.run("trace", "bot", "--json")
        assert json.loads(near.stdout)["next"] == "provenance explain kinship"
        assert made.run("fetch", UNSIGNED).returncode == 0
        near = made.run("trace", "bot", "--json")
        found = json.loads(near.stdout)
        assert works(made.run, found)
    assert [(one["name"], one["same"], one["files"]) for one in found["copies"]] == [
        (UNSIGNED, 1, 1)
    ]
    assert found["next"] == f"provenance compare {UNSIGNED} bot"


def test_a_locked_model_in_other_files_and_by_other_names(run: Run, shelf: Path) -> None:
    table = "model.embed_tokens.weight"
    weights = {**BASE, "lm_head.weight": tiny.base(3)[table]}
    tiny.written(shelf / "bot", weights)
    models = [{"name": "bot", "repo": "acme/bot", "path": "bot"}]
    settings = {"policy": {"profile": "files"}, "models": models}
    (shelf / "provenance.toml").write_text(tomli_w.dumps(settings))
    assert run("exempt", "bot", "--reason", "it is ours").returncode == 0
    locked = run("lock")
    assert locked.returncode == 0, locked.stderr
    there = tiny.written(shelf / "mine", {f"renamed.{name}": weights[name] for name in BASE})
    head = {"head.weight": weights["lm_head.weight"]}
    (there / "more.safetensors").write_bytes(tiny.safetensors(head))
    tiny.written(shelf / "other", tiny.base(4))
    assert traced(run, "mine")["copies"] == [
        {"name": "bot", "same": 0, "files": 2, "begin": 2, "sketched": 2}
    ]
    assert traced(run, "other")["copies"] == []
