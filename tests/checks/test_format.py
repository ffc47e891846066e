"""The check of formats, over models made of bytes."""

from __future__ import annotations

import io
import json
import re
import shlex
import struct
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.checks.format import check
from provenance.formats import content
from provenance.model import Basis, Content, Evidence, File, Manifest, Observation, Ref
from provenance.policy import Demand, Policy
from provenance.selection import selected
from provenance.trust import Registry
from provenance.verdict import Finding, Outcome
from tests.formats.test_archive import old_tar, zipped
from tests.formats.test_content import arrays
from tests.formats.test_gguf import ARCH, TWO, U16, U32, made, pair
from tests.formats.test_gguf import tensor as gguf_tensor
from tests.formats.test_onnx import field, model, tensor
from tests.formats.test_sniff import CALL, POINTER, array, framed

Files = Mapping[str, bytes]

HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(40)
REPO = "acme/bot"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n(tR."
TORCH = zipped("archive/data.pkl", content=REBUILD)
HOSTILE_TORCH = zipped("archive/data.pkl", content=CALL)


def tensors(*names: str) -> bytes:
    table = {
        name: {"dtype": "U8", "shape": [1], "data_offsets": [place, place + 1]}
        for place, name in enumerate(names)
    }
    return framed(json.dumps(table).encode(), b"x" * len(names))


def index(**shards: str) -> bytes:
    return json.dumps({"weight_map": shards}).encode()


def case(files: Files, *, unselected: tuple[str, ...] = (), limit: int = 1 << 20) -> Case:
    contents: list[Content] = []
    observations: list[Observation] = []
    for path, data in files.items():
        found, seen = content.read(io.BytesIO(data), path, len(data), limit=limit)
        contents.append(found)
        observations.extend(seen)
    rows = [File(path=path, size=len(data), digest="0" * 64) for path, data in files.items()]
    others = [File(path=path, size=1, digest="0" * 64) for path in unselected]
    evidence = Evidence(
        ref=Ref(text=REPO, repo=REPO),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        basis=Basis.MEASURED,
        listing=Manifest.of([*rows, *others]),
        manifest=Manifest.of(rows),
        contents=tuple(contents),
        observations=tuple(observations),
    )
    policy = Policy(profile="files", checks=("format",), signature=Demand.ASKED)
    registry = Registry(name="none")
    return Case.heard(evidence, policy, registry)


def found(files: Files) -> list[Finding]:
    return list(check.check(case(files)))


def rules(files: Files) -> set[tuple[str, str]]:
    return {(finding.rule.removeprefix("format/"), finding.where) for finding in found(files)}


SHARDED = {
    "model.safetensors.index.json": index(
        a="model-00001-of-00002.safetensors", b="model-00002-of-00002.safetensors"
    ),
    "model-00001-of-00002.safetensors": tensors("a"),
    "model-00002-of-00002.safetensors": tensors("b"),
}

PASSES: dict[str, Files] = {
    "nothing": {},
    "no weights": {"README.md": b"text", "config.json": b"{}"},
    "safetensors": {"model.safetensors": tensors("a"), "config.json": b"{}"},
    "gguf": {"m.gguf": made((ARCH,), TWO, 64)},
    "npy": {"a.npy": array("f4")},
    "shards": SHARDED,
    "shards of a variant beside the whole": {
        "model.safetensors": tensors("a"),
        "model.safetensors.index.fp32.json": index(a="model.fp32-00001-of-00001.safetensors"),
        "model.fp32-00001-of-00001.safetensors": tensors("a"),
    },
    "by-product": {"model.safetensors": tensors("a"), "training_args.bin": CALL},
    "pointer": {"model.safetensors": POINTER},
    "onnx": {"onnx/model.onnx": model(b"")},
    "onnx with data beside it": {
        "onnx/model.onnx": model(field(5, tensor(b"model.onnx_data"))),
        "onnx/model.onnx_data": b"\xff\x00raw",
    },
    "script": {"run.sh": b"#!/bin/sh\n"},
    "index of absent pickles": {
        "model.safetensors": tensors("a"),
        "pytorch_model.bin.index.json": index(a="pytorch_model-00001-of-00001.bin"),
    },
    "another kind of index": {"faiss.index.json": b'{"ntotal": 3}'},
}


@pytest.mark.parametrize("files", PASSES.values(), ids=PASSES.keys())
def test_passes(files: Files) -> None:
    findings = found(files)
    assert [(finding.rule, finding.outcome) for finding in findings] == [
        ("format/pass", Outcome.PASS)
    ], findings


def test_the_pass_names_its_scope() -> None:
    (finding,) = found({**SHARDED, "x.gguf": made((ARCH,), TWO, 64)})
    assert finding.message == "3 weight files in data-only formats: 2 safetensors, 1 gguf"


SHARD = "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"

FAILS: dict[str, tuple[Files, set[tuple[str, str]]]] = {
    "pickle": ({"pytorch_model.bin": TORCH}, {("pickle", "pytorch_model.bin")}),
    "pickle called safetensors": ({"model.safetensors": CALL}, {("pickle", "model.safetensors")}),
    "pickle called README": ({"README.md": CALL}, {("pickle", "README.md")}),
    "npy with objects": ({"a.npy": arrays(1)}, {("pickle", "a.npy")}),
    "zip": ({"a.zip": zipped("x")}, {("archive", "a.zip")}),
    "tar": ({"model.pt": old_tar()}, {("archive", "model.pt")}),
    "npz": ({"a.npz": zipped("a.npy", content=array("f4"))}, {("archive", "a.npz")}),
    "hdf5": ({"tf_model.h5": HDF5}, {("hdf5", "tf_model.h5")}),
    "keras": (
        {"m.keras": zipped("config.json", "model.weights.h5")},
        {("keras", "m.keras")},
    ),
    "executable": ({"lib.so": b"\x7fELF\x02"}, {("executable", "lib.so")}),
    "disguised": ({"model.gguf": b"just a text"}, {("disguised", "model.gguf")}),
    "safetensors called pickle": ({"m.pkl": tensors("a")}, {("disguised", "m.pkl")}),
    "empty": ({"model.gguf": b""}, {("empty", "model.gguf")}),
    "header": ({"model.safetensors": tensors("a") + b"!"}, {("safetensors", "model.safetensors")}),
    "no header": ({"m.safetensors": b"\xff" * 20}, {("safetensors", "m.safetensors")}),
    "header without a name": ({"blob": tensors("a") + b"!"}, {("safetensors", "blob")}),
    "gguf": ({"m.gguf": made((ARCH, ARCH))}, {("gguf", "m.gguf")}),
    "onnx": ({"m.onnx": model(b"\x0a\x7f")}, {("onnx", "m.onnx")}),
    "external data above": (
        {"m.onnx": model(field(5, tensor(b"../x"))), "x": b"x"},
        {("external-data", "m.onnx")},
    ),
    "external data absent": (
        {"m.onnx": model(field(5, tensor(b"x.bin")))},
        {("external-data", "m.onnx")},
    ),
    "external data that are a pickle": (
        {"m.onnx": model(field(5, tensor(b"x.bin"))), "x.bin": CALL},
        {("pickle", "x.bin")},
    ),
    "index": ({INDEX: b"{}"}, {("index", INDEX)}),
    "index that leads out": ({INDEX: index(a="../x.safetensors")}, {("index", INDEX)}),
    "missing shard": (
        {path: data for path, data in SHARDED.items() if path != SHARD},
        {("missing-shard", SHARD)},
    ),
    "orphan shard": (
        {**SHARDED, "model-00005-of-00004.safetensors": tensors("c")},
        {("orphan-shard", "model-00005-of-00004.safetensors")},
    ),
    "shard without index": (
        {"model-00001-of-00001.safetensors": tensors("a")},
        {("orphan-shard", "model-00001-of-00001.safetensors")},
    ),
    "a single file shadows the shards": (
        {**SHARDED, "model.safetensors": tensors("a", "b")},
        {("orphan-shard", "model.safetensors")},
    ),
    "a file like a shard beside those of a variant": (
        {
            "model.safetensors.index.fp32.json": index(a="model.fp32-00001-of-00001.safetensors"),
            "model.fp32-00001-of-00001.safetensors": tensors("a"),
            "model-2.safetensors": tensors("a"),
        },
        {("orphan-shard", "model-2.safetensors")},
    ),
    "tensor not in its shard": (
        {**SHARDED, SHARD: tensors("b", "c")},
        {("index-mismatch", SHARD)},
    ),
    "tensor in no shard": (
        {**SHARDED, SHARD: tensors()},
        {("index-mismatch", SHARD)},
    ),
    "shard that is a signature": (
        {INDEX: index(a="model.sig"), "model.sig": b"{}"},
        {("disguised", "model.sig")},
    ),
    "shard that is a pickle": (
        {INDEX: index(a="model.sig"), "model.sig": CALL},
        {("pickle", "model.sig"), ("disguised", "model.sig")},
    ),
    "beside": (
        {"model.safetensors": tensors("a"), "pytorch_model.bin": TORCH, "tf_model.h5": HDF5},
        {("pickle-beside-safetensors", ".")},
    ),
    "beside shards": (
        {**SHARDED, "flax_model.msgpack": b"\xff\x00\xff"},
        {("pickle-beside-safetensors", "flax_model.msgpack")},
    ),
    "keras beside, which may be code": (
        {"model.safetensors": tensors("a"), "m.keras": zipped("config.json", "model.weights.h5")},
        {("keras", "m.keras")},
    ),
    "hostile pickle beside": (
        {"model.safetensors": tensors("a"), "pytorch_model.bin": HOSTILE_TORCH},
        {("pickle", "pytorch_model.bin")},
    ),
    "pickle beside what no loader prefers to it": (
        {"decoy.safetensors": tensors("a"), "pytorch_model.bin": TORCH},
        {("pickle", "pytorch_model.bin")},
    ),
    "pickle beside an incomplete set": (
        {INDEX: SHARDED[INDEX], "pytorch_model.bin": TORCH},
        {
            ("pickle", "pytorch_model.bin"),
            ("missing-shard", "model-00001-of-00002.safetensors"),
            ("missing-shard", SHARD),
        },
    ),
    "pickle in another folder": (
        {"model.safetensors": tensors("a"), "old/pytorch_model.bin": TORCH},
        {("pickle", "old/pytorch_model.bin")},
    ),
    "a module's own pickle": (
        {"model.safetensors": tensors("a"), "2_Dense/pytorch_model.bin": TORCH},
        {("pickle", "2_Dense/pytorch_model.bin")},
    ),
    "pickle in a folder of copies": (
        {"model.safetensors": tensors("a"), "original/consolidated.00.pth": TORCH},
        {("pickle-beside-safetensors", "original/consolidated.00.pth")},
    ),
    "hostile pickle in a folder of copies": (
        {"model.safetensors": tensors("a"), "original/consolidated.00.pth": HOSTILE_TORCH},
        {
            ("pickle", "original/consolidated.00.pth"),
            ("beside-safetensors", "original/consolidated.00.pth"),
        },
    ),
    "an adapter beside the model": (
        {"model.safetensors": tensors("a"), "adapter_model.bin": TORCH},
        {("pickle", "adapter_model.bin")},
    ),
    "a hostile adapter beside the model": (
        {**SHARDED, "adapter_model.bin": HOSTILE_TORCH},
        {("pickle", "adapter_model.bin")},
    ),
    "an adapter beside its own safetensors": (
        {"adapter_model.safetensors": tensors("a"), "adapter_model.bin": TORCH},
        {("pickle-beside-safetensors", "adapter_model.bin")},
    ),
    "an adapter beside the model and its own safetensors": (
        {
            "model.safetensors": tensors("a"),
            "adapter_model.safetensors": tensors("a"),
            "adapter_model.bin": TORCH,
            "pytorch_model.bin": TORCH,
        },
        {("pickle-beside-safetensors", ".")},
    ),
    "an adapter in a folder of copies": (
        {"model.safetensors": tensors("a"), "original/a/adapter_model.bin": TORCH},
        {("pickle", "original/a/adapter_model.bin")},
    ),
    "weights of a LoRA and of a word beside a pipeline's": (
        {
            "diffusion_pytorch_model.safetensors": tensors("a"),
            "pytorch_lora_weights.bin": TORCH,
            "learned_embeds.bin": TORCH,
        },
        {("pickle", "pytorch_lora_weights.bin"), ("pickle", "learned_embeds.bin")},
    ),
    "the head of a model beside it": (
        {"model.safetensors": tensors("a"), "pytorch_model_head.bin": TORCH},
        {("pickle", "pytorch_model_head.bin")},
    ),
    "folder of copies and nothing above it": (
        {"original/consolidated.00.pth": TORCH},
        {("pickle", "original/consolidated.00.pth")},
    ),
    "folder of copies beside an incomplete set": (
        {"model.safetensors": tensors("a") + b"!", "original/consolidated.00.pth": TORCH},
        {("safetensors", "model.safetensors"), ("pickle", "original/consolidated.00.pth")},
    ),
}


@pytest.mark.parametrize(("files", "expected"), FAILS.values(), ids=FAILS.keys())
def test_fails(files: Files, expected: set[tuple[str, str]]) -> None:
    assert rules(files) == expected
    assert {finding.outcome for finding in found(files)} == {Outcome.FAIL}


@pytest.mark.parametrize(
    ("files", "limit", "expected"),
    [
        ({"model.bin": b"\xff\x00\xff"}, 1 << 20, "format/unrecognised"),
        ({"model.safetensors": tensors("a")}, 20, "format/unread"),
        ({"m.gguf": made((ARCH,), TWO, 64)}, 30, "format/unread"),
        ({INDEX: index(a="x.safetensors")}, 10, "format/unread"),
    ],
)
def test_unknown(files: Files, limit: int, expected: str) -> None:
    findings = list(check.check(case(files, limit=limit)))
    assert [(one.rule, one.outcome) for one in findings] == [(expected, Outcome.UNKNOWN)]


def test_a_file_without_content_is_unknown() -> None:
    given = case({"a": b"x"})
    bare = Evidence(
        ref=given.evidence.ref,
        at=given.evidence.at,
        basis=Basis.LOCKED,
        listing=given.evidence.listing,
        manifest=given.evidence.manifest,
    )
    findings = list(check.check(Case.heard(bare, given.policy, given.registry)))
    assert [(one.rule, one.outcome) for one in findings] == [("format/unread", Outcome.UNKNOWN)]


def test_messages_say_what_to_do() -> None:
    (beside,) = found({"model.safetensors": tensors("a"), "pytorch_model.bin": TORCH})
    assert 'exclude = ["pytorch_model.bin"]' in beside.message
    (pickle,) = found({"model.safetensors": CALL})
    assert "os.system" in pickle.message
    assert "model.safetensors" in pickle.message
    (defect,) = found({"model.safetensors": tensors("a") + b"!"})
    assert defect.message.startswith("trailing-bytes: ")
    missing = list(
        check.check(case({INDEX: index(a="x.safetensors")}, unselected=("x.safetensors",)))
    )
    assert "not selected" in missing[0].message


# The layouts of well-known repositories, as their file listings have them: what stands there beside
# the safetensors, and the line that leaves all of it out.
LAYOUTS: dict[str, tuple[Files, list[str]]] = {
    "meta-llama": (
        {
            "original/consolidated.00.pth": TORCH,
            "original/params.json": b"{}",
            "original/tokenizer.model": b"IQ== 0\n",
        },
        ["original/"],
    ),
    "all-MiniLM-L6-v2": (
        {
            "pytorch_model.bin": TORCH,
            "rust_model.ot": TORCH,
            "tf_model.h5": HDF5,
            "onnx/model.onnx": model(b""),
            "openvino/openvino_model.bin": b"\xff\x00\xff",
            "openvino/openvino_model.xml": b"<net/>",
        },
        ["onnx/", "openvino/", "pytorch_model.bin", "rust_model.ot", "tf_model.h5"],
    ),
    "bert-base-uncased": (
        {
            "coreml/fill-mask/float32_model.mlpackage/Data/com.apple.CoreML/model.mlmodel": (
                b"\xff\x00\xff"
            ),
            "coreml/fill-mask/float32_model.mlpackage/Manifest.json": b"{}",
            "flax_model.msgpack": b"\xff\x00\xff",
        },
        ["coreml/", "flax_model.msgpack"],
    ),
    "sharded": (
        {f"pytorch_model-0000{number}-of-00002.bin": TORCH for number in (1, 2)},
        ["pytorch_model-*-of-00002.bin"],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_copies_are_one_finding_with_the_line_that_leaves_them_out(name: str) -> None:
    others, line = LAYOUTS[name]
    (finding,) = found({"model.safetensors": tensors("a"), **others})
    assert finding.rule == "format/pickle-beside-safetensors"
    said = finding.message.splitlines()
    assert tomllib.loads(said[1]) == {"exclude": line}
    typed = shlex.split(said[2])
    options = [word for pattern in line for word in ("--exclude", pattern)]
    assert typed == ["provenance", "add", REPO, *options]
    left = selected(others, (), line, whole=False)
    assert left == frozenset(), "the line leaves out every copy"
    assert selected(["model.safetensors", "config.json"], (), line, whole=False)


def test_copies_that_are_data_alone_are_advice_beside_the_pass() -> None:
    files = {"model.safetensors": tensors("a"), "onnx/model.onnx": model(b"")}
    advice, passes = list(check.check(case(files)))
    assert (advice.rule, passes.rule) == ("format/beside-safetensors", "format/pass")
    assert 'exclude = ["onnx/"]' in advice.message


def variants(count: int) -> Files:
    """So many GGUF files of one model, one of them in two parts, and what goes with any."""
    whole = {f"bot-Q{number}_K.gguf": made((ARCH,), TWO, 64) for number in range(1, count)}
    return {
        **whole,
        "mmproj-f16.gguf": made((ARCH,), TWO, 64),
        "bot-F16.gguf": made((ARCH,), TWO, 64),
    }


def test_a_repository_of_twelve_variants_says_how_to_choose_one() -> None:
    advice, choice, passes = list(check.check(case(variants(12))))
    assert (advice.rule, passes.rule) == ("format/several-gguf", "format/pass")
    assert (choice.rule, choice.where) == ("format/loader-choice", "mmproj-f16.gguf")
    first, *lines = advice.message.splitlines()
    assert first.startswith("12 variants of GGUF are selected")
    assert len(lines) == 12
    assert all(
        re.fullmatch(rf" *[0-9.]+ (bytes|kB)  provenance add {REPO} --include bot-\w+\.gguf", line)
        for line in lines
    )
    two = [finding.rule for finding in check.check(case(variants(2)))]
    assert "format/several-gguf" not in two, "two are no choice"
    assert two[-1] == "format/pass"


def test_real_models(corpus: Path) -> None:
    def files(folder: Path) -> Files:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    (fracast,) = found(files(corpus / "models/fracast"))
    assert fracast.message == "2 weight files in data-only formats: 2 safetensors"
    assert rules(files(corpus / "models/akiki")) == {("pickle", "akiki-vad.pt")}


UNKNOWN_FORM = bytes(range(256))


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("cache.dat", ["unrecognised"]),
        ("model", ["unrecognised"]),
        ("model.safetensors.index", ["unrecognised"]),
        ("model.safetensors", ["safetensors"]),
        ("model.bin", ["unrecognised"]),
        ("picture.png", ["pass"]),
        ("model.sig", ["pass"]),
    ],
)
def test_what_a_loader_may_read_and_nobody_knows_is_unknown(path: str, rules: list[str]) -> None:
    found = list(check.check(case({path: UNKNOWN_FORM})))
    assert [finding.rule for finding in found] == [f"format/{rule}" for rule in rules]


def part(
    number: int, count: int, *, tensors: int | None = None, names: str = "", arch: bytes = ARCH
) -> bytes:
    """Part `number` (from 1) of a split GGUF, with a tensor for each letter of `names`."""
    names = names or "abcdefgh"[number - 1]
    pairs = (
        arch,
        pair(b"split.no", U16, struct.pack("<H", number - 1)),
        pair(b"split.count", U16, struct.pack("<H", count)),
        pair(b"split.tensors.count", U32, struct.pack("<I", count if tensors is None else tensors)),
    )
    table = tuple(gguf_tensor(n.encode(), (8,), 32 * place) for place, n in enumerate(names))
    return made(pairs, table, 32 * len(names))


def split(*numbers: int, of: int = 3, stem: str = "m") -> dict[str, bytes]:
    return {f"{stem}-{n:05}-of-{of:05}.gguf": part(n, of) for n in numbers}


SECOND = "m-00002-of-00003.gguf"
OTHER_ARCH = pair(b"general.architecture", 8, struct.pack("<Q", 4) + b"qwen")


@pytest.mark.parametrize(
    "files",
    [
        split(1, 2, 3),
        split(1, 2, 3, stem="q4/m") | split(1, 2, of=2, stem="q8/m"),
        {"m-00001-of-00001.gguf": made((ARCH,), TWO, 64)},
        {"m-00001-of-00001.gguf": part(1, 1)},
    ],
)
def test_a_whole_split_passes(files: Files) -> None:
    assert [finding.rule for finding in check.check(case(files))] == ["format/pass"]


@pytest.mark.parametrize(
    ("files", "unselected", "rules", "says"),
    [
        (split(1, 3), (), ["missing-shard"], "m-00002-of-00003.gguf is not there"),
        (split(1), (), ["missing-shard"], "00002-of-00003.gguf, m-00003-of-00003.gguf are not"),
        (split(2, 3), (), ["missing-shard"], "m-00001-of-00003.gguf is not there"),
        (split(1, 3), (SECOND,), ["missing-shard"], "is not selected"),
        (split(1, of=65_535), (), ["missing-shard"], "and 65529 more"),
        (split(1, 2, 3) | {SECOND: part(3, 3)}, (), ["split"] * 2, "part 2"),
        (split(1, 2, 3) | {SECOND: part(2, 4)}, (), ["split"] * 2, "of 4"),
        (split(1, 2, 3) | {SECOND: made((ARCH,), TWO, 64)}, (), ["split"] * 3, "part 0"),
        (split(1, 2, 3) | {SECOND: part(2, 3, tensors=9)}, (), ["split"], "split.tensors.count"),
        (split(1, 2, 3) | {SECOND: part(2, 3, names="a")}, (), ["split"], "'a'"),
        (split(1, 2, 3) | {SECOND: part(2, 3, names="bx")}, (), ["split"], "4 tensors, expected 3"),
        (split(1, 2, 3) | {SECOND: part(2, 3, arch=OTHER_ARCH)}, (), ["split"], "architecture"),
        ({"m.gguf": part(1, 3)}, (), ["split"], "not that of a part"),
    ],
)
def test_parts_of_a_split_are_held_against_each_other(
    files: Files, unselected: tuple[str, ...], rules: list[str], says: str
) -> None:
    found = list(check.check(case(files, unselected=unselected)))
    assert [finding.rule for finding in found] == [f"format/{rule}" for rule in rules]
    assert any(says in finding.message for finding in found)
