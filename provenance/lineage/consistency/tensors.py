"""The tensors of a model as the headers of its files have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.model import Kind
from provenance.weights.roles import Layout, ShapeOf, Tensor, layout_of

Shapes = Mapping[str, tuple[str, ShapeOf]]


def shapes(files: ModelFiles) -> Shapes:
    """The tensors of all safetensors files by name, each with its dtype and shape."""
    return {tensor.name: (tensor.dtype, tensor.shape) for _, tensor in _tensors(files)}


def layout(files: ModelFiles) -> Layout:
    """The tensors of all safetensors files of a model by role."""
    return layout_of(_tensors(files))


def _tensors(files: ModelFiles) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with the folder of its file."""
    for path, file in files.by_path.items():
        if file.content.kind is Kind.SAFETENSORS and file.content.head:
            header = file.safetensors
            if not isinstance(header, Malformed):
                for t in header.tensors:
                    shape = tuple(t.shape)
                    yield path.rpartition("/")[0], Tensor(name=t.name, dtype=t.dtype, shape=shape)
