"""A key in a token signs as a key in a file does, and its PIN is tried once."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec

from provenance.wire.intoto import PAYLOAD_TYPE, Envelope
from tests import forge
from tests.cli.conftest import Run, run
from tests.cli.test_sign import KINDS, trust
from tests.signing import softhsm
from tests.signing.softhsm import PIN, Token

__all__ = ["run"]

pytestmark = softhsm.needed
URI = "pkcs11:token=release;object=k"


@pytest.fixture
def token(tmp_path: Path) -> Token:
    return Token.made(tmp_path / "hsm")


def with_pin(token: Token, pin: str = PIN) -> dict[str, str]:
    return {**token.variables, "PROVENANCE_KEY_PASSWORD": pin}


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_a_key_in_a_token_verifies(
    run: Run, tmp_path: Path, token: Token, kind: str
) -> None:
    token.put(f"held-{kind}", kind)
    model = forge.write(tmp_path / "m")
    signed = run("sign", model, "--key", URI, **with_pin(token))
    assert signed.returncode == 0, signed.stderr
    registry = trust(tmp_path, key=forge.key(f"held-{kind}", kind).public.pem)
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0
    again = run("sign", model, "--key", URI, **with_pin(token))
    assert again.returncode == 0, again.stderr


def test_a_certificate_goes_with_a_key_in_a_token(run: Run, tmp_path: Path, token: Token) -> None:
    token.put("leaf")
    long = {"start": forge.NOW - 30 * forge.DAY, "end": forge.NOW + 3650 * forge.DAY}
    root, leaf = (
        forge.certificate("root", ca=True, **long),
        forge.certificate("leaf", "root", **long),
    )
    (tmp_path / "leaf.pem").write_text(forge.certificate_pem(leaf))
    (tmp_path / "root.pem").write_text(forge.certificate_pem(root))
    model = forge.write(tmp_path / "m")
    words = ("--certificate", tmp_path / "leaf.pem", "--chain", tmp_path / "root.pem")
    signed = run("sign", model, "--key", URI, *words, **with_pin(token))
    assert signed.returncode == 0, signed.stderr
    authority = trust(
        tmp_path, certificate_authority=forge.certificate_pem(root), subject="CN=leaf"
    )
    assert run("verify", model, "--as", "acme/m", "--registry", authority).returncode == 0


def test_it_attests_and_summarises_too(run: Run, tmp_path: Path, token: Token) -> None:
    token.put("held")
    model = forge.write(tmp_path / "work" / "out")
    words = ("attest", model, "--as", "acme/out", "--method", "pretrain", "--key", URI)
    attested = run(*words, **with_pin(token))
    assert attested.returncode == 0, attested.stderr
    asked = ("verify", model, "--as", "acme/out", "--format", "vsa", "--sign-key", URI)
    summary = run(*asked, **with_pin(token))
    assert summary.stdout, summary.stderr
    bundle = json.loads(summary.stdout.splitlines()[0])
    hint = bundle["verificationMaterial"]["publicKey"]["hint"]
    assert hint == forge.key("held").public.hint


def test_where_the_pin_may_stand(run: Run, tmp_path: Path, token: Token) -> None:
    token.put("held")
    model = forge.write(tmp_path / "m")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    module = token.variables["PKCS11_MODULE_PATH"]
    conf = {"SOFTHSM2_CONF": token.variables["SOFTHSM2_CONF"]}
    for query in (f"pin-value={PIN}", f"pin-source=file:{tmp_path / 'pin'}"):
        uri = f"{URI}?{query}&module-path={module}"
        done = run("sign", model, "--key", uri, PROVENANCE_KEY_PASSWORD="0000", **conf)
        assert done.returncode == 0, done.stderr


def test_two_tokens_and_two_keys_are_told_apart(run: Run, tmp_path: Path, token: Token) -> None:
    token.add("other")
    token.put("first", label="a", number="01")
    token.put("second", label="b", number="02")
    model = forge.write(tmp_path / "m")
    for words, name in (("object=a", "first"), ("id=%02", "second"), ("object=b;id=%02", "second")):
        uri = f"pkcs11:token=release;{words}"
        done = run("sign", model, "--key", uri, "--force", **with_pin(token))
        assert done.returncode == 0, done.stderr
        bundle = json.loads((model / "model.sig").read_text())
        hint = bundle["verificationMaterial"]["publicKey"]["hint"]
        assert hint == forge.key(name).public.hint


REFUSED = {
    "another token": ("pkcs11:token=mine;object=k", "there are: token=release"),
    "another key": ("pkcs11:token=release;object=x", "the token has: object=k;id=%01"),
    "another id": ("pkcs11:token=release;object=k;id=%09", "the token has: object=k;id=%01"),
    "no key": ("pkcs11:token=release", "names no key"),
    "an attribute nobody knows": ("pkcs11:token=release;objekt=k", "the attribute 'objekt'"),
    "one that stands twice": ("pkcs11:object=k;object=l", "the attribute 'object': twice"),
    "a public key": ("pkcs11:token=release;object=k;type=public", "expected type=private"),
    "a bad percent": ("pkcs11:token=release;object=%zz", "a % as %25"),
    "a command for the pin": (f"{URI}?pin-source=%7Ccat", "expected pin-source=file:/path"),
    "a file that is not there": (f"{URI}?pin-source=file:/nowhere/pin", "pin-source"),
    "two pins": (f"{URI}?pin-value=1&pin-source=file:/x", "drop one"),
    "no such module": (f"{URI}?module-path=/nowhere.so", "the module '/nowhere.so'"),
    "what is no module": (f"{URI}?module-path=/etc/passwd", "the module '/etc/passwd'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_said(run: Run, tmp_path: Path, token: Token, name: str) -> None:
    uri, said = REFUSED[name]
    token.put("held")
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", uri, **with_pin(token))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (model / "model.sig").exists()


OTHERS: dict[str, ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey] = {
    "another curve": ec.generate_private_key(ec.SECP256K1()),
    "another kind": dsa.generate_private_key(2048),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_kind_of_key_that_nobody_verifies_here_is_refused(
    run: Run, tmp_path: Path, token: Token, name: str
) -> None:
    token.put_pem(
        OTHERS[name].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", URI, **with_pin(token))
    assert (done.returncode, "expected a key o" in done.stderr) == (2, True), done.stderr
    assert not (model / "model.sig").exists()


def test_without_a_module_the_variable_is_named(run: Run, tmp_path: Path, token: Token) -> None:
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", URI, PROVENANCE_KEY_PASSWORD=PIN)
    assert (done.returncode, "PKCS11_MODULE_PATH=" in done.stderr) == (2, True)


@pytest.mark.parametrize("pin", ["9999", "1", "x" * 300])
def test_a_wrong_pin_is_tried_once_and_not_shown(
    run: Run, tmp_path: Path, token: Token, pin: str
) -> None:
    token.put("held")
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", f"{URI}?pin-value={pin}", **token.variables)
    assert done.returncode == 2, done.stderr
    assert "wrong PIN for the token release: it was tried once, and " in done.stderr
    assert f"pin-value={pin}" not in done.stderr


def test_without_a_pin_and_a_terminal_the_variable_is_named(
    run: Run, tmp_path: Path, token: Token
) -> None:
    token.put("held")
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", URI, **token.variables)
    assert done.returncode == 2, done.stderr
    assert "PROVENANCE_KEY_PASSWORD: is not set" in done.stderr
    assert "PIN of the token release" in done.stderr


def test_what_is_signed_is_the_statement(run: Run, tmp_path: Path, token: Token) -> None:
    token.put("held")
    model = forge.write(tmp_path / "m")
    assert run("sign", model, "--key", URI, **with_pin(token)).returncode == 0
    envelope = json.loads((model / "model.sig").read_text())["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    pae = Envelope(payload_type=PAYLOAD_TYPE, payload=payload, signature=b"").pae
    made = base64.b64decode(envelope["signatures"][0]["sig"])
    assert forge.key("held").public.verifies(made, pae)


@pytest.mark.parametrize("kind", KINDS)
def test_a_registry_is_published_by_a_key_in_a_token(
    run: Run, tmp_path: Path, token: Token, kind: str
) -> None:
    """TUF has RSA keys sign by PSS alone, which nothing else here does."""
    token.put(f"held-{kind}", kind)
    (tmp_path / "trust.toml").write_text('version = 1\nname = "tests"\n')
    words = ("registry", "publish", "--to", "site", "--key", URI)
    done = run(*words, cwd=tmp_path, **with_pin(token))
    if kind.startswith("RSA"):
        assert (done.returncode, "use a P-256 or Ed25519 key" in done.stderr) == (2, True)
        assert not (tmp_path / "site/root.json").exists()
        return
    assert done.returncode == 0, done.stderr
    wrong = run(*words, cwd=tmp_path, **with_pin(token, "0000"))
    assert (wrong.returncode, PIN in wrong.stderr, "0000" in wrong.stderr) == (2, False, False)
    shown = run("registry", "show", "--registry", "site/root.json", cwd=tmp_path)
    assert "Traceback" not in shown.stderr
