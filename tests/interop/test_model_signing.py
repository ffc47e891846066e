"""Ours and the reference implementation of OpenSSF Model Signing read what the other one writes.

Both judge by their command lines; what only the reference's library can write, its library signs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provenance.keys import PrivateKey
from tests import forge, tsa
from tests.interop.servers import (
    Resolved,
    Words,
    change,
    judged,
    ours,
    their_library,
    theirs,
    trust,
)
from tests.signing import softhsm

pytestmark = pytest.mark.interop

MODEL: Mapping[str, bytes] = {
    **forge.MODEL,
    "sub/f.txt": b"before sub.txt by path component, after it by code point",
    "sub.txt": b"sub",
    "sub/deeper/tokenizer.json": b'{"version": "2.0"}',
    "sub/.gitattributes": b"* text=auto\n",
    "empty.txt": b"",
    "größe.txt": b"accented",
    "模型/配置.json": b"{}",
    "a name with 'quotes' & spaces.txt": b"1",
}
SEVERAL_SHARDS = forge.safetensors(bytes(1000))
GIT: Mapping[str, bytes] = {
    ".gitattributes": b"*.safetensors filter=lfs\n",
    ".gitignore": b"*.tmp\n",
    ".github/workflows/release.yml": b"on: push\n",
}


@dataclass(frozen=True, kw_only=True)
class Material:
    """A signer: what each program is told to sign or verify with it, and its registry entry."""

    ours: Words
    theirs_to_sign: Words
    theirs_to_verify: Words
    party: Mapping[str, str]


def key(folder: Path, curve: str, name: str = "release") -> Material:
    """A key pair; another name is another pair."""
    private = forge.key(f"{name} {curve}", curve)
    secret, public = folder / "key.pem", folder / "key.pub"
    secret.write_bytes(forge.pem(private))
    public.write_text(private.public.pem)
    return Material(
        ours=("--key", secret),
        theirs_to_sign=("key", "--private_key", secret),
        theirs_to_verify=("key", "--public_key", public),
        party={"key": private.public.pem},
    )


def certified(folder: Path, curve: str) -> Material:
    """A leaf below an intermediate below a root."""
    keys = {name: forge.key(f"{name} {curve}", curve) for name in ("root", "between", "leaf")}
    root = certificate("root", "root", keys)
    secret, own, above, top = (folder / name for name in ("key", "own", "above", "root"))
    secret.write_bytes(forge.pem(keys["leaf"]))
    own.write_text(certificate("leaf", "between", keys))
    above.write_text(certificate("between", "root", keys) + root)
    top.write_text(root)
    pair: Words = ("--private_key", secret, "--signing_certificate", own)
    return Material(
        ours=("--key", secret, "--certificate", own, "--chain", above),
        theirs_to_sign=("certificate", *pair, "--certificate_chain", above),
        theirs_to_verify=("certificate", "--certificate_chain", top),
        party={"certificate_authority": root, "subject": "CN=leaf"},
    )


def certificate(name: str, issuer: str, keys: Mapping[str, PrivateKey]) -> str:
    """The certificate for the key of `name` by the key of `issuer`, valid today, as PEM."""
    signer, now = keys[issuer].numbers, datetime.now(UTC)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(keys[name].public.numbers)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - forge.DAY)
        .not_valid_after(now + forge.DAY)
    )
    for extension in forge.certificate(name, ca=name != "leaf").raw.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(signer, hashes.SHA384())
    return made.public_bytes(serialization.Encoding.PEM).decode()


MATERIALS: Mapping[str, Callable[[Path, str], Material]] = {"key": key, "certificate": certified}
KINDS = [f"{kind} {curve}" for kind in MATERIALS for curve in forge.CURVES]


@pytest.fixture(params=KINDS)
def material(request: pytest.FixtureRequest, tmp_path: Path) -> Material:
    kind, curve = str(request.param).split()
    return MATERIALS[kind](tmp_path, curve)


def place(model: Path) -> Path:
    """Where the signature of a model lies."""
    return model.with_name(f"{model.name}.sig") if model.is_file() else model / "model.sig"


def sign_by_ours(model: Path, material: Material) -> None:
    ended = ours(model.parent, "sign", model, *material.ours)
    assert ended.returncode == 0, ended.stderr


def sign_by_theirs(model: Path, material: Material, *words: str) -> None:
    said = ("sign", *material.theirs_to_sign, "--signature", place(model), *words, model)
    ended = theirs(model.parent, *said)
    assert ended.returncode == 0, ended.stderr


SIGN: Mapping[str, Callable[[Path, Material], None]] = {
    "ours": sign_by_ours,
    "theirs": sign_by_theirs,
}


def by_ours(model: Path, material: Material) -> Resolved:
    return judged(model.parent, model, trust(model.parent / "registry", material.party))


def by_theirs(model: Path, material: Material, *words: str | Path) -> bool:
    """Whether the reference implementation says that the model is what was signed."""
    said = ("verify", *material.theirs_to_verify, "--signature", place(model), *words, model)
    ended = theirs(model.parent, *said)
    assert (ended.returncode == 0) == ("Verification succeeded" in ended.stdout), ended.stderr
    return ended.returncode == 0


@pytest.mark.parametrize("signer", SIGN)
def test_both_verify_what_either_signs(tmp_path: Path, material: Material, signer: str) -> None:
    model = forge.write(tmp_path / "m", MODEL)
    SIGN[signer](model, material)
    found = by_ours(model, material)
    assert found.passes, found.model
    assert by_theirs(model, material)


def test_a_timestamp_is_no_matter_to_the_reference(tmp_path: Path, material: Material) -> None:
    model = forge.write(tmp_path / "m", MODEL)
    with tsa.serving(tsa.openssl(tmp_path / "tsa")) as url:
        ended = ours(tmp_path, "sign", model, *material.ours, "--timestamp", url)
    assert ended.returncode == 0, ended.stderr
    assert by_theirs(model, material)


@pytest.mark.skipif(not softhsm.MODULE, reason="needs SoftHSM, which .ci/interop installs")
def test_what_a_token_signs_is_verified_by_the_reference(tmp_path: Path) -> None:
    model, token = forge.write(tmp_path / "m", MODEL), softhsm.Token.made(tmp_path / "hsm")
    public, material = token.generated(tmp_path / "key.der"), key(tmp_path, "P-256")
    (tmp_path / "key.pub").write_text(public.pem)
    variables = {**token.variables, "PROVENANCE_KEY_PASSWORD": softhsm.PIN}
    words = ("sign", model, "--key", "pkcs11:token=release;object=made")
    ended = ours(tmp_path, *words, **variables)
    assert ended.returncode == 0, ended.stderr
    assert by_theirs(model, material)


@pytest.mark.parametrize("kind", ["Ed25519", "RSA"])
def test_the_reference_refuses_the_kinds_that_a_note_names(tmp_path: Path, kind: str) -> None:
    model, material = forge.write(tmp_path / "m", MODEL), key(tmp_path, kind)
    ended = ours(tmp_path, "sign", model, *material.ours)
    assert "model-signing 1.1, the reference implementation, refuses it" in ended.stderr
    assert not by_theirs(model, material)


@pytest.mark.parametrize("signer", SIGN)
def test_both_refuse_one_changed_byte(tmp_path: Path, material: Material, signer: str) -> None:
    model = forge.write(tmp_path / "m", MODEL)
    SIGN[signer](model, material)
    change(model / "model.safetensors")
    assert ("integrity/mismatch", "model.safetensors") in by_ours(model, material).refusals
    assert not by_theirs(model, material)


@pytest.mark.parametrize("signer", SIGN)
@pytest.mark.parametrize("file", ["sub/f.txt", "sub.txt", "empty.txt", "größe.txt"])
def test_both_refuse_it_in_any_file(tmp_path: Path, signer: str, file: str) -> None:
    model, material = forge.write(tmp_path / "m", MODEL), key(tmp_path, "P-256")
    SIGN[signer](model, material)
    change(model / file)
    assert ("integrity/mismatch", file) in by_ours(model, material).refusals
    assert not by_theirs(model, material)


def test_both_refuse_another_signer(tmp_path: Path, material: Material) -> None:
    (tmp_path / "other").mkdir()
    model, other = forge.write(tmp_path / "m", MODEL), tmp_path / "other"
    sign_by_ours(model, key(other, "P-256", "stranger"))
    assert ("signature/wrong-signer", "model.sig") in by_ours(model, material).refusals
    assert not by_theirs(model, material)


@pytest.mark.parametrize("signer", SIGN)
def test_git_bookkeeping_keeps_neither_from_verifying(tmp_path: Path, signer: str) -> None:
    """The reference neither signs nor reads it, unless told to; nor does a loader."""
    model, material = forge.write(tmp_path / "m", {**MODEL, **GIT}), key(tmp_path, "P-256")
    SIGN[signer](model, material)
    found = by_ours(model, material)
    assert found.passes, found.model
    assert by_theirs(model, material)
    assert by_theirs(model, material, "--no-ignore-git-paths")


def test_git_bookkeeping_that_theirs_signed_counts(tmp_path: Path) -> None:
    model, material = forge.write(tmp_path / "m", {**MODEL, **GIT}), key(tmp_path, "P-256")
    sign_by_theirs(model, material, "--no-ignore-git-paths")
    assert by_ours(model, material).passes
    change(model / ".gitattributes")
    assert ("integrity/mismatch", ".gitattributes") in by_ours(model, material).refusals


def test_a_single_file_that_theirs_signed(tmp_path: Path, material: Material) -> None:
    """They call it `.`; we take both that and its name."""
    model = forge.write(tmp_path, {"m.safetensors": forge.safetensors()}) / "m.safetensors"
    sign_by_theirs(model, material)
    assert by_ours(model, material).passes
    change(model)
    assert ("integrity/mismatch", model.name) in by_ours(model, material).refusals


def test_a_single_file_that_ours_signed(tmp_path: Path, material: Material) -> None:
    """We call it by its name, as the specification says; they find it so in its folder alone."""
    folder = forge.write(tmp_path / "m", {"m.safetensors": forge.safetensors()})
    file = folder / "m.safetensors"
    ended = ours(tmp_path, "sign", file, *material.ours, "-o", folder / "model.sig")
    assert ended.returncode == 0, ended.stderr
    assert by_ours(folder, material).passes
    assert by_theirs(folder, material)
    change(file)
    assert ("integrity/mismatch", file.name) in by_ours(folder, material).refusals
    assert not by_theirs(folder, material)


LIBRARY = """
import sys
from pathlib import Path
from model_signing import hashing, signing
model, signature, key, method, algorithm = sys.argv[1:]
config = hashing.Config().set_ignored_paths(paths=[signature])
if method == "shards":
    config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=100)
