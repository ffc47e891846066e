"""How soon a command starts under `provenance run`: `python -m tests.bench.run [GB]`.

A locked model of 140 GB in sparse files: the first start, which hashes every byte, against
`openssl dgst` on all cores over the same files, and the second, which is to take less than a
second. Then the first start of 2 GiB of random bytes, which have to be read. Above 1 is faster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import forge
from tests.bench.figures import OURS
from tests.hub import Hub, Sparse
from tests.hubs import Desk, desk

SHARDS, TENSORS = 28, 20
GIGABYTES = 140
REAL = 2 << 30
ROUNDS = 3
REPO = "acme-free/large"


@dataclass(frozen=True, order=True)
class Taken:
    """Seconds on the clock, and of a core: the latter hardly depend on what else runs here."""

    seconds: float
    worked: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.worked:.2f} s of a core"


class Watch:
    """Begun now, for the programs that are run until they are asked what they took."""

    def __init__(self) -> None:
        self._now, self._before = time.perf_counter(), os.times()

    def taken(self) -> Taken:
        after = os.times()
        worked = sum(after[2:4]) - sum(self._before[2:4])
        return Taken(time.perf_counter() - self._now, worked)


@dataclass(frozen=True, kw_only=True)
class Model:
    """The files of a model in a snapshot of the Hub's cache, and what a Hub says of them."""

    place: Path
    shards: tuple[Path, ...]
    small: Mapping[str, bytes]

    @classmethod
    def of(cls, place: Path, total: int, fill: Callable[[Path, int], None]) -> Model:
        """So many bytes in shards, whose bodies `fill` writes to their size."""
        place.mkdir(parents=True)
        names = [f"model-{n:05}-of-{SHARDS:05}.safetensors" for n in range(1, SHARDS + 1)]
        each = total // SHARDS // TENSORS * TENSORS
        table = {f"layer.{n}.{at}": name for n, name in enumerate(names) for at in range(TENSORS)}
        for n, name in enumerate(names):
            head = header([f"layer.{n}.{at}" for at in range(TENSORS)], each // TENSORS)
            (place / name).write_bytes(head)
            fill(place / name, len(head) + each)
        index = json.dumps({"weight_map": table}).encode()
        small = {"config.json": b"{}", "model.safetensors.index.json": index}
        # As after a download: what is not on disk yet would be waited for.
        os.sync()
        return cls(
            place=forge.write(place, small), shards=tuple(map(place.joinpath, names)), small=small
        )

    def hashed(self) -> tuple[Taken, dict[str, str]]:
        """What openssl takes on all cores, and the SHA-256 of each shard."""
        cores = str(os.cpu_count() or 1)
        spread = ["xargs", "-P", cores, "-n", "1", "openssl", "dgst", "-sha256", "-r"]
        begun = Watch()
        ended = subprocess.run(
            spread,
            input="\n".join(map(str, self.shards)),
            capture_output=True,
            text=True,
            check=True,
        )
        taken = begun.taken()
        rows = (line.split(" *") for line in ended.stdout.splitlines())
        return taken, {Path(path).name: digest for digest, path in rows}

    def declared(self, digests: Mapping[str, str]) -> dict[str, bytes | Path | Sparse]:
        """What a Hub has of them: headers, sizes and digests."""
        files: dict[str, bytes | Path | Sparse] = dict(self.small)
        for place in self.shards:
            head = place.open("rb").read(1 << 16)
            size = place.stat().st_size
            files[place.name] = Sparse(head=head, size=size, sha256=digests[place.name])
        return files


def header(names: list[str], size: int) -> bytes:
    """The header of a safetensors file of tensors of so many bytes each."""
    table = {
        name: {"dtype": "U8", "shape": [size], "data_offsets": [n * size, (n + 1) * size]}
        for n, name in enumerate(names)
    }
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def sparse(place: Path, size: int) -> None:
    os.truncate(place, size)


def random(place: Path, size: int) -> None:
    with place.open("ab") as stream:
        while (left := size - stream.tell()) > 0:
            stream.write(os.urandom(min(left, 1 << 20)))


def start(made: Desk) -> Taken:
    """What it takes until a command was started, and ended."""
    own = {"HOME": str(made.home), "PATH": os.environ["PATH"], "HF_ENDPOINT": made.hub.url}
    begun = Watch()
    words = [*OURS, "run", "-q", "--", "true"]
    subprocess.run(words, cwd=made.folder, env=own, check=True)
    return begun.taken()


def measured(top: Path, total: int, fill: Callable[[Path, int], None]) -> None:
    """One model locked as it lies in the cache, and started several times."""
    top.mkdir()
    with Hub(top) as hub:
        made = desk(top, hub)
        model = Model.of(top / "model", total, fill)
        theirs, digests = model.hashed()
        commit = hub.commit(REPO, model.declared(digests))
        snapshots = made.home / ".cache/huggingface/hub/models--acme-free--large/snapshots"
        snapshots.mkdir(parents=True)
        model.place.rename(snapshots / commit)
        made.locked({"repo": REPO})
        first = start(made)
        again = [start(made) for _ in range(ROUNDS)]
    print(f"{total / 1e9:.0f} GB, {fill.__name__}: the first start takes {first}, ", end="")
    print(
        f"{theirs.seconds / first.seconds:.2f} of openssl on {os.cpu_count()} cores ({theirs}); ",
        end="",
    )
    print(f"every later one {min(again)} (the slowest of {ROUNDS}: {max(again)})")


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else GIGABYTES
    with tempfile.TemporaryDirectory() as name:
        measured(Path(name, "real"), REAL, random)
        measured(Path(name, "large"), total * 10**9, sparse)


if __name__ == "__main__":
    main()
