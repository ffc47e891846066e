"""By how much a GGUF slows down the turning of positions: as Llama 3's formula does, or not."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi

import numpy as np
import pytest

from provenance.weights.changes.buffers import is_written, said_of
from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.delta import Side
from provenance.weights.changes.pieces import pieces
from tests.weights.held import Memory, file_of

NAME = "rope_freqs.weight"


def llama3(factor: float, theta: float = 5e5, size: int = 128, context: int = 8192) -> list[float]:
    """As convert_hf_to_gguf.py writes them."""
    found = []
    for at in range(0, size, 2):
        wave = 2 * pi * theta ** (at / size)
        smooth = (context / wave - 1) / 3
        slowed = 1 / ((1 - smooth) / factor + smooth) if 0 < smooth < 1 else 1.0
        found.append(factor if smooth <= 0 else slowed)
    return found


VALUES: Mapping[str, tuple[list[float], bool]] = {
    "Llama 3.1": (llama3(8), True),
    "Llama 3.2": (llama3(32, size=64), True),
    "nothing": ([1.0] * 64, True),
    "one number": ([4.0] * 64, False),
    "a line": ([*np.linspace(1, 64, 64).tolist()], False),
    "falling": (llama3(8)[::-1], False),
    "too far": (llama3(512), False),
    "a step from the first on": ([2.0, *llama3(8)[1:]], False),
}


@pytest.mark.parametrize("name", VALUES)
def test_factors_are_as_programs_write_them(name: str) -> None:
    values, expected = VALUES[name]
    stored, reader = file_of({NAME: ("F32", np.array(values, np.float32))})
    (piece,) = pieces(stored)
    said = said_of(Side(piece=piece, reader=Memory(reader.data)), Kind.ADDED)
    change = Change(name=NAME, role=NAME, numbers=(), kind=Kind.ADDED, detail=said)
    assert is_written(change) is expected
