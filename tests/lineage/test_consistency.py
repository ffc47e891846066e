"""What headers say of a claimed parent: real models beside what they were made from, or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.claims.files import ModelFiles
from provenance.lineage.consistency import compare, identical_weights
from provenance.model import Evidence
from tests.claims.models import evidence


def model(weights: bytes) -> Evidence:
    return evidence({"model.safetensors": weights}, limit=16 << 20)


def files(weights: bytes) -> ModelFiles:
    return ModelFiles(evidence=model(weights))


def header(**tensors: tuple[str, list[int]]) -> bytes:
    """A safetensors file of zeros with these dtypes and shapes; `__` stands for a dot."""
    table, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = {"F32": 4, "I8": 1, "I32": 4, "F16": 2}[dtype]
        for number in shape:
            size *= number
        offsets = [end, end + size]
        table[name.replace("__", ".")] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        end += size
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(end)


@pytest.mark.each("zoo/B*.safetensors")
def test_what_was_made_from_a_base_fits_it(each: Path) -> None:
    base = each.parent / f"{each.name.partition('.')[0]}.safetensors"
    found = compare(files(each.read_bytes()), files(base.read_bytes()), "finetune")
    assert found.holds is True
    assert ("3 of 4 layers" in found.detail) == ("layerdrop" in each.name)


@pytest.mark.each("models/fracast/model.int8.safetensors")
def test_a_real_quantisation_fits_its_source(each: Path) -> None:
    source = each.parent / "model.safetensors"
    found = compare(files(each.read_bytes()), files(source.read_bytes()), "quantized")
    assert found.holds is True


BASE = header(model__embed__weight=("F16", [32, 8]), layers__0__q__weight=("F16", [4, 8]))
CASES: dict[str, tuple[bytes, str, bool | None]] = {
    "the same": (BASE, "finetune", True),
    "a longer vocabulary": (
        header(model__embed__weight=("F16", [40, 8]), layers__0__q__weight=("F16", [4, 8])),
        "finetune",
        True,
    ),
    "a wider layer": (
        header(model__embed__weight=("F16", [32, 8]), layers__0__q__weight=("F16", [6, 8])),
        "finetune",
        False,
    ),
    "GPTQ's names": (
        header(
            model__embed__weight=("F16", [32, 8]),
            layers__0__q__qweight=("I32", [1, 4]),
            layers__0__q__scales=("F16", [1, 4]),
        ),
        "quantized",
        True,
    ),
    "another layer of the same shape": (
        header(model__embed__weight=("F16", [32, 8]), layers__1__q__weight=("F16", [4, 8])),
        "quantized",
        True,
    ),
    "factors that fit": (
        header(
            base_model__model__layers__0__q__lora_A__weight=("F32", [2, 8]),
            base_model__model__layers__0__q__lora_B__weight=("F32", [4, 2]),
        ),
        "adapter",
        True,
    ),
    "factors that do not": (
        header(
            base_model__model__layers__0__q__lora_A__weight=("F32", [2, 6]),
            base_model__model__layers__0__q__lora_B__weight=("F32", [4, 2]),
        ),
        "adapter",
        False,
    ),
    "a distilled model has its own shape": (
        header(layers__0__q__weight=("F16", [1, 1])),
        "distilled",
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_headers_agree_or_convict_or_do_not_tell(name: str) -> None:
    weights, relation, holds = CASES[name]
    assert compare(files(weights), files(BASE), relation).holds is holds


def test_the_same_files_are_known_again_under_any_name() -> None:
    copy = ModelFiles(evidence=evidence({"weights/other.safetensors": BASE}))
    assert identical_weights(copy, model(BASE).listing)
    words = ModelFiles(evidence=evidence({"README.md": b"x"}))
    assert not identical_weights(words, model(BASE).listing)


GRAPH = bytes(range(256))
COPIES: list[tuple[dict[str, bytes], bool]] = [
    ({"model.mnn": GRAPH, "llm_config.json": b"{}"}, True),
    ({"model.mnn": GRAPH, "llm_config.json": b"{}", "README.md": b"mine"}, True),
    ({"model.mnn": GRAPH, "llm_config.json": b'{"a": 1}'}, False),
    ({"model.mnn": GRAPH + b"x", "llm_config.json": b"{}"}, False),
    ({"llm_config.json": b"{}"}, False),
]


@pytest.mark.parametrize(("files", "same"), COPIES)
def test_weights_of_another_name_are_among_what_is_read(
    files: dict[str, bytes], same: bool
) -> None:
    theirs = {"model.mnn": GRAPH, "llm_config.json": b"{}", "README.md": b"theirs"}
    child = ModelFiles(evidence=evidence(files))
    assert identical_weights(child, evidence(theirs).listing) is same
