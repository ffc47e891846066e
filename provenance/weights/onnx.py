"""The weights of an ONNX model: initialisers under the names that their own program gave them.

Exporters and optimisers fold a transposed weight into a constant without a name; the node that
multiplies with it still has the path of its module (`/encoder/layer.0/output/dense/MatMul`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.formats.onnx_graph import Graph, Initialiser, Node

ANONYMOUS = re.compile(r"(?:onnx::\w+?_)?\d+|(?:val|const|_?v|Constant|constant|t)_\d+.*|.*/.*")
HELPERS = ("_quantized", "_scale", "_zero_point", "_q")
"""What dynamic quantisation makes of one name (onnxruntime's quantize_dynamic)."""
SAME = ("Identity", "Cast", "DequantizeLinear", "Mul")
"""Operators whose output is their first input again, or a multiple of it."""
PRODUCTS = ("MatMul", "MatMulInteger", "Gemm", "DynamicQuantizeMatMul", "FusedMatMul")
UNNAMED = "onnx.matmul"
LAYER = (
    *(f"attention.self.{name}" for name in ("query", "key", "value")),
    *("attention.output.dense", "intermediate.dense", "output.dense"),
)
"""The matrices of one layer of an encoder in the order in which they are used (BERT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An initialiser under the name of its weight; `turned`: its inputs are the first axis."""

    initialiser: Initialiser
    name: str
    turned: bool


def named(model: Graph) -> Iterator[Named]:
    """Every initialiser under the name that the program knew it by."""
    used = _uses(model)
    spelled = _spelled(model, used)
    for one in model.initialisers:
        base, tail = _base(one.name)
        yield Named(
            initialiser=one,
            name=f"{spelled.get(base, base)}{tail}",
            turned=base in used and not used[base].transposed,
        )


def _base(name: str) -> tuple[str, str]:
    tail = next((tail for tail in HELPERS if name.endswith(tail)), "")
    return name.removesuffix(tail), tail


def _uses(model: Graph) -> Mapping[str, Node]:
    """By the name of a weight without what quantisation adds, the product it is a factor of."""
    sources = {
        out: (node.inputs[0], node.operator == "Transpose")
        for node in model.nodes
        if node.operator in (*SAME, "Transpose") and node.inputs
        for out in node.outputs
    }
    known = {one.name for one in model.initialisers}
    found: dict[str, Node] = {}
    for node in model.nodes:
        if node.operator not in PRODUCTS or len(node.inputs) < 2:
            continue
        name, flips = node.inputs[1], 0
        for _ in range(4):
            if name in known or name not in sources:
                break
            name, flipped = sources[name]
            flips += flipped
        if name in known:
            lying = node.operator == "Gemm" and node.transposed
            found.setdefault(_base(name)[0], replace(node, transposed=lying is not bool(flips % 2)))
    return found


def _spelled(model: Graph, used: Mapping[str, Node]) -> Mapping[str, str]:
    """The names of weights that have none, each once: by their node, else by their order."""
    shapes = {
        base: one.shape
        for one in model.initialisers
        for base, tail in [_base(one.name)]
        if len(one.shape) == 2 and tail not in ("_scale", "_zero_point")
    }
    some = [base for base in used if ANONYMOUS.fullmatch(base) and base in shapes]
    taken = {one.name for one in model.initialisers}
    names: dict[str, str] = {}
    for base in some:
        words = [word for word in used[base].name.split("/")[:-1] if word]
        name = ".".join((*words, "weight"))
        if words and name not in taken:
            taken.add(name)
            names[base] = name
    rest = [base for base in some if base not in names]
    return names | dict(zip(rest, _ordered([shapes[base] for base in rest]), strict=True))


def _ordered(shapes: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """Names of products without any: layer by layer, where the shapes are those of encoders that
    have four square matrices, one that widens and one that narrows again."""
    count = len(LAYER)
    for n, _ in enumerate(shapes):
        if _is_layer(shapes[n - n % count :][:count]):
            yield f"encoder.layer.{n // count}.{LAYER[n % count]}.weight"
        else:
            yield f"{UNNAMED}.{n}.weight"


def _is_layer(shapes: Sequence[tuple[int, ...]]) -> bool:
    if len(shapes) != len(LAYER):
        return False
    *square, wide, narrow = shapes
    same = {length for shape in square for length in shape}
    return same == {wide[0]} and wide == narrow[::-1] and wide[0] != wide[1]
