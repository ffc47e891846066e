"""Speed as ratios against peers in the same run: `python -m tests.bench.figures`.

The peers are `openssl dgst` on all cores, and `model_signing verify key` where
PROVENANCE_MODEL_SIGNING names the `bin` folder of an environment that has it. Above 1 is faster.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import tomli_w

from provenance.model import Ref
from provenance.source import directory
from tests import forge

OURS = [sys.executable, "-m", "provenance"]
ROUNDS = 3


def best(*works: Callable[[], None]) -> list[float]:
    """The best time of each of `works`, taken in turns, in seconds."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, found in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return [min(found) for found in times]


def running(words: Sequence[str | Path]) -> Callable[[], None]:
    """A work that runs a program to its end, which must be a good one."""

    def work() -> None:
        subprocess.run([*map(str, words)], check=True, stdout=subprocess.DEVNULL)

    return work


def large(folder: Path, mebibytes: int) -> Path:
    """Four files of so many MiB each, signed."""
    folder.mkdir()
    for number in range(4):
        with (folder / f"{number}.safetensors").open("wb") as stream:
            stream.write(forge.header(mebibytes << 20))
            for _ in range(mebibytes):
                stream.write(os.urandom(1 << 20))
    return signed(folder)


def many(folder: Path, count: int) -> Path:
    """So many files of 10 kB, signed."""
    text = os.urandom(5_000).hex()
    files = {f"d{n % 100}/f{n}.txt": f"{n:08}{text[8:]}".encode() for n in range(count)}
    return signed(forge.write(folder, files))


def signed(folder: Path) -> Path:
    return forge.sign(folder, forge.Hand(key=forge.key("release")))


def hashing(folder: Path) -> None:
    """Gathering the evidence of a directory, against bare openssl over the same files."""
    files = [str(path) for path in sorted(folder.glob("*.safetensors"))]
    cores = str(os.cpu_count() or 1)
    spread = ["xargs", "-P", cores, "-n", "1", "openssl", "dgst", "-sha256"]

    def peer() -> None:
        subprocess.run(
            spread, input="\n".join(files), text=True, check=True, stdout=subprocess.DEVNULL
        )

    def gather() -> None:
        directory.collect(folder, ref=Ref(text="m"), at=forge.NOW)

    ours, theirs = best(gather, peer)
    size = sum(Path(file).stat().st_size for file in files)
    print(f"hashing {size >> 20} MiB: {theirs / ours:.2f} of openssl on {cores} cores", end="; ")
    print(f"{size / ours / 1e9:.2f} GB/s")
    running([*OURS, "inspect", folder])()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of `inspect`, as the largest child so far: {peak:.0f} MB")


def verifying(name: str, folder: Path, registry: Path, peer: Path | None) -> None:
    """A whole `verify` against `model_signing verify key` of the same directory."""
    ours = running([*OURS, "verify", folder, "--registry", registry])
    if peer is None:
        print(f"{name}: {best(ours)[0]:.2f} s (no model_signing to compare with)")
        return
    key = folder.parent / "key.pub"
    key.write_text(forge.key("release").public.pem)
    named: list[str | Path] = ["--signature", folder / "model.sig", "--public_key", key]
    mine, theirs = best(ours, running([peer / "model_signing", "verify", "key", folder, *named]))
    print(f"{name}: {theirs / mine:.2f} of model_signing ({mine:.2f} s against {theirs:.2f} s)")


def starting(folder: Path, registry: Path) -> None:
    """How long people wait for little."""
    small = signed(forge.write(folder))
    verify = running([*OURS, "verify", small, "--registry", registry])
    program = Path(sys.executable).with_name("provenance")
    shown, judged = best(running([program, "--help"]), verify)
    print(f"--help: {shown:.3f} s; a small signed directory: {judged:.3f} s")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MiB of each of four files")
    parser.add_argument("--files", type=int, default=10_000, help="how many small files")
    words = parser.parse_args()
    environment = os.environ.get("PROVENANCE_MODEL_SIGNING")
    peer = Path(environment) if environment else None
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        registry = folder / "trust.toml"
        table = forge.registry(forge.org("Acme", forge.signer("release")))
        registry.write_text(tomli_w.dumps(table))
        starting(folder / "small", registry)
        big = large(folder / "large", words.size)
        hashing(big)
        verifying(f"verify of 4 x {words.size} MiB", big, registry, peer)
        crowd = many(folder / "many", words.files)
        verifying(f"verify of {words.files} files", crowd, registry, peer)


if __name__ == "__main__":
    main()
