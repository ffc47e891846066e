"""Every byte counts once, whoever reads it and in whatever order."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import ConfigError
from provenance.model import Evidence, PartDigest
from provenance.source import directory
from provenance.source.layout import Entry
from provenance.source.limits import Limits
from provenance.source.measure import Budget, measure, size_of
from provenance.source.progress import Progress, Silent, Step, Unit
from provenance.wire.oms import Need
from tests import forge
from tests.packed import zipped
from tests.source.gather import HAND, gather, paths, seen

SIZES = (0, 1, 63, 1 << 16, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 7)
BYTES = {f"{size}.dat": random.Random(size).randbytes(size) for size in SIZES}


class VerifiedBundles(Silent):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.ended = False

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        self.total = total
        return self

    def advance(self, count: int) -> None:
        self.done += count

    def end(self) -> None:
        self.ended = True


class Meddler(Silent):
    """Does something to the model while it is being hashed."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def advance(self, count: int) -> None:
        self._act()


def meddled(folder: Path, progress: Progress) -> Evidence:
    return directory.collect(
        folder, ref=gather(folder).ref, at=forge.NOW, progress=progress, workers=1
    )


def parts(folder: Path, *needs: Need) -> list[PartDigest]:
    entries = [Entry(path=p.name, place=str(p)) for p in sorted(folder.iterdir())]
    rows = measure(
        entries,
        sizes=[size_of(entry) for entry in entries],
        needs=needs,
        selected=frozenset(),
        budget=Budget(0, 0),
        progress=Silent(),
    )
    return [part for row in rows for part in row.parts]


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_digests(tmp_path: Path, workers: int | None) -> None:
    evidence = gather(forge.write(tmp_path, BYTES), workers=workers)
    expected = {path: hashlib.sha256(data).hexdigest() for path, data in BYTES.items()}
    assert {file.path: file.sha256 for file in evidence.listing.files} == expected
    assert {file.path: file.size for file in evidence.listing.files} == {
        path: len(data) for path, data in BYTES.items()
    }


HASHES: Mapping[str, Callable[[bytes], str]] = {
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
    "blake2b": lambda data: hashlib.blake2b(data).hexdigest(),
    "blake3": lambda data: blake3(data).hexdigest(),
}


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("size", [None, 1000, 1 << 20, 5_000_000])
def test_other_digests_in_the_same_pass(tmp_path: Path, algorithm: str, size: int | None) -> None:
    forge.write(tmp_path, {path: data for path, data in BYTES.items() if data})
    found = parts(tmp_path, Need(algorithm=algorithm, shard_size=size))
    for path, data in BYTES.items():
        step = size or len(data) or 1
        expected = [
            (start, min(start + step, len(data)), HASHES[algorithm](data[start : start + step]))
            for start in range(0, len(data), step)
        ]
        assert [(p.start, p.end, p.hex) for p in found if p.path == path] == expected


def test_an_empty_file_has_a_digest_of_its_whole(tmp_path: Path) -> None:
    forge.write(tmp_path, {"empty": b""})
    found = parts(tmp_path, Need(algorithm="blake2b"))
    assert [(p.start, p.end, p.hex) for p in found] == [(0, 0, hashlib.blake2b().hexdigest())]


def asking(folder: Path, name: str, shard_size: int) -> None:
    """A bundle by anybody, which asks for digests of shards."""
    digest = "0" * 64
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": hashlib.sha256(bytes(32)).hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "shards",
                "hash_type": "sha256",
                "shard_size": shard_size,
                "allow_symlinks": False,
            },
            "resources": [
                {"name": f"a.dat:0:{shard_size}", "algorithm": "sha256", "digest": digest}
            ],
        },
    }
    forge.write(folder, {name: json.dumps(forge.bundle_of(document, HAND)).encode()})


def test_shards_a_bundle_asks_for(tmp_path: Path) -> None:
    forge.write(tmp_path, {"a.dat": b"x" * 25})
    asking(tmp_path, "model.sig", 10)
    evidence = gather(tmp_path)
    assert [(p.start, p.end) for p in evidence.parts] == [(0, 10), (10, 20), (20, 25)]
    assert evidence.observations == ()


def test_shards_of_one_byte_are_refused_and_others_computed(tmp_path: Path) -> None:
    forge.write(tmp_path, {"a.dat": bytes(200_000)})
    asking(tmp_path, "a.sig", 1)
    asking(tmp_path, "model.sig", 100_000)
    evidence = gather(tmp_path)
    assert [(p.start, p.end) for p in evidence.parts] == [(0, 100_000), (100_000, 200_000)]
    assert seen(evidence) == {("limit", "")}


