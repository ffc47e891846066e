"""What a change map costs beside hashing: `OPENBLAS_NUM_THREADS=1 python -m tests.bench.weights`.

The peer is the ordinary measuring of the derivative's files alone; ours is the same with the map
made beside it, in one process, all files in the cache of the system. Above 1 is slower. The
variable is set as commands set it for themselves.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from provenance.formats import safetensors
from provenance.model import Ref
from provenance.source import directory
from provenance.source.stored import FolderReader
from provenance.weights.changes.mapping import change_map
from provenance.weights.stored import Stored, of_header
from tests import forge
from tests.bench.figures import best
from tests.weights.tiny import head

WIDTH, DEVIATION = 4096, 0.02
CHANGED = 0.05
"""Of the deviation: a fine-tune that leaves a fifth of the values as they were."""
TINY = 100_000


def written(folder: Path, shards: int, tensors: int, *, changed: float) -> Path:
    """A model of so many bf16 matrices of 32 MiB in each shard, moved by that much."""
    folder.mkdir(parents=True)
    for shard in range(shards):
        names = [f"model.layers.{shard * tensors + n}.mlp.up_proj.weight" for n in range(tensors)]
        with (folder / f"model-{shard}.safetensors").open("wb") as stream:
            stream.write(head(dict.fromkeys(names, ("BF16", (WIDTH, WIDTH)))))
            for number in range(tensors):
                stream.write(matrix(shard * tensors + number, changed))
    return folder


def matrix(seed: int, changed: float) -> bytes:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((WIDTH, WIDTH), np.float32) * DEVIATION
    if changed:
        values += rng.standard_normal((WIDTH, WIDTH), np.float32) * (DEVIATION * changed)
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


def stored_of(folder: Path) -> tuple[Stored, ...]:
    found: list[Stored] = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            data = stream.read(1 << 25)
        found += of_header(path.name, safetensors.parse(data, path.stat().st_size))
    return tuple(found)


def mapping(base: Path, derived: Path) -> Callable[[], None]:
    theirs, ours = stored_of(base), stored_of(derived)

    def work() -> None:
        base_reader, reader = FolderReader(root=base), FolderReader(root=derived)
        change_map(theirs, ours, base_reader, reader, named="base")
        base_reader.close()
        reader.close()

    return work


def beside(*works: Callable[[], object]) -> Callable[[], None]:
    def work() -> None:
        with ThreadPoolExecutor(len(works)) as pool:
            for done in [pool.submit(one) for one in works]:
                done.result()

    return work


def against_hashing(place: Path, shards: int, tensors: int) -> None:
    """A fine-tune, and a copy, against hashing it."""
    base = written(place / "base", shards, tensors, changed=0)
    tuned = written(place / "tuned", shards, tensors, changed=CHANGED)

    def hashing() -> None:
        directory.collect(tuned, ref=Ref(text="m"), at=forge.NOW)

    delta, same = mapping(base, tuned), mapping(base, base)
    alone, both, mapped, copied = best(hashing, beside(hashing, delta), delta, same)
    size = shards * tensors * WIDTH * WIDTH * 2
    print(
        f"{shards} x {size // shards >> 20} MiB: hashing with the change map beside it takes",
        end=" ",
    )
    print(f"{both / alone:.2f} of hashing alone ({alone:.2f} s); the map alone", end=" ")
    print(f"{size / mapped / 1e9:.2f} GB/s of a fine-tune, {size / copied / 1e9:.2f} of a copy")


def tiny(place: Path, count: int) -> None:
    """Very many tensors of four values."""
    names = [f"layers.{number}.weight" for number in range(count)]
    for folder, value in (("base", b"\0\0"), ("derived", b"\0\x3f")):
        (place / folder).mkdir(parents=True)
        data = head(dict.fromkeys(names, ("BF16", (2, 2)))) + value * 4 * count
        (place / folder / "model.safetensors").write_bytes(data)
    (took,) = best(mapping(place / "base", place / "derived"))
    print(f"{count} tensors of four values: {took:.1f} s")


def main(words: Sequence[str] | None = None) -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tensors", type=int, default=16, help="matrices of 32 MiB of one model")
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        for shards in (1, 4):
            against_hashing(Path(place) / str(shards), shards, chosen.tensors // shards)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tiny(Path(place) / "tiny", TINY)
    print(f"peak memory of hashing and change maps, without the tiny tensors: {peak:.0f} MB")


if __name__ == "__main__":
    main()
