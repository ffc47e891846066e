"""Promotion by the store's own client: `python -m tests.bench.promote [MEBIBYTES]`.

What is compared is one store and one set of files, in turns: obstore's own `put` of each file, and
a writer that hashes every byte again, says what is under way, lists what was sent and attests it.
The bar is 0.9 of the speed of the client, where the store takes the time: a promotion hashes each
byte, which costs two thirds of a second of one core for each half gigabyte, and copies between
caches in memory cost less than that. A folder is also compared with that client and a sync to disk,
since a promoted folder is on disk for good before it has its name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from provenance.source.bucket.places import place
from provenance.source.remote.store import StoreOptions
from tests.bench.figures import best
from tests.promoting.docks import DOCKS, Dock
from tests.promoting.test_writers import deliver, parcel
from tests.source.stores import KEYS

FILES = 4
SERVER = """
import boto3
from moto.server import ThreadedMotoServer
from time import sleep
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
keys = {"aws_access_key_id": "t", "aws_secret_access_key": "t", "region_name": "us-east-1"}
client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **keys)
for number in range(40):
    client.create_bucket(Bucket=f"bench-{number}")
print(port, flush=True)
sleep(3600)
"""
NUMBERS = count()


@contextmanager
def bucket() -> Iterator[Dock]:
    """A bucket of moto, in a process of its own."""
    words = [sys.executable, "-c", SERVER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            port = server.stdout.readline().decode().strip() if server.stdout else ""
            variables = {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
            yield Dock(
                to="s3://bench-{}/models/bot",
                read=dict,
                put=print,
                foreign=print,
                variables=variables,
            )
        finally:
            server.kill()


def elsewhere(dock: Dock) -> str:
    """A place at the same store where nothing lies yet: moto lists a bucket by all it holds."""
    return dock.to.format(next(NUMBERS)) if "{}" in dock.to else f"{dock.to}-{next(NUMBERS)}"


def client(dock: Dock, folder: Path, *, synced: bool = False) -> Callable[[], object]:
    """A work that puts every file of a folder there by the store's own client."""

    def opened() -> tuple[ObjectStore, Path | None]:
        if not dock.to.startswith("file:"):
            source = elsewhere(dock)
            return place(source, StoreOptions(variables=dock.variables)).store(), None
        target = Path(elsewhere(dock).removeprefix("file://"))
        target.mkdir(parents=True)
        return LocalStore(target), target

    def work() -> None:
        store, target = opened()
        with ThreadPoolExecutor(FILES) as pool:
            list(pool.map(lambda one: obstore.put(store, one.name, one), sorted(folder.iterdir())))
        for written in target.iterdir() if target and synced else ():
            descriptor = os.open(written, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    return work


def ours(dock: Dock, folder: Path) -> Callable[[], object]:
    """A work that puts them there as promote does."""
    files = {one.name: one.read_bytes() for one in sorted(folder.iterdir())}
    made = parcel(folder, dock, files)

    def work() -> None:
        deliver(replace(dock, to=elsewhere(dock)), made)

    return work


def main() -> None:
    """A ratio for each store."""
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    print(f"{mebibytes} MiB in {FILES} files, the client's time by ours (0.9 is the bar):")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name, "model")
        folder.mkdir()
        for number in range(FILES):
            (folder / f"{number}.bin").write_bytes(os.urandom((mebibytes << 20) // FILES))
        docks = {"S3": stack.enter_context(bucket()), "a folder": None}
        for called, found in docks.items():
            dock = found or stack.enter_context(DOCKS[called](Path(name)))
            known = [client(dock, folder), ours(dock, folder)]
            if called == "a folder":
                known.append(client(dock, folder, synced=True))
            own, promoted, *synced = best(*known)
            more = f", by a client that syncs {synced[0] / promoted:.2f}" if synced else ""
            print(f"  {called}: {own / promoted:.2f}{more}")


if __name__ == "__main__":
    main()
