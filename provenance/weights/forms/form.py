"""What a form is: the lines of a weight from the tensors that hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.weights.stored import Reader, Stored, Unreadable
from provenance.weights.values import Floats, decoded

Shape = tuple[int, int]
Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A weight of `rows` lines of `columns` values as `main` and the tensors `beside` hold it.

    Of a stack of matrices the lines of all stand one below the other.
    """

    main: Stored
    beside: tuple[Stored, ...] = ()
    rows: int
    columns: int

    def get(self, *tails: str) -> Stored | None:
        """The tensor beside it whose name ends so; None if there is none."""
        return next((one for one in self.beside if one.name.endswith(tails)), None)

    def need(self, *tails: str) -> Stored:
        """The same, or Unreadable."""
        found = self.get(*tails)
        if found is None:
            raise Unreadable(f"{self.main.name}: nothing beside it is called {tails[0]}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What the rest of a model says of a weight whose packing leaves its shape free.

    `width` is that of the residual stream, 0 where it is not known; `writes` says that the weight
    projects to it. `group` are the values that share a scale in the other weights, `bits` theirs.
    """

    width: int = 0
    writes: bool = False
    group: int = 0
    bits: int = 0


Rows = Callable[[Held, Reader, int, int], Floats]
ShapeOf = Callable[[Stored, tuple[Stored, ...], Hint], Shape | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one packing is read: `rows` gives lines `begin` to `end`, float32 [end - begin, columns].

    `shape` is what the weight has, None where the tensors do not fit each other. With `turned` the
    lines are the inputs of the layer and not its outputs.
    """

    rows: Rows
    shape: ShapeOf
    turned: bool = False


def raw(one: Stored, reader: Reader, begin: int, end: int, count: int) -> bytes:
    """The bytes of lines `begin` to `end` of a tensor that consists of `count` lines."""
    wide = (one.end - one.begin) // max(1, count)
    return reader.read(one.path, one.begin + begin * wide, one.begin + end * wide)


def lines(one: Stored, reader: Reader, begin: int, end: int, count: int) -> Floats:
    """The values of those lines, [end - begin, values of a line]; Unreadable for other dtypes."""
    data = raw(one, reader, begin, end, count)
    try:
        values = decoded(one.dtype, data)
    except KeyError:
        raise Unreadable(f"{one.name}: {one.dtype} holds no values that can be read") from None
    return values.reshape(end - begin, -1)


def whole(one: Stored, reader: Reader) -> Floats:
    """All values of a small tensor, in one dimension."""
    return lines(one, reader, 0, 1, 1).reshape(-1)


def words(one: Stored, reader: Reader, begin: int, end: int, count: int) -> Words:
    """Lines of a tensor of 32 bit words, [end - begin, words of a line]."""
    data = raw(one, reader, begin, end, count)
    return np.frombuffer(data, "<u4").reshape(end - begin, -1)


def unpacked(packed: Words, bits: int, count: int) -> npt.NDArray[np.int32]:
    """`count` numbers of so many bits along the last axis, the lowest bits first, a number may go
    over from one word to the next."""
    at = np.arange(count) * bits
    low = packed[..., at // 32].astype(np.uint64) >> (at % 32).astype(np.uint64)
    after = np.minimum(at // 32 + 1, packed.shape[-1] - 1)
    high = packed[..., after].astype(np.uint64) << (32 - at % 32).astype(np.uint64)
    return ((low | high) & np.uint64(2**bits - 1)).astype(np.int32)


def flat(main: Stored, beside: tuple[Stored, ...], hint: Hint) -> Shape | None:
    """The shape that a tensor has by itself: all axes before the last are lines of whole bytes."""
    if len(main.shape) < 2 or not main.size:
        return None
    rows = main.size // main.shape[-1]
    return None if (main.end - main.begin) % rows else (rows, main.shape[-1])
