"""What is known of a command before it starts: its method, its places, its package, its name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.recording.watched.order import Ask, Order
from provenance.recording.watched.places import places, recipes_of
from provenance.recording.watched.program import machine, program, publishable, trainer, versions
from provenance.recording.watched.watch import Places
from provenance.wire.training import Method
from provenance.workspace import Workspace


def order(*words: str, method: str | None = None, ask: Ask | None = None) -> Order:
    return Order(model="acme/bot", out=Path("out"), words=words, method=method, ask=ask)


def answers(question: str, choices: Sequence[str]) -> str:
    assert question.endswith("?")
    return choices[choices.index("kto")]


TOLD = {
    "what was said": (order("trl", "dpo", method="sft"), Method.SFT),
    "what the command tells": (order("trl", "dpo", ask=answers), Method.DPO),
    "what is answered": (order("train", ask=answers), Method.KTO),
}


@pytest.mark.parametrize("name", TOLD)
def test_the_method_is(name: str, tmp_path: Path) -> None:
    made, method = TOLD[name]
    assert made.told(Workspace(folder=tmp_path)) == method


def test_where_nobody_can_be_asked_every_method_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--method") as raised:
        order("train").told(Workspace(folder=tmp_path))
    assert all(method.value in str(raised.value) for method in Method)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a working directory, a model elsewhere and a recipe that names it."""
    for name in ("home/work", "home/models/base", "other/base"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/work/run.yaml").write_text(f"base_model: {tmp_path}/other/base\nlr: 1\n")
    (tmp_path / "home/work/a.toml").write_text(f"base = '{tmp_path}/other/base'\n")
    (tmp_path / "home/models/b.yaml").write_text("base_model: ./base\n")
    (tmp_path / "home/work/big.json").write_bytes(b" " * ((1 << 20) + 1))
    return tmp_path / "home"


def found(home: Path, *words: str, roots: Sequence[Path] = ()) -> Places:
    variables = {"HOME": str(home)}
    return places(words, home / "work", Path("out"), variables, roots=roots)


WATCHED: dict[str, tuple[list[str], list[str]]] = {
    "the working directory": (["train"], ["home/work"]),
    "a path that is named": (["train", "../models/base"], ["home/work", "home/models/base"]),
    "behind an equals sign": (["train", "m=../models/base"], ["home/work", "home/models/base"]),
    "in a recipe": (["train", "run.yaml"], ["home/work", "home/work/run.yaml", "other/base"]),
    "in a list of words": (["train", "m=../models/base,x=1"], ["home/work", "home/models/base"]),
    "from the home on": (["train", "m=~/models/base"], ["home/work", "home/models/base"]),
    "in a recipe of TOML": (["train", "a.toml"], ["home/work", "home/work/a.toml", "other/base"]),
    "from a recipe on": (
        ["train", "../models/b.yaml"],
        ["home/work", "home/models/b.yaml", "home/models/base"],
    ),
    "no home, and nothing above it": (["train", "..", "/", "../.."], ["home/work"]),
    "nothing that is not there": (["train", "none", "\0", "x" * 5000], ["home/work"]),
}


@pytest.mark.parametrize("name", WATCHED)
def test_what_is_watched(name: str, home: Path) -> None:
    words, expected = WATCHED[name]
    assert list(found(home, *words).roots) == [str(home.parent / one) for one in expected]


@pytest.mark.parametrize("root", ["../models", "{home}/models"])
def test_roots_are_watched_beside_the_working_directory(root: str, home: Path) -> None:
    every = found(home, "train", roots=[Path(root.format(home=home))]).every
    assert set(every) >= {os.path.realpath(home / name) for name in ("work", "models")}


@pytest.mark.parametrize(("name", "watched"), [("model.safetensors", True), ("x.txt", False)])
def test_what_a_link_leads_to_is_watched_where_it_holds_weights(
    name: str, watched: bool, home: Path
) -> None:
    (home.parent / "other/base" / name).touch()
    (home / "work/link").symlink_to("../../other/base")
    assert (os.path.realpath(home.parent / "other/base") in found(home, "train").every) == watched


@pytest.mark.parametrize(
    ("name", "roots", "said"),
    [
        ("model.safetensors", [], True),
        ("model.safetensors", [".."], False),
        ("x.txt", [], False),
    ],
)
def test_weights_that_are_named_and_not_watched_are_said(
    name: str, roots: list[str], said: bool, home: Path
) -> None:
    (home / name).touch()
    warnings = found(home, "train", "..", roots=[Path(one) for one in roots]).warnings
    assert [f"--root {home}" in one for one in warnings] == [True] * said


def test_a_folder_in_another_is_not_watched_twice(home: Path) -> None:
    both = Places(roots=(str(home / "models/base"), str(home)), out=str(home / "work/out"))
    assert both.every == (os.path.realpath(home),)


def test_only_small_settings_are_read(home: Path) -> None:
    words = ["train", "run.yaml", "big.json", "run.yaml"]
    assert list(recipes_of(words, home / "work")) == [str(home / "work/run.yaml")]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["python", "train.py", "x.py"], "train.py"),
        (["accelerate", "launch", "a/train.py"], "train.py"),
        (["python", "-m", "axolotl.cli.train", "x.yml"], "axolotl.cli.train"),
        (["/usr/bin/llama-quantize", "a", "b"], "llama-quantize"),
    ],
)
def test_what_trains_has_a_name(words: list[str], name: str) -> None:
    assert trainer(words) == name


