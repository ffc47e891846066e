"""The tensors of a model as the headers of its files have them."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats.parsed import Parsed
from provenance.formats.shared import Shared
from provenance.model import Kind
from provenance.weights.roles import Layout, Tensor, layout_of

LAYOUTS: Shared[Layout] = Shared()
"""Those of models whose heads are equal in equal folders."""


def dtypes(files: ModelFiles) -> frozenset[str]:
    """The dtypes of the tensors of all safetensors files; none where no tensor is known."""
    headers = [file.safetensors for file in _held(files)]
    known = (header for header in headers if not isinstance(header, Malformed))
    return frozenset(tensor.dtype for header in known for tensor in header.tensors)


def layout(files: ModelFiles) -> Layout:
    """The tensors of all safetensors files of a model by role."""
    held = list(_held(files))
    key = tuple((_folder(file), file.mark, file.size) for file in held)
    size = sum(len(file.content.head) for file in held)
    return LAYOUTS.of(key, size, lambda: layout_of(_tensors(files)))


def _tensors(files: ModelFiles) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with the folder of its file."""
    for file in _held(files):
        header = file.safetensors
        if not isinstance(header, Malformed):
            for one in header.tensors:
                yield _folder(file), Tensor(name=one.name, dtype=one.dtype, shape=one.shape)


def _held(files: ModelFiles) -> Iterator[Parsed]:
    for file in files.by_path.values():
        if file.content.kind is Kind.SAFETENSORS and file.content.head:
            yield file


def _folder(file: Parsed) -> str:
    return file.path.rpartition("/")[0]
