"""How the weights of a bump differ: shards, parameters, tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from provenance.errors import Malformed
from provenance.formats.parsed import header_of
from provenance.formats.safetensors import Tensor
from provenance.lock import Change
from provenance.model import Kind
from provenance.review.files import MOST, change
from provenance.review.side import Side


def weights(paths: list[str], old: Side, new: Side) -> Iterator[Change]:
    """Which files of weights change, and which tensors: by their headers, and by their bytes where
    those are here."""
    yield from (change(path, old.files, new.files) for path in paths[:MOST])
    if len(paths) > MOST:
        yield Change(name=f"{len(paths) - MOST} more files", what="changed")
    before, after = _tensors(old), _tensors(new)
    if before is None or after is None:
        return
    yield from _counted(before, after)
    shifted = [
        name
        for name in sorted(before.keys() | after.keys())
        if _shape(before.get(name)) != _shape(after.get(name))
    ]
    for name in shifted[:MOST]:
        what = "added" if name not in before else "removed" if name not in after else "changed"
        yield Change(
            name=f"tensor {name}",
            what=what,
            old=_shape(before.get(name)),
            new=_shape(after.get(name)),
        )
    if len(shifted) > MOST:
        yield Change(name=f"{len(shifted) - MOST} more tensors", what="changed")
    yield from _rewritten(old, new)


def _rewritten(old: Side, new: Side) -> Iterator[Change]:
    """The tensors that both sides have, with other bytes."""
    both = sorted(old.tensors.keys() & new.tensors.keys())
    other = [name for name in both if old.tensors[name] != new.tensors[name]]
    for name in other[:MOST]:
        pair = (old.tensors[name][:16], new.tensors[name][:16])
        yield Change(name=f"tensor {name}", what="bytes changed", old=pair[0], new=pair[1])
    if both:
        yield Change(name=f"{len(other)} of {len(both)} tensors", what="with other bytes")


def _counted(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> Iterator[Change]:
    counts = [sum(prod(tensor.shape) for tensor in side.values()) for side in (before, after)]
    if counts[0] != counts[1]:
        yield Change(name="parameters", what="changed", old=f"{counts[0]:,}", new=f"{counts[1]:,}")


def _shape(tensor: Tensor | None) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}" if tensor else ""


def _tensors(side: Side) -> Mapping[str, Tensor] | None:
    """Every tensor by its header; None where a header is not known."""
    if side.evidence is None:
        return None
    found: dict[str, Tensor] = {}
    for content in side.evidence.contents:
        if content.kind is Kind.SAFETENSORS:
            try:
                header = header_of(content, side.files.by_path[content.path].size)
            except Malformed:
                return None
            found.update({tensor.name: tensor for tensor in header.tensors})
    return found or None
