"""Names of files are published with a statement: those that must not be are refused, and what a
trainer leaves beside a model is none of it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest

from provenance.workspace.attesting import added
from tests import forge
from tests.cli.shop import Shop, opened

LOG = "events.out.tfevents.1.alicebox.12.0"
TOKEN = "hf_" + "aB3dE5gH7j" * 4
WRITERS, EACH = 8, 5


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    home = tmp_path / "alicebox"
    home.mkdir()
    return opened(home)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("sft", f"logs/{LOG}"),
        ("sft", f"notes_{TOKEN}.txt"),
        ("sft", "of-AliceBox.json"),
    ],
)
def test_a_name_that_must_not_be_published_is_refused(shop: Shop, model: str, name: str) -> None:
    forge.write(shop.top / model, {name: b"x"})
    code, said = shop.attest("sft", "sft", "--parent", "base")
    assert (code, f"{model}/{name}" in said, "rename it" in said) == (2, True, True)
    assert not (shop.top / "sft" / "claims.jsonl").exists()


@pytest.mark.parametrize("name", [f"runs/{LOG}", "wandb/run-alicebox", "checkpoint-2/optimizer.pt"])
def test_what_a_trainer_leaves_beside_a_model_is_not_attested(shop: Shop, name: str) -> None:
    forge.write(shop.top / "sft", {name: b"x"})
    code, said = shop.attest("sft", "sft", "--parent", "base")
    assert (code, f"none of the model: {name.partition('/')[0]}" in said) == (0, True)
    (statement,) = shop.statements("sft")
    assert {one["name"] for one in statement["subject"]}.isdisjoint({name})


def add(file: Path, numbers: range, line: bytes) -> None:
    for number in numbers:
        added(file, [line.replace(b"{", b"{" + b" " * (number + 1), 1)])


def test_who_adds_at_once_loses_no_line(shop: Shop) -> None:
    assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    file = shop.top / "sft" / "claims.jsonl"
    (line,) = file.read_bytes().splitlines()
    parts = [range(EACH * one, EACH * (one + 1)) for one in range(WRITERS)]
    with ProcessPoolExecutor(WRITERS) as pool:
        list(pool.map(add, repeat(file), parts, repeat(line)))
    assert len(file.read_bytes().splitlines()) == 1 + WRITERS * EACH
