"""Single rows of packed matrices: each is held to what rounding does to a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from provenance.verdict import Outcome
from tests.checks import edited as e
from tests.checks import packs
from tests.checks.test_edits import Files
from tests.checks.test_hidden_edits import BASE, PARENT, row_longer

PACKS: Mapping[str, Callable[[e.Tensors], Files]] = {
    "int8": lambda model: {"model.safetensors": packs.int8(model)},
    "gguf": lambda model: {"model.gguf": packs.gguf(model)},
    "gguf of 4 bits": lambda model: {"model.gguf": packs.gguf(model, packs.Q4_0)},
    "awq": lambda model: {"model.safetensors": packs.awq(model)},
    "gptq": lambda model: {"model.safetensors": packs.gptq(model)},
}


def replaced(name: str, *rows: int) -> e.Edit:
    """Other values of the same size in some rows."""

    def made(model: e.Tensors) -> e.Tensors:
        values = model[name].copy()
        values[list(rows)] = values[list(rows), ::-1]
        return model | {name: values}

    return made


EDITS = [
    *((pack, name) for pack in ("gguf", "gguf of 4 bits") for name in (e.TABLE, e.HEAD, e.DOWN)),
    ("int8", e.DOWN),
]


@pytest.mark.parametrize(("pack", "name"), EDITS)
@pytest.mark.parametrize("longer", [False, True])
def test_a_row_of_other_values_is_told(pack: str, name: str, longer: bool) -> None:
    edit = replaced(name, 17)
    files = PACKS[pack](row_longer(edit)(BASE) if longer else edit(BASE))
    found = e.findings(PARENT, files, relation="quantized")
    assert "weights/exceeded" in {one.rule for one in found if one.outcome is Outcome.FAIL}


def uneven(name: str) -> e.Tensors:
    """The base with a matrix of which one row has an outlier, one is tiny and one holds zeros."""
    values = BASE[name].copy()
    values[3, 5] = 60 * np.abs(values[3]).mean()
    values[7] /= 1024
    values[9] = 0
    return BASE | {name: e.half(values)}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", [e.DOWN, e.HEAD])
def test_uneven_rows_are_rounded_as_others(pack: str, name: str) -> None:
    base = uneven(name)
    parent = e.Registered(repo="base/b", model={}, files={"model.safetensors": packs.halves(base)})
    found = e.findings(parent, PACKS[pack](base), relation="quantized")
    assert [one.rule for one in found] == ["weights/pass"]


MEAN = BASE[e.TABLE].mean(axis=0, keepdims=True)
ADDED: Mapping[str, tuple[e.Floats, str]] = {
    "zeros": (0 * MEAN, "weights/pass"),
    "the mean": (MEAN, "weights/pass"),
    "one of the others": (BASE[e.TABLE][5:6], "weights/pass"),
    "anything": (BASE[e.TABLE][5:6, ::-1], "weights/exceeded"),
}


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("pack", ["int8", "gguf", "gguf of 4 bits"])
def test_a_copy_has_no_rows_to_add(pack: str, name: str) -> None:
    row, rule = ADDED[name]
    child = BASE | {e.TABLE: np.vstack([BASE[e.TABLE], row, row])}
    (found,) = e.findings(PARENT, PACKS[pack](child), relation="quantized")
    assert found.rule == rule
