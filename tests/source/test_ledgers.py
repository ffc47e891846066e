"""The ledger of files: the same for the same values, whatever file, name and type they have."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from provenance.lock.sketch import sketch_of
from provenance.model import Evidence, Ref, TensorDigest
from provenance.source import directory
from provenance.source.ledgers import ledger_of
from provenance.source.progress import Silent, Step, Unit
from provenance.source.stored import FolderReader
from provenance.weights.ledger import EVERYTHING, Known, Ledger, copied, is_identical
from provenance.weights.stored import stored_in
from tests import forge
from tests.checks import edited, packs
from tests.formats.test_gguf import made
from tests.weights.shards import Array, bf16, folder, written

OPENINGS = Known(openings=frozenset({"0" * 64}))
RANDOM = np.random.default_rng(7)
HALVES = [
    RANDOM.standard_normal((n, 256), np.float32).astype(np.float16).astype(np.float32)
    for n in (256, 300)
]
"""Numbers that are the same as float32 and as float16."""
FIRST, SECOND = HALVES


def collected(place: Path, tensors: Known | None = EVERYTHING) -> Evidence:
    return directory.collect(place, ref=Ref(text="m"), at=forge.NOW, tensors=tensors)


def entries(place: Path, tensors: Known | None = EVERYTHING) -> tuple[TensorDigest, ...]:
    return collected(place, tensors).weights.tensors


AS: Mapping[str, Callable[[Array], Array]] = {
    "float32": lambda values: values,
    "float16": lambda values: values.astype(np.float16),
    "float64": lambda values: values.astype(np.float64),
    "bfloat16": bf16,
}


@pytest.mark.parametrize("dtype", AS)
def test_sharded_renamed_and_retyped_tensors_are_the_same(tmp_path: Path, dtype: str) -> None:
    whole = folder(tmp_path / "whole", model={"a": FIRST, "b": SECOND})
    turned = AS[dtype]
    parts = folder(tmp_path / "parts", x={"layers.1": turned(SECOND)}, y={"z": turned(FIRST)})
    ours, theirs = Ledger(entries=entries(parts)), Ledger(entries=entries(whole))
    assert [entry.name for entry in copied(ours, theirs)] == ["layers.1", "z"]
    assert sketch_of(ours.entries) == sketch_of(theirs.entries) != ()


GGUFS: Mapping[str, tuple[int, set[str]]] = {
    "float32": (packs.F32, {*edited.base()}),
    "halves": (packs.F16, {*edited.base()}),
    "8 bits": (packs.Q8_0, {name for name in edited.base() if "norm" in name}),
}
"""A model as GGUF of each type, and which of its tensors are those of the model then."""


@pytest.mark.parametrize("name", GGUFS)
def test_what_a_gguf_keeps_as_floats_is_the_same(tmp_path: Path, name: str) -> None:
    kind, same = GGUFS[name]
    model = edited.base()
    whole = folder(tmp_path / "whole", model=model)
    (tmp_path / "model.gguf").write_bytes(packs.gguf(model, kind))
    ours, theirs = entries(tmp_path / "model.gguf"), Ledger(entries=entries(whole))
    assert {one.name for one in copied(theirs, Ledger(entries=ours))} == same
    assert is_identical(Ledger(entries=ours), theirs) is (same == {*model})


def test_one_other_value_makes_another_tensor(tmp_path: Path) -> None:
    other = SECOND.copy()
    other[-1, -1] += 1
    place = folder(tmp_path / "m", a={"t": SECOND}, b={"t": other})
    first, second = entries(place)
    assert first.opening == second.opening
    assert first.digest != second.digest


def test_the_digest_is_made_where_the_opening_is_known(tmp_path: Path) -> None:
    place = folder(tmp_path / "m", model={"a": FIRST, "b": SECOND, "small": FIRST[0]})
    every = {entry.name: entry for entry in entries(place)}
    known = Known(openings=frozenset({every["a"].opening}))
    found = {entry.name: entry for entry in entries(place, known)}
    assert found["a"] == every["a"]
    assert found["b"].opening == every["b"].opening
    assert found["b"].digest == ""
    assert found["small"].digest == found["small"].opening
    assert [entry.name for entry in entries(place, Known())] == ["a", "b"]
    assert entries(place, None) == ()


def test_a_nan_is_a_nan_whatever_it_carries(tmp_path: Path) -> None:
    one, other = bf16(FIRST), bf16(FIRST)
    one[5, 5], other[5, 5] = 0x7FC1, 0xFFFF
    first, second = entries(folder(tmp_path / "m", a={"t": one}, b={"t": other}))
    assert (first.opening, first.digest) == (second.opening, second.digest)


ODD: Mapping[str, Array] = {
    "no value": np.zeros((0, 4), np.float32),
    "whole numbers": np.arange(70_000, dtype=np.int64),
    "a mask": np.tri(300, dtype=np.float32),
    "zeros": np.zeros((300, 300), np.float16),
}


@pytest.mark.parametrize("name", ODD)
def test_what_tells_nothing_has_no_entry(tmp_path: Path, name: str) -> None:
    place = folder(tmp_path / "m", model={"odd": ODD[name], "w": FIRST, "one": FIRST[0, 0:1]})
    assert [entry.name for entry in entries(place)] == ["one", "w"]


WRONG: Mapping[str, bytes] = {
    "cut": written({"w": FIRST})[:-1],
    "longer": written({"w": FIRST}) + b"x",
    "a GGUF without tensors": made(),
    "a GGUF without an end": b"GGUF\3\0\0\0" + (9).to_bytes(8, "little") + bytes(100_000),
    "no header": b"\xff" * 100_000,
    "a header without an end": (90_000_000).to_bytes(8, "little") + b"{" * 100_000,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_hostile_header_has_no_ledger(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(WRONG[name])
    found = collected(tmp_path)
    assert found.weights.tensors == ()
    assert [file.path for file in found.manifest.files] == ["model.safetensors"]


def test_what_is_not_selected_has_no_ledger(tmp_path: Path) -> None:
    place = folder(tmp_path / "m", a={"t": FIRST}, b={"t": SECOND})
    found = directory.collect(
        place, ref=Ref(text="m"), at=forge.NOW, exclude=("a.*",), tensors=EVERYTHING
    )
    assert {entry.path for entry in found.weights.tensors} == {"b.safetensors"}


class Writing(Silent):
    """Writes to a file while it is being hashed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        return self

    def advance(self, count: int) -> None:
        with self._file.open("ab") as stream:
            stream.write(b"x")


