"""A fingerprint file: what was written comes back, and nothing else is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from provenance.errors import Malformed
from provenance.model import TensorDigest
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import MAGIC, Fingerprint, dumps, loads
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Part
from provenance.weights.sample import Block, Sample, comparable, lines_for
from provenance.weights.units import Units, vocabulary
from tests.weights.models import PUBLIC, llama, printed

LARGEST_OF_7B = 110_000
"""Bytes."""
UNITS = Units(tokens=("a", "b"), up=np.ones((3, 2), np.float32), gate=np.ones((3, 2), np.float32))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(name: str, shape: tuple[int, ...], digest_of: str = "") -> TensorDigest:
    return TensorDigest(
        path="model-00001-of-00002.safetensors",
        name=name,
        dtype="BF16",
        shape=shape,
        opening=digest(name),
        digest=digest(digest_of) if digest_of else "",
    )


ENTRIES = (
    entry("a.0.weight", (3, 4), "same"),
    entry("a.1.weight", (3, 4)),
    entry("norm", (3,), "norm"),
    entry("scalar", ()),
)
SMALL = printed(llama(1, layers=1), entries=ENTRIES)
DATA = dumps(SMALL)


def changed(change: Callable[[dict[str, Any]], object], data: bytes = DATA) -> bytes:
    """The file with its header changed."""
    length = int.from_bytes(data[4:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return with_header(text, data)


def with_header(text: bytes, data: bytes = DATA) -> bytes:
    length = int.from_bytes(data[4:8], "little")
    return MAGIC + len(text).to_bytes(4, "little") + text + data[8 + length :]


HEADER = DATA[8 : 8 + int.from_bytes(DATA[4:8], "little")]


@pytest.mark.parametrize("units", [None, UNITS], ids=["plain", "units"])
def test_what_was_written_comes_back(units: Units | None) -> None:
    one = Fingerprint(
        repo="org/\N{LATIN SMALL LETTER E WITH ACUTE}",
        commit="c" * 40,
        manifest="sha256:" + "0" * 64,
        sample=SMALL.sample,
        ledger=SMALL.ledger,
        units=units,
    )
    found = loads(dumps(one))
    assert dumps(found) == dumps(one)
    assert (found.repo, found.commit, found.manifest) == (one.repo, one.commit, one.manifest)
    assert found.ledger == one.ledger
    for ours, theirs in zip(found.sample.blocks, one.sample.blocks, strict=True):
        assert (ours.role, ours.numbers) == (theirs.role, theirs.numbers)
        assert ours.ordinals == theirs.ordinals
        assert ours.values == pytest.approx(theirs.values, rel=2**-8)
    assert (found.units is None) is (units is None)


def test_coordinates_of_a_key_are_told_and_do_not_tell_the_key() -> None:
    key = bytes(range(32))
    keyed = printed(llama(1, layers=1), coordinates=Coordinates.keyed(key))
    assert loads(dumps(keyed)).keyed
    assert not loads(DATA).keyed
    assert key.hex() not in dumps(keyed).hex()
    assert comparable(keyed.sample, Coordinates.keyed(key))
    assert not comparable(keyed.sample, PUBLIC)


def twice(header: dict[str, Any]) -> None:
    group = next(one for one in header["tensors"] if len(one["at"]) == 1 and one["at"] == ["0"])
    group["at"], group["in"] = ["0", "0"], [0, 0]


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "another file": b"PK\3\4" + DATA[4:],
    "no length": MAGIC + b"\1",
    "a huge length": MAGIC + b"\xff\xff\xff\xff" + DATA[8:],
    "half of the header": DATA[:40],
    "half of the values": DATA[:-101],
    "one byte less": DATA[:-1],
    "one byte more": DATA + b"\0",
    "no JSON": with_header(b"{]"),
    "an array": with_header(b"[]"),
    "white space": with_header(HEADER + b" "),
    "NaN": with_header(HEADER.replace(b'"lines":[0', b'"lines":[NaN', 1)),
    "a key twice": with_header(HEADER.replace(b"{", b'{"repo":"x",', 1)),
    "an unknown key": changed(lambda h: h.update(more=1)),
    "a missing key": changed(lambda h: h.pop("units")),
    "no manifest": changed(lambda h: h.update(manifest="sha256:00")),
    "a number as a name": changed(lambda h: h.update(repo=7)),
    "a name of true": changed(lambda h: h["blocks"][0].update(width=True)),
    "a broken number": changed(lambda h: h["blocks"][0].update(width=1.5)),
    "less than nothing": changed(lambda h: h["blocks"][0].update(lines=[-1])),
    "lines that are not there": changed(lambda h: h["blocks"][0]["lines"].append(4095)),
    "a number beyond": changed(lambda h: h["blocks"][0].update(lines=[2**80], across=2**80)),
    "a line twice": changed(lambda h: h["blocks"][0]["lines"].insert(0, 0)),
    "a line that none draws": changed(lambda h: h["blocks"][0]["lines"].__setitem__(-1, 4096)),
    "lines behind the matrix": changed(lambda h: h["blocks"][0].update(across=0)),
    "an unknown part": changed(lambda h: h["blocks"][0].update(part="head")),
    "numbers that are none": changed(lambda h: h["blocks"][0].update(at=["x"])),
    "a path that is not there": changed(lambda h: h["tensors"][0].update({"in": [9, 9]})),
    "unknown digests": changed(lambda h: h["tensors"][0].update(digests="all")),
    "a block twice": changed(lambda h: h["blocks"].append(h["blocks"][0])),
    "a tensor twice": changed(twice),
    "nested": changed(lambda h: h.update(unread=[[[[]]]])),
    "units of no tokens": changed(lambda h: h.update(units=[{}])),
    "a NaN of its own": DATA[:-2] + b"\xff\xff",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        loads(data)


def test_every_cut_is_refused() -> None:
    for at in range(0, len(DATA), 997):
        with pytest.raises(Malformed):
            loads(DATA[:at])


def test_a_model_of_seven_billion_parameters_takes_some_tens_of_kilobytes() -> None:
    modules = {"mlp.down_proj": 11008, "mlp.gate_proj": 11008, "mlp.up_proj": 11008} | {
        f"self_attn.{name}_proj": 4096 for name in "qkvo"
    }
    names = {f"model.layers.{n}.{m}.weight": a for n in range(32) for m, a in modules.items()}
    names |= {"lm_head.weight": 32_000, "model.embed_tokens.weight": 32_000}
    norms = [f"model.layers.{n}.{m}_layernorm.weight" for n in range(32) for m in ("in", "post")]
    lines = lines_for(len(names))
    blocks = tuple(
        Block(
            name=name,
            role=".".join("#" if word.isdigit() else word for word in name.split(".")),
            numbers=tuple(word for word in name.split(".") if word.isdigit()),
            part=Part.LAYER if "layers" in name else Part.TABLE,
            width=4096,
            across=across,
            ordinals=PUBLIC.lines(4096, across, lines).ordinals,
            values=np.ones((lines, 64), np.float32),
        )
        for name, across in names.items()
    )
    ledger = [entry(name, (across, 4096), name + "!") for name, across in names.items()]
    small = [entry(name, (4096,), name) for name in norms]
    data = dumps(
        Fingerprint(
            repo="org/base-7b",
            commit="c" * 40,
            manifest="sha256:" + "0" * 64,
            sample=Sample(coordinates="public", blocks=blocks),
            ledger=Ledger(entries=(*ledger, *small)),
        )
    )
    assert sum(block.values.size for block in blocks) >= 30_000
    assert len(data) <= LARGEST_OF_7B, f"{len(data):,} bytes"
    assert dumps(loads(data)) == data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"model": {"vocab": {"a": 0, "b": 1, "c": "x", "d": -1, "e": true}}}', {"a": 0, "b": 1}),
        ('{"model": {"vocab": [["a", -1.5], ["b", 0], 7]}}', {"a": 0, "b": 1}),
    ],
)
def test_the_strings_of_a_tokenizer(text: str, expected: dict[str, int]) -> None:
    assert vocabulary(text.encode()) == expected


@pytest.mark.parametrize("text", ["[]", "{}", '{"model": []}', '{"model": {"vocab": 7}}', "{"])
def test_what_is_no_tokenizer_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        vocabulary(text.encode())