def test_at_most_so_many_needs(tmp_path: Path) -> None:
    forge.write(tmp_path, {"a.dat": bytes(100)})
    for size in range(10, 16):
        asking(tmp_path, f"{size}.sig", size)
    evidence = gather(tmp_path)
    assert {p.end for p in evidence.parts if p.start == 0} == {12, 13, 14, 15}
    codes = [o.code for o in evidence.observations]
    assert codes.count("limit") == 2


def test_progress_adds_up(tmp_path: Path) -> None:
    heard = VerifiedBundles()
    meddled(forge.write(tmp_path, BYTES), heard)
    size = sum(map(len, BYTES.values()))
    assert (heard.total, heard.done, heard.ended) == (size, size, True)


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    forge.write(tmp_path, BYTES)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meddled(tmp_path, Meddler(interrupt))


@pytest.mark.parametrize("size", [100, 3 << 20])
@pytest.mark.parametrize("how", ["grows", "shrinks", "rewritten"])
def test_a_file_that_changes_has_no_digest(tmp_path: Path, size: int, how: str) -> None:
    place = tmp_path / "a.dat"
    place.write_bytes(bytes(size))

    def meddle() -> None:
        match how:
            case "grows":
                with place.open("ab") as stream:
                    stream.write(b"more")
            case "shrinks":
                place.write_bytes(b"")
            case "rewritten":
                place.write_bytes(b"\1" * size)

    evidence = meddled(tmp_path, Meddler(meddle))
    assert seen(evidence) == {("changed", "a.dat")}
    assert paths(evidence) == []


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.dictionaries(
        st.text("abcdef", min_size=1, max_size=4), st.integers(0, 3000), max_size=8
    ),
    seed=st.integers(0, 1 << 30),
    workers=st.integers(1, 5),
    kept=st.integers(0, 6000),
)
def test_neither_order_nor_workers_matter(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: dict[str, int],
    seed: int,
    workers: int,
    kept: int,
) -> None:
    files = {f"{name}.json": b" " * size for name, size in sizes.items()}
    shuffled = list(files.items())
    random.Random(seed).shuffle(shuffled)
    limits = Limits(kept=kept)
    one = gather(forge.write(tmp_path_factory.mktemp("a"), files), limits=limits, workers=1)
    other = gather(
        forge.write(tmp_path_factory.mktemp("b"), dict(shuffled)), limits=limits, workers=workers
    )
    assert one == other
    assert sum(len(content.head) for content in one.contents) <= kept


def test_the_budget_goes_to_the_first_paths(tmp_path: Path) -> None:
    forge.write(tmp_path, {f"{name}.json": b"{}" + b" " * 98 for name in "abc"})
    evidence = gather(tmp_path, limits=Limits(kept=250))
    assert [len(content.head) for content in evidence.contents] == [100, 100, 0]
    assert seen(evidence) == {("limit", "c.json")}


def test_what_is_kept_of_archives_is_of_the_same_budget(tmp_path: Path) -> None:
    packed = zipped({"config.json": b"{}" + b" " * 98})
    forge.write(tmp_path, {"a.json": b"{}" + b" " * 98, "b.dduf": packed, "c.dduf": packed})
    evidence = gather(tmp_path, limits=Limits(kept=250))
    assert [content.kept for content in evidence.contents] == [100, 100, 0]
    assert seen(evidence) == {("limit", "c.dduf")}


def test_what_is_not_selected_costs_no_budget(tmp_path: Path) -> None:
    forge.write(tmp_path, {f"{name}.json": b"{}" + b" " * 98 for name in "abc"})
    evidence = gather(tmp_path, limits=Limits(kept=100), include=["c.json"])
    assert [len(content.head) for content in evidence.contents] == [100]
    assert evidence.observations == ()
    assert paths(evidence) == ["a.json", "b.json", "c.json"]


def test_a_bad_pattern_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"exclude\[0\]"):
        gather(tmp_path / "missing", include=["a"], exclude=["/b"])


def test_one_changed_byte_changes_the_manifest(tmp_path: Path) -> None:
    one = gather(forge.write(tmp_path, BYTES)).manifest
    place = tmp_path / "3145735.dat"
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)
    other = gather(tmp_path).manifest
    assert one.digest != other.digest
    assert replace(one, files=()) == replace(other, files=())
    changed = [a.path for a, b in zip(one.files, other.files, strict=True) if a != b]
    assert changed == ["3145735.dat"]
