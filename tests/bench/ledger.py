"""The ledger's cost as a ratio: `python -m tests.bench.ledger [MEBIBYTES]`.

Gathering with a ledger by gathering without one, in one run and in turns, for a model in one shard
and in four: where nothing of it is known, and where all of it is and every tensor gets its digest.
The bar is 1.15 on two cores. With four shards and all known both cores hash every byte twice, as
part of its file and as part of its tensor: there the bar cannot be met.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from provenance.model import Ref
from provenance.source import directory
from provenance.weights.ledger import EVERYTHING, Known
from tests import forge
from tests.bench.figures import best
from tests.weights.shards import bf16, written

ROWS, COLUMNS = 2048, 4096
TENSOR = ROWS * COLUMNS * 2 >> 20
"""MiB."""
NOTHING = Known(openings=frozenset({"0" * 64}))


def model(folder: Path, mebibytes: int, shards: int) -> Path:
    """A model of random bfloat16 tensors."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for shard in range(shards):
        tensors = {
            f"model.layers.{n}.mlp.up_proj.weight": bf16(
                random.standard_normal((ROWS, COLUMNS), np.float32)
            )
            for n in range(mebibytes // shards // TENSOR)
        }
        (folder / f"{shard}.safetensors").write_bytes(written(tensors))
    return folder


def gathering(folder: Path, tensors: Known | None) -> Callable[[], object]:
    """A work that gathers the evidence on a folder."""
    return lambda: directory.collect(folder, ref=Ref(text="m"), at=forge.NOW, tensors=tensors)


def main() -> None:
    """Four ratios."""
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    print(f"{mebibytes} MiB of bfloat16 on {os.cpu_count()} cores, time by that of hashing alone:")
    with tempfile.TemporaryDirectory() as name:
        for shards in (1, 4):
            place = model(Path(name, str(shards)), mebibytes, shards)
            alone, *others = best(
                *(gathering(place, known) for known in (None, NOTHING, EVERYTHING))
            )
            nothing, everything = (time / alone for time in others)
            print(f"  {shards} shards: nothing known {nothing:.2f}, all known {everything:.2f}")


if __name__ == "__main__":
    main()
