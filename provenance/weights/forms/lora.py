"""The two factors of a change of low rank: lines of their product."""

from __future__ import annotations

import numpy as np

from provenance.weights.forms.form import Form, Held, Hint, Shape, lines
from provenance.weights.stored import Reader, Stored
from provenance.weights.values import DECODERS, Floats


def _shape(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    """Of `main`, [outputs, rank], and the one beside it, [rank, inputs]."""
    if len(main.shape) != 2 or len(beside) != 1 or len(beside[0].shape) != 2:
        return None
    known = main.dtype in DECODERS and beside[0].dtype in DECODERS
    fits = main.size and beside[0].size and main.shape[1] == beside[0].shape[0]
    return (main.shape[0], beside[0].shape[1]) if fits and known else None


def _rows(held: Held, reader: Reader, begin: int, end: int) -> Floats:
    inner = held.beside[0]
    left = lines(held.main, reader, begin, end, held.rows)
    right = lines(inner, reader, 0, inner.shape[0], inner.shape[0])
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(left @ right)


LORA = Form(rows=_rows, shape=_shape)