WRAPPERS = {
    "axolotl": '#!/bin/sh\nexec {0}/python {0}/axolotl "$@"\n',
    "other": "#!{0}/python\nimport torch\n",
}


@pytest.mark.parametrize(
    ("folder", "word", "package"),
    [
        ("wrapped", "axolotl", "pkg:pypi/axolotl-x@1.2%2Bcu"),
        ("linked", "axolotl", "pkg:pypi/axolotl-x@1.2%2Bcu"),
        ("wrapped", "other", "pkg:generic/other"),
    ],
)
def test_a_script_leads_to_the_package_that_it_starts(
    folder: str, word: str, package: str, installed: dict[str, str], tmp_path: Path
) -> None:
    variables = {"PATH": str(tmp_path / folder)}
    assert program([word], variables) == package
    assert versions([word], variables) == {"torch": "1.2+cu"}


def test_packages_beside_an_environment_are_of_it(
    installed: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "beside"
    (place / "trl-3.dist-info").mkdir(parents=True)
    (place / "trl-3.dist-info" / "METADATA").write_text("Name: trl\nVersion: 3\n")
    (tmp_path / "env/lib/python3.12/site-packages/more.pth").write_text(f"import os\n{place}\n")
    assert versions(["axolotl"], installed) == {"torch": "1.2+cu", "trl": "3"}


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The variables of an environment with two packages, one of which has a script."""
    inner = tmp_path / "env" / "lib" / "python3.12" / "site-packages"
    for name, script in (("Axolotl_x", "axolotl = axolotl.cli:main"), ("torch", "")):
        place = inner / f"{name}-1.2.dist-info"
        place.mkdir(parents=True)
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2+cu\n")
        (place / "entry_points.txt").write_text(f"[console_scripts]\n{script}\n")
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "wrapped").mkdir()
    for name, text in WRAPPERS.items():
        (tmp_path / "wrapped" / name).write_text(text.format(tmp_path / "env" / "bin"))
        (tmp_path / "wrapped" / name).chmod(0o755)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "axolotl").symlink_to(tmp_path / "env" / "bin" / "axolotl")
    for name in ("axolotl", "python", "other"):
        (tmp_path / "env" / "bin" / name).touch(mode=0o755)
    return {"PATH": str(tmp_path / "env" / "bin")}


@pytest.mark.parametrize(
    ("words", "package"),
    [
        ("axolotl train x.yml", "pkg:pypi/axolotl-x@1.2%2Bcu"),
        ("python -m torch.distributed.run x.py", "pkg:pypi/torch@1.2%2Bcu"),
        ("python train.py", "pkg:generic/python"),
        ("python -m none", "pkg:generic/python"),
        ("other", "pkg:generic/other"),
        ("none", "pkg:generic/none"),
    ],
)
def test_a_program_is_of_the_package_that_brought_it(
    words: str, package: str, installed: dict[str, str]
) -> None:
    assert program(words.split(), installed) == package


@pytest.mark.parametrize(("word", "python"), [("python", "3.12"), ("none", None)])
def test_the_environment_is_that_of_the_program(
    word: str, python: str | None, installed: dict[str, str]
) -> None:
    found = machine([word], installed)
    assert found
    assert found.get("python") == python


def test_the_environment_of_this_process_is_found_by_others() -> None:
    assert machine([sys.executable], {}) is None


def test_the_versions_are_those_beside_the_program(installed: dict[str, str]) -> None:
    assert versions(["axolotl"], installed) == {"torch": "1.2+cu"}


SECRET = "hf_" + "Ab1" * 11 + "x"
PUBLISHED: dict[str, tuple[list[str], list[str]]] = {
    "plain words": (["train", "--lr", "1e-5"], ["train", "--lr", "1e-5"]),
    "a token by its form": (["train", SECRET], ["train", "<removed>"]),
    "a password by its name": (["t", "--password", "x7y"], ["t", "--password", "<removed>"]),
    "a key in one word": (["t", "--api-key=abcdefgh"], ["t", "<removed>"]),
    "a path of the machine": (["t", "/home/ann/x"], ["t", "<removed>"]),
    "a path here": (["t", "--d=/w/work/x.json"], ["t", "--d=x.json"]),
    "the user's name": (["t", "data/ann/x"], ["t", "<removed>"]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_only_what_everybody_may_read_is_published(name: str) -> None:
    words, said = PUBLISHED[name]
    assert publishable(words, "/w/work", {"ann"}) == said