def test_a_file_that_changes_has_no_ledger(tmp_path: Path) -> None:
    place = folder(tmp_path / "m", model={"t": np.tile(FIRST, (8, 1))})
    found = directory.collect(
        place,
        ref=Ref(text="m"),
        at=forge.NOW,
        tensors=EVERYTHING,
        progress=Writing(place / "model.safetensors"),
    )
    assert found.weights.tensors == ()
    assert [seen.code for seen in found.observations] == ["changed"]


def test_the_ledger_of_a_folder_is_that_of_its_evidence(tmp_path: Path) -> None:
    place = folder(tmp_path / "m", a={"t": FIRST}, b={"u": bf16(SECOND), "v": FIRST[0]})
    found, reader = collected(place), FolderReader(root=place)
    assert ledger_of(place, stored_in(found), reader).entries == found.weights.tensors
    reader.close()


def test_many_tensors_take_time_by_their_number(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        tensors = {f"t{n}": FIRST[0, :8] for n in range(count)}
        place = folder(tmp_path / str(count), model=tensors)
        start = time.perf_counter()
        assert len(entries(place, OPENINGS)) == count
        return time.perf_counter() - start

    few, many = seconds(2_000), seconds(20_000)
    assert many < 40 * few


def test_numpy_is_not_loaded_where_nothing_is_asked() -> None:
    script = "import sys, provenance.source.directory; print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ran.stdout.strip() == b"False"


def test_a_verdict_without_fingerprints_loads_no_numpy(tmp_path: Path) -> None:
    registry = tmp_path / "trust.toml"
    registry.write_text(tomli_w.dumps(forge.registry(forge.org("Acme", forge.signer("release")))))
    place = forge.sign(forge.write(tmp_path / "model"), forge.TufKey(key=forge.key("release")))
    words = ["verify", str(place), "--registry", str(registry)]
    script = (
        f"import sys, provenance.cli; provenance.cli.cli.main({words}, standalone_mode=False); "
        "sys.exit('numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ran.returncode, b"pass" in ran.stdout) == (0, True), ran.stderr
