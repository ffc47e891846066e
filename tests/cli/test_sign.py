"""`sign` from the outside: what it writes verifies, and nothing foreign is lost."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.conftest import Run

KINDS = ["P-256", "P-384", "P-521", "Ed25519", "RSA"]


def write_key(folder: Path, name: str, kind: str = "P-256") -> Path:
    file = folder / f"{name}.pem"
    file.write_bytes(forge.pem(forge.key(name, kind)))
    return file


def trust(folder: Path, **signer: object) -> Path:
    table = forge.registry(forge.org("Acme", {"name": "s", "roles": ["publisher"], **signer}))
    file = folder / "trust.toml"
    file.write_text(tomli_w.dumps(table))
    return file


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_key_verifies(run: Run, tmp_path: Path, kind: str) -> None:
    model = forge.write(tmp_path / "m")
    name = f"signer-{kind}"
    signed = run("sign", model, "--key", write_key(tmp_path, name, kind))
    assert signed.returncode == 0, signed.stderr
    registry = trust(tmp_path, key=forge.key(name, kind).public.pem)
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0


def test_a_signature_by_certificate_verifies(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    now = {"start": forge.NOW - 30 * forge.DAY, "end": forge.NOW + 3650 * forge.DAY}
    root = forge.certificate("root", ca=True, **now)
    between = forge.certificate("between", "root", ca=True, **now)
    leaf = forge.certificate("leaf", "between", san="release@acme.example", **now)
    (tmp_path / "certificate.pem").write_text(forge.certificate_pem(leaf))
    (tmp_path / "chain.pem").write_text(forge.certificate_pem(between, root))
    key = write_key(tmp_path, "leaf")
    words = ("--certificate", tmp_path / "certificate.pem", "--chain", tmp_path / "chain.pem")
    signed = run("sign", model, "--key", key, *words)
    assert signed.returncode == 0, signed.stderr
    authority = forge.certificate_pem(root)
    registry = trust(tmp_path, certificate_authority=authority, san="release@acme.example")
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0


def test_the_statement_is_as_the_specification_says(run: Run, tmp_path: Path) -> None:
    files = {"b.json": b"{}", "sub/f.txt": b"1", "sub.txt": b"2", "B.txt": b"3"}
    model = forge.write(tmp_path / "model-dir", files)
    assert run("sign", model, "--key", write_key(tmp_path, "k")).returncode == 0
    bundle = json.loads((model / "model.sig").read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    names = [item["name"] for item in statement["predicate"]["resources"]]
    assert names == ["B.txt", "b.json", "sub.txt", "sub/f.txt"]
    assert statement["subject"][0]["name"] == "model-dir"
    assert statement["subject"][0]["digest"]["sha256"] == forge.root(statement)
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"


def test_a_single_file_is_signed_by_its_name(run: Run, tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "one", {"w.safetensors": forge.safetensors()})
    file = folder / "w.safetensors"
    assert run("sign", file, "--key", write_key(tmp_path, "k")).returncode == 0
    assert (folder / "w.safetensors.sig").exists()
    registry = trust(tmp_path, key=forge.key("k").public.pem)
    assert run("verify", file, "--registry", registry).returncode == 0
    assert run("verify", folder, "--registry", registry).returncode == 0


@pytest.mark.parametrize("present", ["a signature by somebody else", "not a signature"])
def test_nothing_foreign_is_overwritten(run: Run, tmp_path: Path, present: str) -> None:
    model = forge.write(tmp_path / "m")
    target = tmp_path / "out.sig"
    if present == "not a signature":
        target.write_text("precious")
    else:
        target.write_text(json.dumps(forge.bundle(model, forge.TufKey(key=forge.key("other")))))
    before = target.read_text()
    words = ("sign", model, "--key", write_key(tmp_path, "mine"), "-o", target)
    refused = run(*words)
    assert (refused.returncode, target.read_text()) == (2, before)
    assert "--force" in refused.stderr
    assert run(*words, "--force").returncode == 0
    assert target.read_text() != before
    assert run(*words).returncode == 0


REFUSED = {
    "an empty folder": ({}, [], "no file to sign"),
    "a pointer": (
        {
            "w.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:"
            + b"a" * 64
            + b"\nsize 3\n"
        },
        [],
        "lfs-pointer",
    ),
    "code where git's files are": ({"a": b"", ".github/x.py": b""}, [], "move it"),
    "a name": ({"a\nb": b""}, [], "name"),
    "a certificate without a key": ({"a": b""}, ["--certificate", "KEY"], "--key"),
    "no way to sign": ({"a": b""}, [], "nothing to sign with"),
    "a key that is none": ({"a": b""}, ["--key", "NOKEY"], "not a PEM private key"),
    "an empty token": ({"a": b""}, ["--identity-token", ""], "--identity-token"),
    "a token that is none": ({"a": b""}, ["--identity-token", "x"], "--identity-token"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_be_signed_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    files, words, said = REFUSED[name]
    model = tmp_path / "m"
    model.mkdir()
    forge.write(model, files)
    (tmp_path / "nokey").write_text("nonsense")
    places = {"KEY": write_key(tmp_path, "k"), "NOKEY": tmp_path / "nokey"}
    spelled = [str(places.get(word, word)) for word in words]
    if not words and name != "no way to sign":
        spelled = ["--key", str(places["KEY"])]
    done = run("sign", model, *spelled)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (model / "model.sig").exists()


NEVER = {"start": forge.NOW - 60 * forge.DAY, "end": forge.NOW - 30 * forge.DAY}
ALWAYS = {"start": forge.NOW - 30 * forge.DAY, "end": forge.NOW + 3650 * forge.DAY}
PKI = forge.certificate("pki", ca=True, **ALWAYS)
USELESS = {
    "a certificate for servers": (forge.certificate("l", "pki", usages=("tls",), **ALWAYS), ()),
    "one that expired": (forge.certificate("l", "pki", **NEVER), ()),
    "one by itself": (forge.certificate("l", **ALWAYS), ()),
    "a chain that ends in no authority": (
        forge.certificate("l", "pki", **ALWAYS),
        (forge.certificate("pki", sign=True, **ALWAYS),),
    ),
    "a chain of another": (
        forge.certificate("l", "pki", **ALWAYS),
        (forge.certificate("other-pki", ca=True, **ALWAYS),),
    ),
    "an authority for servers": (
        forge.certificate("l", "tls-pki", **ALWAYS),
        (forge.certificate("tls-pki", "pki", ca=True, issues=("tls",), **ALWAYS), PKI),
    ),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_certificate_that_will_not_verify_does_not_sign(
    run: Run, tmp_path: Path, name: str
) -> None:
    leaf, chain = USELESS[name]
    model = forge.write(tmp_path / "m")
    (tmp_path / "leaf.pem").write_text(forge.certificate_pem(leaf))
    (tmp_path / "chain.pem").write_text(forge.certificate_pem(*chain))
    words = ["--key", write_key(tmp_path, "l"), "--certificate", tmp_path / "leaf.pem"]
    done = run("sign", model, *words, *(["--chain", tmp_path / "chain.pem"] if chain else []))
    assert done.returncode == 2, done.stderr
    assert not (model / "model.sig").exists()


def test_a_leaf_alone_signs_where_its_authority_is_elsewhere(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    (tmp_path / "leaf.pem").write_text(
        forge.certificate_pem(forge.certificate("l", "pki", **ALWAYS))
    )
    words = ("--key", write_key(tmp_path, "l"), "--certificate", tmp_path / "leaf.pem")
    assert run("sign", model, *words).returncode == 0
    registry = trust(tmp_path, certificate_authority=forge.certificate_pem(PKI), subject="CN=l")
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0


def test_more_files_than_a_verifier_reads_are_not_signed(run: Run, tmp_path: Path) -> None:
    folder = "/".join(["d" * 200] * 4)
    names = (f"{folder}/{number:0200}.bin" for number in range(3000))
    model = forge.write(tmp_path / "m", dict.fromkeys(names, b"x"))
    done = run("sign", model, "--key", write_key(tmp_path, "k"))
    assert done.returncode == 2, done.stderr
    assert "3000 files" in done.stderr
    assert not (model / "model.sig").exists()


@pytest.mark.parametrize("name", ["signature.json", "sub/model.sig", "model.sig.bak"])
def test_a_signature_is_not_hidden_in_the_model(run: Run, tmp_path: Path, name: str) -> None:
    model = forge.write(tmp_path / "m", {"sub/a.bin": b"", **forge.MODEL})
    done = run("sign", model, "--key", write_key(tmp_path, "k"), "-o", model / name)
    assert done.returncode == 2, done.stderr
    assert not (model / name).exists()


def test_what_is_ignored_is_not_listed(run: Run, tmp_path: Path) -> None:
    left = {".cache/huggingface/download/x.incomplete": b"half", ".gitattributes": b"* text"}
    model = forge.write(tmp_path / "m", {**forge.MODEL, **left})
    assert run("sign", model, "--key", write_key(tmp_path, "k")).returncode == 0
    bundle = json.loads((model / "model.sig").read_text())
    predicate = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["predicate"]
    assert {item["name"] for item in predicate["resources"]} == forge.MODEL.keys()
    assert ".cache/huggingface" in predicate["serialization"]["ignore_paths"]
    registry = trust(tmp_path, key=forge.key("k").public.pem)
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0


def test_an_encrypted_key_needs_its_password(run: Run, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    model = forge.write(tmp_path / "m")
    file = tmp_path / "k.pem"
    file.write_bytes(
        forge.key("k").numbers.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert run("sign", model, "--key", file).returncode == 2
    assert run("sign", model, "--key", file, PROVENANCE_KEY_PASSWORD="wrong").returncode == 2
    assert run("sign", model, "--key", file, PROVENANCE_KEY_PASSWORD="secret").returncode == 0
