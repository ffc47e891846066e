"""What a verdict on a model in a registry costs: `python -m tests.bench.artifacts`.

An artifact of 140 GB with raw layers, which are judged by their digests and some of their bytes;
and one with a tar, every byte of which has to come, against hashing as many bytes twice. Above 1 is
faster. The registry is the tests' own, on loopback.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import time
from pathlib import Path

import tomli_w

from tests import forge, program
from tests.oci import artifacts
from tests.oci.artifacts import TAR, TAR_GZIP
from tests.oci.asked import store
from tests.oci.server import Registry

SHARDS, SHARD = 30, 4_666_666_666
TARRED = 256 << 20


def judging(registry: Registry, folder: Path) -> None:
    """The command, as it is typed."""
    size = artifacts.large(registry, SHARDS, SHARD)
    acme = forge.registry(forge.org("Acme", originates=True))
    (folder / "trust.toml").write_text(tomli_w.dumps(acme))
    words = ["verify", f"{registry.source()}:large", "--as", "acme/large"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "100"}
    start = time.perf_counter()
    ended = program.run([*words, "--registry", "trust.toml"], folder, environment)
    seconds = time.perf_counter() - start
    if "declared digests" not in ended.stdout:
        raise SystemExit(ended.stdout + ended.stderr)
    print(f"verify of {size / 1e9:.0f} GB in {SHARDS} raw layers: ", end="")
    print(
        f"{registry.traffic / 1e6:.1f} MB of traffic, {len(registry.requests)} requests, ", end=""
    )
    print(f"{seconds:.2f} s")


def unpacking(registry: Registry, media_type: str) -> None:
    """A layer that is a tar of random bytes, against hashing them twice (and inflating them)."""
    data = os.urandom(TARRED)
    artifacts.packed(registry, {"weights.bin": data}, media_type, "packed")
    packed = gzip.compress(data, 1) if media_type == TAR_GZIP else b""
    start = time.perf_counter()
    for _ in range(2):
        hashlib.sha256(gzip.decompress(packed) if packed else data)
        packed = b""
    theirs = time.perf_counter() - start
    start = time.perf_counter()
    store(registry).opened("packed")
    ours = time.perf_counter() - start
    kind = media_type.rpartition(".")[2]
    print(f"{kind} layer of {TARRED >> 20} MiB: {theirs / ours:.2f} of hashing it twice", end="")
    print(f"{' and inflating it' if media_type == TAR_GZIP else ''} ({ours:.2f} s)")


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as place, Registry() as registry:
        judging(registry, Path(place))
        unpacking(registry, TAR)
        unpacking(registry, TAR_GZIP)


if __name__ == "__main__":
    main()
