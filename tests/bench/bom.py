"""How long a bill of materials takes, beside writing the same document with the json module alone.

`python -m tests.bench.bom [--models 200] [--files 30]`; both versions of CycloneDX.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial

from provenance.lock import Entry, LockedParent, Part
from provenance.model import File, Manifest
from provenance.produce.bom.bill import Bill, Billed
from provenance.produce.bom.cyclonedx import document, schema
from tests import forge


def entry(number: int, files: int, part: Part = Part.MODEL) -> Entry:
    """A model with so many files, made from one of ten bases."""
    made = (File(path=f"{n}.bin", size=n, digest=f"{number:032x}{n:032x}") for n in range(files))
    held = Manifest.of(made)
    parent = LockedParent(repo=f"base/{number % 10}", commit="c" * 40)
    return Entry(
        name=f"org/{number}" if part is Part.MODEL else f"base/{number}",
        repo=f"org/{number}" if part is Part.MODEL else f"base/{number}",
        part=part,
        commit="c" * 40,
        files=held,
        manifest=held.digest,
        selected=held.digest,
        parents=(parent,) if part is Part.MODEL else (),
    )


def seconds(work: Callable[[], object]) -> float:
    """The best of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--files", type=int, default=30)
    given = parser.parse_args()
    models = tuple(
        Billed(entry=entry(n, given.files), licences=("mit",)) for n in range(given.models)
    )
    above = tuple(entry(n, 3, Part.ANCESTOR) for n in range(10))
    bill = Bill(models=models, at=forge.NOW, author="bench", above=above)
    for spec in ("1.6", "1.7"):
        text = document(bill, schema(spec))
        ours = seconds(partial(document, bill, schema(spec)))
        peer = seconds(partial(json.dumps, json.loads(text), indent=2))
        size = f"{given.models} models x {given.files} files, {len(text) / 1e6:.1f} MB"
        print(f"CycloneDX {spec}: {size}: {ours:.2f} s, {ours / peer:.1f} x json.dumps")


if __name__ == "__main__":
    main()
