"""Which tensors must be equal before two models are called identical."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from provenance.weights.coordinates import Coordinates
from provenance.weights.digesting import entries
from provenance.weights.fingerprint import Fingerprint, made
from provenance.weights.kind import Kind
from provenance.weights.kinship import kinship
from provenance.weights.ledger import EVERYTHING, Ledger
from provenance.weights.matrix import matrices
from tests.weights.held import Array, Tensors, file_of

WIDTH, OUT, GROUP = 4096, 256, 16
UP = "model.layers.{}.mlp.up_proj"


def words(seed: int) -> Tensors:
    """Two layers of four bits in words of 32, with scales so many that they alone are large."""
    rng, found = np.random.default_rng(seed), dict[str, tuple[str, Array]]()
    for module in map(UP.format, range(2)):
        packed = rng.integers(-(2**31), 2**31, (WIDTH // 8, OUT)).astype(np.int32)
        zeros = np.full((WIDTH // GROUP, OUT // 8), 0x77777777, np.int32)
        scales = np.random.default_rng(0).random((WIDTH // GROUP, OUT)).astype(np.float16)
        found[f"{module}.qweight"] = ("I32", packed)
        found[f"{module}.qzeros"] = ("I32", zeros)
        found[f"{module}.scales"] = ("F16", scales)
        found[f"{module}.bias"] = ("F32", np.ones(OUT, np.float32))
    return found


def plain(seed: int) -> Tensors:
    values = np.random.default_rng(seed).standard_normal((2, OUT, WIDTH), np.float32)
    return {f"{UP.format(n)}.weight": ("F32", one) for n, one in enumerate(values)}


def fingerprint(tensors: Tensors) -> Fingerprint:
    stored, reader = file_of(tensors)
    ledger = Ledger(entries=tuple(entries(stored, reader, EVERYTHING)))
    return made(matrices(stored), reader, Coordinates(), ledger, "acme/m", "", "")


def one_word(tensors: Tensors) -> Tensors:
    """The same but for a few of the packed numbers."""
    name = f"{UP.format(1)}.qweight"
    values = np.array(tensors[name][1], np.int32)
    values[:4] ^= 0x11
    return {**tensors, name: ("I32", values)}


def same(tensors: Tensors) -> Tensors:
    return tensors


CASES: Mapping[str, tuple[Tensors, Callable[[Tensors], Tensors], bool]] = {
    "plain": (plain(1), same, True),
    "packed, a few words are others": (words(1), one_word, False),
    "packed, all words are others": (words(1), lambda _: words(2), False),
}


@pytest.mark.parametrize("name", CASES)
def test_identical_is_what_was_compared_to_the_bit(name: str) -> None:
    tensors, change, identical = CASES[name]
    ours, theirs = fingerprint(change(tensors)), fingerprint(tensors)
    found = kinship(ours, theirs, anchored=True)
    assert (found.kind is Kind.IDENTICAL) is identical, found.words
