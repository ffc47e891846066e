"""Which files are evidence beside a model, and which only look like it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.source.limits import Limits
from tests import forge
from tests.source.gather import HAND, gather, paths, seen

BUNDLE = json.dumps(forge.bundle_of({"any": "statement"}, HAND)).encode()
NAMES = ["model.sig", "a.sig", "b.sigstore.json", "c.sigstore", "d.intoto.jsonl", "claims.jsonl"]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_at_the_top_is_evidence(tmp_path: Path, name: str) -> None:
    forge.write(tmp_path, {name: BUNDLE, "a.txt": b""})
    evidence = gather(tmp_path)
    assert paths(evidence) == ["a.txt"]
    assert [document.data for document in evidence.bundles] == [BUNDLE]
    assert evidence.observations == ()


def test_selection_leaves_evidence_alone(tmp_path: Path) -> None:
    forge.write(tmp_path, {"model.sig": BUNDLE, "a.txt": b"", "b.json": b"{}"})
    evidence = gather(tmp_path, include=["*.json"])
    assert paths(evidence) == ["a.txt", "b.json"]
    assert [file.path for file in evidence.manifest.files] == ["b.json"]
    assert [content.path for content in evidence.contents] == ["b.json"]
    assert len(evidence.bundles) == 1


@pytest.mark.parametrize("name", ["sub/model.sig", "model.json", "signature", "my-claims.jsonl"])
def test_elsewhere_or_otherwise_named_it_is_a_file(tmp_path: Path, name: str) -> None:
    forge.write(tmp_path, {name: BUNDLE})
    evidence = gather(tmp_path)
    assert paths(evidence) == [name]
    assert evidence.bundles == ()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"not json", b"\x80\x04.", BUNDLE[:-1], BUNDLE + b"\nx", b"[" * 100_000],
    ids=["empty", "table", "text", "pickle", "cut", "more", "deep"],
)
def test_what_is_no_bundle_is_a_file(tmp_path: Path, name: str, data: bytes) -> None:
    forge.write(tmp_path, {name: data})
    evidence = gather(tmp_path)
    assert paths(evidence) == [name]
    assert evidence.bundles == ()
    assert seen(evidence) == {("unreadable-bundle", name)}


RAW = forge.key("somebody").sign(b"weights")
FOREIGN = {
    "GPG": bytes.fromhex("8875") + b"\4" + bytes(116),
    "GPG, new packets": bytes.fromhex("c2c01d") + b"\4" + bytes(220),
    "GPG, in armour": b"-----BEGIN PGP SIGNATURE-----\n\niHUE\n-----END PGP SIGNATURE-----\n",
    "ssh": b"-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n",
    "minisign": b"untrusted comment: signature from minisign\nRUQ\n",
    "cosign": base64.b64encode(RAW) + b"\n",
    "ECDSA": RAW,
    "Ed25519": forge.key("edward", "Ed25519").sign(b"weights"),
    "RSA": forge.key("ron", "RSA").sign(b"weights"),
    "CMS": bytes.fromhex("300d06092a864886f70d010702a000"),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_signature_of_another_tool_is_a_file_and_a_note(tmp_path: Path, data: bytes) -> None:
    forge.write(tmp_path, {"model.safetensors.sig": data, "model.sig": BUNDLE})
    evidence = gather(tmp_path)
    assert paths(evidence) == ["model.safetensors.sig"]
    assert len(evidence.bundles) == 1
    assert seen(evidence) == {("foreign-signature", "model.safetensors.sig")}


NO_SIGNATURES = {
    "a cut packet": b"\x88\x75\4" + bytes(20),
    "a packet of another kind": b"\x99\0\x03\4\0\0",
    "one number": bytes.fromhex("3003020101"),
    "64 letters": b"-" * 64,
    "a pickle of 64 bytes": b"\x80\x04" + bytes(61) + b".",
    "base64 of text": base64.b64encode(b"hello"),
}


@pytest.mark.parametrize("data", NO_SIGNATURES.values(), ids=NO_SIGNATURES.keys())
def test_what_has_no_known_form_is_unreadable(tmp_path: Path, data: bytes) -> None:
    forge.write(tmp_path, {"model.safetensors.sig": data})
    assert seen(gather(tmp_path)) == {("unreadable-bundle", "model.safetensors.sig")}


def test_lines_are_bundles_each(tmp_path: Path) -> None:
    forge.write(tmp_path, {"claims.jsonl": BUNDLE + b"\n\n" + BUNDLE + b"\n"})
    evidence = gather(tmp_path)
    assert [document.path for document in evidence.bundles] == ["claims.jsonl:1", "claims.jsonl:3"]
    assert {document.data for document in evidence.bundles} == {BUNDLE}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("model.safetensors.index.json", '{"weight_map": {"w": "model.sig"}}'),
        ("config.json", '{"auto_map": ["./model.sig"]}'),
        ("config.json", '{"a": "model\\u002esig"}'),
        ("sub/adapter_config.json", '{"base": "../model.sig"}'),
        ("modules.json", '[{"path": "model.sig"}]'),
        ("config.json", '{"a": NaN, "b": "model.sig"}'),
        ("config.json", '{"a": NaN, "b": "model\\u002esig"}'),
        ("config.json", '{"a": 1, "a": "model.sig"}'),
    ],
)
def test_what_a_loader_would_read_is_no_evidence(tmp_path: Path, path: str, text: str) -> None:
    forge.write(tmp_path, {"model.sig": BUNDLE, path: text.encode()})
    evidence = gather(tmp_path)
    assert paths(evidence) == sorted(["model.sig", path])
    assert evidence.bundles == ()
    assert ("unreadable-bundle", "model.sig") in seen(evidence)


@pytest.mark.parametrize(
    "text", ['{"a": "other.sig"}', '{"a": "my model.sig here"}', '{"a": Infinity}', "{"]
)
def test_other_words_leave_it_evidence(tmp_path: Path, text: str) -> None:
    forge.write(tmp_path, {"model.sig": BUNDLE, "config.json": text.encode()})
    assert paths(gather(tmp_path)) == ["config.json"]


def test_ten_thousand_bundles(tmp_path: Path) -> None:
    forge.write(tmp_path, {f"{n:05}.sig": BUNDLE for n in range(10_000)})
    forge.write(tmp_path, {"model.sig": BUNDLE})
    evidence = gather(tmp_path)
    assert len(evidence.bundles) == 64
    assert evidence.bundles[0].path == "model.sig"
    assert len(evidence.listing.files) == 10_001 - 64
    assert ("limit", "09999.sig") in seen(evidence)


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (Limits(bundles=2), ["b.sig"]),
        (Limits(bundle=len(BUNDLE) - 1), ["a.sig", "b.sig", "model.sig"]),
        (Limits(kept=4 * len(BUNDLE)), ["b.sig"]),
    ],
    ids=["count", "size", "sum"],
)
def test_limits(tmp_path: Path, limits: Limits, left: list[str]) -> None:
    forge.write(tmp_path, dict.fromkeys(("b.sig", "a.sig", "model.sig"), BUNDLE))
    evidence = gather(tmp_path, limits=limits)
    assert paths(evidence) == left
    assert {("limit", path) for path in left} <= seen(evidence)


def test_more_lines_than_bundles(tmp_path: Path) -> None:
    forge.write(tmp_path, {"claims.jsonl": (BUNDLE + b"\n") * 65})
    evidence = gather(tmp_path)
    assert evidence.bundles == ()
    assert seen(evidence) == {("limit", "claims.jsonl")}


@pytest.mark.parametrize("data", [BUNDLE, b"no bundle"], ids=["bundle", "other"])
def test_the_callers_signature_is_the_only_one(tmp_path: Path, data: bytes) -> None:
    folder = forge.write(tmp_path / "m", {"a.txt": b"", "model.sig": BUNDLE})
    (tmp_path / "mine").write_bytes(data)
    evidence = gather(folder, signature=tmp_path / "mine")
    assert [(document.path, document.data) for document in evidence.bundles] == [("mine", data)]
    assert paths(evidence) == ["a.txt"]


def test_the_callers_signature_inside_the_folder_is_evidence(tmp_path: Path) -> None:
    folder = forge.write(tmp_path, {"a.txt": b"", "sub/odd.name": BUNDLE})
    evidence = gather(folder, signature=folder / "sub" / "odd.name")
    assert paths(evidence) == ["a.txt"]
    assert len(evidence.bundles) == 1


def test_a_file_of_the_model_is_not_hidden_by_calling_it_a_signature(tmp_path: Path) -> None:
    folder = forge.write(tmp_path, {"a.txt": b"weights"})
    assert paths(gather(folder, signature=folder / "a.txt")) == ["a.txt"]


def test_the_callers_signature_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="missing"):
        gather(forge.write(tmp_path), signature=tmp_path / "missing")


BESIDE: dict[str, tuple[Mapping[str, bytes], list[str]]] = {
    "alone": ({}, []),
    "by name": ({"w.bin.sig": BUNDLE, "model.sig": b"x"}, ["w.bin.sig"]),
    "by name and kind": ({"w.bin.sigstore.json": BUNDLE}, ["w.bin.sigstore.json"]),
    "of the model": ({"model.sig": BUNDLE, "other.sig": BUNDLE}, ["model.sig"]),
    "first though none": ({"w.bin.sig": b"x", "model.sig": BUNDLE}, []),
}


@pytest.mark.parametrize(("files", "bundles"), BESIDE.values(), ids=BESIDE.keys())
def test_a_single_file(tmp_path: Path, files: Mapping[str, bytes], bundles: list[str]) -> None:
    forge.write(tmp_path, {"w.bin": b"weights", "z.txt": b"", **files})
    evidence = gather(tmp_path / "w.bin")
    assert paths(evidence) == ["w.bin"]
    assert [document.path for document in evidence.bundles] == bundles


def test_a_link_beside_a_single_file_is_not_read(tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "m", {"w.bin": b"weights"})
    (tmp_path / "secret").write_bytes(BUNDLE)
    (folder / "w.bin.sig").symlink_to(tmp_path / "secret")
    evidence = gather(folder / "w.bin")
    assert evidence.bundles == ()
    assert seen(evidence) == {("symlink", "w.bin.sig")}


def test_a_single_file_that_the_caller_reaches_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"weights")
    (tmp_path / "w.bin").symlink_to("blob")
    evidence = gather(tmp_path / "w.bin")
    assert paths(evidence) == ["w.bin"]
    assert evidence.observations == ()
