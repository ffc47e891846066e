"""Speed against a Hub, as ratios to `hf download` in the same run.

`python -m tests.bench.network`. The Hub is the tests' own, on loopback. Above 1 is faster.
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

import tomli_w

from tests import forge
from tests.hub import Hub, Sparse

OURS = [sys.executable, "-m", "provenance"]
ROUNDS = 3
SHARDS, SHARD = 30, 4_666_666_666
TENSORS = 80


def run(hub: Hub, folder: Path, words: Sequence[str | Path]) -> float:
    """The seconds until a program and `sync` after it have ended, well."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "HF_ENDPOINT": hub.url}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    start = time.perf_counter()
    found = [*map(str, words)]

    subprocess.run(found, cwd=folder, env=environment, check=True, capture_output=True)
    subprocess.run(["sync", "-f", str(folder)], check=True)
    return time.perf_counter() - start


def alternating(*works: Callable[[], float]) -> list[float]:
    """The best time of each, taken in turns."""
    times = [[work() for work in works] for _ in range(ROUNDS)]
    return [min(row[number] for row in times) for number in range(len(works))]


def desk(folder: Path, *repos: str) -> Path:
    """A folder with settings for these repositories, and a registry that knows their publisher."""
    folder.mkdir()
    table = forge.registry(forge.org("Acme", originates=True))
    (folder / "trust.toml").write_text(tomli_w.dumps(table))
    models = [{"repo": repo} for repo in repos]
    settings = {"policy": {"registry": ["trust.toml"]}, "models": models}
    (folder / "provenance.toml").write_text(tomli_w.dumps(settings))
    return folder


def judging(hub: Hub, folder: Path) -> None:
    """A verdict on 140 GB in 30 shards, which are sparse files."""
    names = [f"model-{n:05}-of-{SHARDS:05}.safetensors" for n in range(1, SHARDS + 1)]
    files: dict[str, bytes | Path | Sparse] = {}
    weight_map: dict[str, str] = {}
    for number, name in enumerate(names):
        head = _header(number)
        files[name] = Sparse(
            head=head, size=len(head) + SHARD // TENSORS * TENSORS, sha256=f"{number:064x}"
        )
        weight_map |= {f"model.layers.{number}.{n}.weight": name for n in range(TENSORS)}
    files["model.safetensors.index.json"] = json.dumps({"weight_map": weight_map}).encode()
    hub.commit("acme/large", files)
    desk(folder, "acme/large")
    hub.clear()
    seconds = run(hub, folder, [*OURS, "verify", "acme/large"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = sum(f.size for f in files.values() if isinstance(f, Sparse)) / 1e9
    traffic = hub.traffic() / 1e6
    print(f"verify of {size:.0f} GB in {SHARDS} shards: {traffic:.1f} MB of traffic, ", end="")
    print(f"{len(hub.requests)} requests, {seconds:.2f} s, peak memory {peak:.0f} MB")


def _header(number: int) -> bytes:
    size = SHARD // TENSORS
    table = {
        f"model.layers.{number}.{n}.weight": {
            "dtype": "U8",
            "shape": [size],
            "data_offsets": [n * size, (n + 1) * size],
        }
        for n in range(TENSORS)
    }
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text


def fetching(hub: Hub, folder: Path, mebibytes: int) -> None:
    """`fetch` of four files, hashed and judged twice, against `hf download` of the same."""
    source = folder.parent / "source"
    source.mkdir()
    files: dict[str, bytes | Path | Sparse] = {"config.json": b"{}"}
    for number in range(4):
        place = source / f"{number}.safetensors"
        with place.open("wb") as stream:
            stream.write(forge.header(mebibytes << 20))
            for _ in range(mebibytes):
                stream.write(os.urandom(1 << 20))
        files[place.name] = place
    hub.commit("acme/files", files)
    desk(folder, "acme/files")
    run(hub, folder, [*OURS, "lock", "-q"])
    peer = Path(sys.executable).with_name("hf")

    def ours() -> float:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        return run(hub, folder, [*OURS, "fetch", "--local-dir", "ours"])

    def theirs() -> float:
        shutil.rmtree(folder / "theirs", ignore_errors=True)
        return run(hub, folder, [peer, "download", "acme/files", "--local-dir", "theirs"])

    mine, other = alternating(ours, theirs)
    print(f"fetch of 4 x {mebibytes} MiB: {other / mine:.2f} of hf download ", end="")
    print(f"({mine:.2f} s against {other:.2f} s, both with sync)")


def locking(hub: Hub, folder: Path) -> None:
    """One `lock` of 50, 100 and 200 models: the time per model should not grow."""
    repos = [f"acme/m{n}" for n in range(200)]
    for number, repo in enumerate(repos):
        hub.commit(repo, {**forge.MODEL, "n.json": json.dumps([number]).encode()})
    times = []
    for count in (50, 100, 200):
        place = desk(folder.parent / f"{folder.name}{count}", *repos[:count])
        times.append((count, run(hub, place, [*OURS, "lock", "-q"])))
    shown = ", ".join(f"{count} models {seconds:.2f} s" for count, seconds in times)
    growth = (times[2][1] / times[1][1]) / 2
    print(f"lock: {shown}; twice the models take {growth:.2f} of twice the time")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MiB of each of four files")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, Hub(Path(place)) as hub:
        folder = Path(place)
        judging(hub, folder / "judging")
        fetching(hub, folder / "fetching", words.size)
        locking(hub, folder / "locking")


if __name__ == "__main__":
    main()
