"""Tiny models as values: weights by name, and a reader that has them in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from provenance.formats import safetensors
from provenance.model import TensorDigest
from provenance.source.stored import FolderReader
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import Fingerprint, made
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Matrix, matrices
from provenance.weights.sample import Sample, sample
from provenance.weights.stored import Reader, Stored, of_header
from provenance.weights.units import Gains, gains
from provenance.weights.values import Floats

Weights = dict[str, Floats]
PUBLIC = Coordinates()
PATH = "model.safetensors"
SHAPES = {
    "mlp.up_proj": (160, 64),
    "mlp.gate_proj": (160, 64),
    "mlp.down_proj": (64, 160),
    "self_attn.v_proj": (96, 64),
    "self_attn.o_proj": (64, 96),
}


@dataclass(frozen=True)
class Memory:
    """A reader of bytes that are here."""

    data: bytes

    def read(self, path: str, begin: int, end: int) -> bytes:
        return self.data[begin:end]


def of(weights: Mapping[str, Floats]) -> tuple[tuple[Matrix, ...], Memory]:
    """The matrices of these weights and their reader."""
    found, data = [], bytearray()
    for name, values in weights.items():
        begin = len(data)
        data += values.astype("<f4").tobytes()
        shape = values.shape
        found.append(
            Stored(path=PATH, name=name, dtype="F32", shape=shape, begin=begin, end=len(data))
        )
    return matrices(found), Memory(bytes(data))


def sampled(weights: Mapping[str, Floats], coordinates: Coordinates = PUBLIC) -> Sample:
    some, reader = of(weights)
    return sample(some, reader, coordinates)


def printed(
    weights: Mapping[str, Floats],
    name: str = "base",
    coordinates: Coordinates = PUBLIC,
    entries: tuple[TensorDigest, ...] = (),
) -> Fingerprint:
    """The fingerprint of a model of these weights."""
    some, reader = of(weights)
    return made(some, reader, coordinates, Ledger(entries=entries), name, "c0ffee", "")


def llama(seed: int, layers: int = 4) -> Weights:
    """A model whose values are as those of trained ones: heavy tails, some coordinates larger than
    others in every matrix and others in each model, lines that have a direction in common."""
    rng = np.random.default_rng(seed)
    scale = np.exp(0.5 * rng.standard_normal(64))
    common = rng.standard_normal(64)

    def drawn(lines: int) -> Floats:
        heavy = rng.standard_t(4, (lines, 64)) + 0.3 * rng.standard_normal((lines, 1)) * common
        return (0.02 * heavy * scale).astype(np.float32)

    weights = {"model.embed_tokens.weight": drawn(600), "lm_head.weight": drawn(600)}
    for layer in range(layers):
        for name, (rows, columns) in SHAPES.items():
            lines = drawn(rows if columns == 64 else columns)
            weights[f"model.layers.{layer}.{name}.weight"] = lines if columns == 64 else lines.T
    return weights


def noisy(weights: Mapping[str, Floats], size: float, seed: int = 1) -> Weights:
    """The weights with noise of that size relative to theirs: a fine-tune."""
    rng = np.random.default_rng(seed)
    return {
        name: (one + size * one.std() * rng.standard_normal(one.shape)).astype(np.float32)
        for name, one in weights.items()
    }


@dataclass(frozen=True)
class Opened:
    """A model in a file."""

    matrices: tuple[Matrix, ...]
    reader: Reader
    gains: Gains


def opened(path: Path) -> Opened:
    with path.open("rb") as file:
        first = file.read(8)
        head = first + file.read(safetensors.header_length(first))
    stored = tuple(of_header(path.name, safetensors.parse(head, path.stat().st_size)))
    reader = FolderReader(root=path.parent)
    return Opened(matrices(stored), reader, gains(stored, reader))
