"""Tiny models whose weights can be compared, and their fingerprints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from provenance.model import Ref
from provenance.source import directory
from provenance.source.ledgers import ledger_of
from provenance.source.stored import FolderReader
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import dumps, made
from provenance.weights.matrix import matrices
from provenance.weights.stored import stored_in
from tests import forge

WIDTH = 64
SECRET = bytes(range(32))


def model(folder: Path, seed: int = 0) -> Path:
    """A model of two layers and a table, of this seed."""
    names = ["model.embed_tokens.weight"]
    names += [f"model.layers.{n}.mlp.{name}_proj.weight" for n in (0, 1) for name in ("up", "down")]
    chance = np.random.default_rng(seed)
    size = 4 * WIDTH * WIDTH
    entries = {
        name: {
            "dtype": "F32",
            "shape": [WIDTH, WIDTH],
            "data_offsets": [n * size, (n + 1) * size],
        }
        for n, name in enumerate(names)
    }
    header = json.dumps(entries).encode()
    values = chance.standard_normal(len(names) * WIDTH * WIDTH, np.float32)
    data = len(header).to_bytes(8, "little") + header + values.astype("<f4").tobytes()
    return forge.write(folder, {"model.safetensors": data, "config.json": b"{}"})


def manifest(folder: Path) -> str:
    """The digest of a model's manifest."""
    ref = Ref(text=str(folder))
    return directory.collect(folder, ref=ref, at=forge.NOW).manifest.digest


def fingerprint(folder: Path, repo: str = "acme/base", secret: bytes | None = None) -> bytes:
    """The file of a model's fingerprint."""
    evidence = directory.collect(folder, ref=Ref(text=str(folder)), at=forge.NOW)
    stored, reader = stored_in(evidence), FolderReader(root=folder)
    found = made(
        matrices(stored),
        reader,
        Coordinates.keyed(secret) if secret else Coordinates(),
        ledger_of(folder, stored, reader),
        repo=repo,
        commit="",
        manifest=evidence.manifest.digest,
    )
    reader.close()
    return dumps(found)