else:
    config.use_file_serialization(hashing_algorithm=algorithm)
signer = signing.Config().use_elliptic_key_signer(private_key=Path(key))
signer.set_hashing_config(config).sign(Path(model), Path(signature))
"""


def sign_by_their_library(model: Path, method: str, algorithm: str) -> Material:
    material = key(model.parent, "P-256")
    words: Words = (model, place(model), model.parent / "key.pem", method, algorithm)
    ended = their_library(model.parent, LIBRARY, *words)
    assert ended.returncode == 0, ended.stderr
    return material


@pytest.mark.parametrize("algorithm", ["sha256", "blake2", "blake3"])
@pytest.mark.parametrize("method", ["files", "shards"])
def test_what_only_their_library_signs(tmp_path: Path, method: str, algorithm: str) -> None:
    model = forge.write(tmp_path / "m", {**MODEL, "model.safetensors": SEVERAL_SHARDS})
    if method == "shards":
        (model / "empty.txt").unlink()
    material = sign_by_their_library(model, method, algorithm)
    found = by_ours(model, material)
    assert found.passes, found.model
    change(model / "model.safetensors")
    assert ("integrity/mismatch", "model.safetensors") in by_ours(model, material).refusals


def test_their_shards_leave_an_empty_file_to_anybody(tmp_path: Path) -> None:
    """What they signed names none, and so an added one, whose name may matter, is as good."""
    model = forge.write(tmp_path / "m", MODEL)
    material = sign_by_their_library(model, "shards", "sha256")
    forge.write(model, {"chat_template.jinja": b""})
    assert by_ours(model, material).refusals == {
        ("signature/unsigned-file", "empty.txt"),
        ("signature/unsigned-file", "chat_template.jinja"),
    }
