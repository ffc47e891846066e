"""Promotion by the store's own client: `python -m tests.bench.promote [MEBIBYTES]`.

What is compared is one store and one set of files, in turns: obstore's own `put` of each file, and
a writer that hashes every byte again, says what is under way, lists what was sent and attests it.
The bar is 0.9 of the client's speed. A folder is also compared with that client and a sync to disk,
since a promoted folder is on disk for good before it has its name.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from provenance.source.bucket.places import place
from provenance.source.remote.store import StoreOptions
from tests.bench.figures import best
from tests.promoting.docks import DOCKS, Dock
from tests.promoting.test_writers import deliver, parcel

FILES = 4
NUMBERS = count()


def client(dock: Dock, folder: Path, *, synced: bool = False) -> Callable[[], object]:
    """A work that puts every file of a folder there by the store's own client."""

    def opened() -> tuple[ObjectStore, Path | None]:
        if not dock.to.startswith("file:"):
            source = f"{dock.to}-{next(NUMBERS)}"
            return place(source, StoreOptions(variables=dock.variables)).store(), None
        target = Path(f"{dock.to.removeprefix('file://')}-{next(NUMBERS)}")
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
        from dataclasses import replace

        to = f"{dock.to}-{next(NUMBERS)}"
        deliver(replace(dock, to=to), made)

    return work


def main() -> None:
    """A ratio for each store."""
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    logging.disable(logging.CRITICAL)
    print(f"{mebibytes} MiB in {FILES} files, the client's time by ours (0.9 is the bar):")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name, "model")
        folder.mkdir()
        for number in range(FILES):
            (folder / f"{number}.bin").write_bytes(os.urandom((mebibytes << 20) // FILES))
        for called in ("S3", "a folder"):
            dock = stack.enter_context(DOCKS[called](Path(name)))
            known = [client(dock, folder), ours(dock, folder)]
            if called == "a folder":
                known.append(client(dock, folder, synced=True))
            own, promoted, *synced = best(*known)
            more = f", by a client that syncs {synced[0] / promoted:.2f}" if synced else ""
            print(f"  {called}: {own / promoted:.2f}{more}")


if __name__ == "__main__":
    main()
