"""Speed as ratios against peers in the same run: `python -m tests.bench.figures`.

The peers are `openssl dgst` on all cores, and `model_signing verify key` where
PROVENANCE_MODEL_SIGNING names the `bin` folder of an environment that has it. Above 1 is faster.
Programs run as installed ones do, with their modules compiled before.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from timeit import timeit

import tomli_w

from provenance.formats.parsed import parsed
from provenance.judgement import judge
from provenance.model import Evidence, Kind, Ref
from provenance.policy import Model, Policy, Settings
from provenance.recording import Recording
from provenance.source import directory
from provenance.trust import Registry
from tests import forge
from tests.claims.models import evidence

OURS = [sys.executable, "-m", "provenance"]
ROUNDS = 3
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
SHARDS, TENSORS = 30, 80
STEPS = 10_000


def best(*works: Callable[[], object]) -> list[float]:
    """The best time of each of `works`, taken in turns, in seconds."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, found in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return [min(found) for found in times]


def running(words: Sequence[str | Path], *, ends: int = 0) -> Callable[[], None]:
    """A work that runs a program to its end, with the exit code that it must have."""
    cached = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "provenance-figures")}
    kept = {name: value for name, value in os.environ.items() if name != UNCOMPILED}

    def work() -> None:
        ran = subprocess.run(
            [*map(str, words)], env=kept | cached, stdout=subprocess.DEVNULL, check=False
        )
        if ran.returncode != ends:
            raise SystemExit(f"exit code {ran.returncode}, expected {ends}: {words}")

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


def many(folder: Path, count: int, suffix: str = ".txt") -> Path:
    """So many files of 10 kB, signed."""
    text = os.urandom(5_000).hex()
    files = {f"d{n % 100}/f{n}{suffix}": f"{n:08}{text[8:]}".encode() for n in range(count)}
    return signed(forge.write(folder, files))


def signed(folder: Path) -> Path:
    return forge.sign(folder, forge.TufKey(key=forge.key("release")))


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


def verifying(name: str, folder: Path, registry: Path, peer: Path | None, *, ends: int = 0) -> None:
    """A whole `verify` against `model_signing verify key` of the same directory."""
    ours = running([*OURS, "verify", folder, "--registry", registry], ends=ends)
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


def recording(base: Path, registry: Path) -> None:
    """What a recorded run costs beyond hashing what it began with and what it made."""
    out, key = base.parent / "out", base.parent / "key.pem"
    begun: list[Recording] = []
    key.write_bytes(forge.pem(forge.key("trainer")))
    shutil.copytree(base, out, ignore=shutil.ignore_patterns("*.sig"))

    def hash_both() -> None:
        for folder in (base, out):
            directory.collect(folder, ref=Ref(text="m"), at=forge.NOW)

    def record() -> None:
        run = Recording(
            "acme/out",
            out=out,
            method="sft",
            parents=[str(base)],
            registry=[str(registry)],
            key=key,
            unverified_parent=True,
        )
        run.begin()
        for path in out.glob("*.safetensors"):
            path.touch()
        run.finish()
        begun.append(run)
        (out / "claims.jsonl").unlink()

    mine, hashed = best(record, hash_both)
    size = sum(path.stat().st_size for path in base.iterdir())
    print(f"a run from and to {size >> 20} MiB: {mine:.2f} s, of which hashing is {hashed:.2f} s")
    looked = timeit(begun[-1].check, number=STEPS)
    print(f"a look at it before each step: {looked / STEPS * 1e6:.1f} µs")


def sharded() -> Evidence:
    """A model in shards, with their index, as it was read and stored."""
    names = [f"model-{n:05}-of-{SHARDS:05}.safetensors" for n in range(1, SHARDS + 1)]
    tensors = {name: [f"layer.{at}.{n}" for n in range(TENSORS)] for at, name in enumerate(names)}
    table = {tensor: name for name, own in tensors.items() for tensor in own}
    files = {"model.safetensors.index.json": json.dumps({"weight_map": table}).encode()}
    for name, own in tensors.items():
        places = enumerate(own)
        head = {t: {"dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]} for n, t in places}
        text = json.dumps(head).encode()
        files[name] = len(text).to_bytes(8, "little") + text + bytes(TENSORS)
    return evidence({**forge.MODEL, **files})


def judging() -> None:
    """Verdicts on stored evidence, against parsing each of its heads once."""
    given = sharded()
    registry = Registry.from_table(forge.registry(forge.org("Acme")), source="trust.toml")
    policy = Policy.of(Settings(), Model(name="acme/m", repo="acme/m"))

    def parsing() -> None:
        for file in parsed(given).values():
            if file.content.kind is Kind.SAFETENSORS:
                _ = file.safetensors
            elif file.path.endswith(".json") and file.content.head:
                file.json()

    ours, theirs = best(lambda: judge(given, policy, registry), parsing)
    print(f"judge of stored evidence, {SHARDS} shards of {TENSORS} tensors:", end=" ")
    print(f"{1 / ours:.0f} a second, {ours / theirs:.2f} of the time to parse each head once")


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
        judging()
        big = large(folder / "large", words.size)
        hashing(big)
        recording(big, registry)
        verifying(f"verify of 4 x {words.size} MiB", big, registry, peer)
        crowd = many(folder / "many", words.files)
        verifying(f"verify of {words.files} files", crowd, registry, peer)
        told = many(folder / "told", words.files, ".sh")
        title = f"verify of {words.files} files with a finding each"
        verifying(title, told, registry, peer, ends=1)


if __name__ == "__main__":
    main()
