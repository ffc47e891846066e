"""Matrices that a program keeps in one tensor, one by one: experts, and what reads the stream.

Query, key and value, gate and up stand one behind the other in a fused matrix. How long each is
says the matrix that takes their result back to the stream; where nothing says it they stay whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from provenance.weights.pieces import Piece
from provenance.weights.roles import Numbers

OUTPUT = "self_attn.o_proj"
WHOLE = ("MXFP4",)
"""Forms of programs that interleave what others keep one behind the other."""
Place = tuple[str, Numbers]


def apart(some: Sequence[Piece], names: Collection[str]) -> Iterator[Piece]:
    """Each matrix by itself; `names` are those of all tensors."""
    heads = {
        (piece.group, piece.numbers): piece.shape[1 - piece.axis]
        for piece in some
        if piece.known.role == OUTPUT and piece.axis is not None
    }
    for piece in some:
        # GPT-OSS, which has biases, keeps gate and up in turns.
        mixed = piece.form in WHOLE or f"{piece.weight.name}_bias" in names
        parts = () if mixed else _sizes(piece, heads)
        for one in _experts(piece):
            yield from _parts(one, parts) if parts else (one,)


def _experts(piece: Piece) -> Iterable[Piece]:
    if not piece.known.stack:
        return (piece,)
    return (
        replace(piece, numbers=(*piece.numbers, str(n)), first=n * piece.rows)
        for n in range(piece.count)
    )


def _sizes(piece: Piece, heads: Mapping[Place, int]) -> tuple[int, ...]:
    """How long each part is; nothing where they are not known."""
    if piece.axis is None or not piece.known.parts:
        return ()
    length = piece.shape[1 - piece.axis]
    if len(piece.known.parts) == 2:
        return () if length % 2 else (length // 2, length // 2)
    query = heads.get((piece.group, piece.numbers), 0)
    if not query and length == 3 * piece.shape[piece.axis]:
        query = length // 3
    other, over = divmod(length - query, 2)
    return (query, other, other) if query and other > 0 and not over else ()


def _parts(piece: Piece, sizes: Sequence[int]) -> Iterator[Piece]:
    begin = 0
    for name, size in zip(piece.known.parts, sizes, strict=True):
        role = piece.role.replace(piece.known.role, name)
        if piece.axis == 1:
            yield replace(piece, role=role, rows=size, first=piece.first + begin)
        else:
            yield replace(piece, role=role, columns=size, left=begin)
        begin += size
