"""Keys that a service holds, and what is said where a library is not installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provenance.keys import PublicKey
from tests import forge
from tests.cli.conftest import Run, run
from tests.cli.test_sign import trust
from tests.signing import services
from tests.signing.services import NEWEST

__all__ = ["run"]

VAULT, OTHER = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PADDED = ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]
KEYS: dict[str, tuple[services.Signs, list[str]]] = {
    "P-256": (P256, ["ECDSA_SHA_256"]),
    "P-384": (P384, ["ECDSA_SHA_384"]),
    "RSA": (RSA, PADDED),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_aws_signs(run: Run, tmp_path: Path, kind: str) -> None:
    key, algorithms = KEYS[kind]
    model = forge.write(tmp_path / "m")
    with services.aws(key, algorithms) as variables:
        signed = run("sign", model, "--key", "awskms:alias/release", **variables)
    assert signed.returncode == 0, signed.stderr
    registry = trust(tmp_path, key=PublicKey.of(key.public_key()).pem)
    verified = run("verify", model, "--as", "acme/m", "--registry", registry)
    assert verified.returncode == 0, verified.stdout


UNUSABLE = {
    "another key": ("awskms:alias/other", KEYS["P-256"], 5, "the public key could not be read"),
    "a kind that nobody verifies here": (
        "awskms:alias/release",
        (ec.generate_private_key(ec.SECP256K1()), ["ECDSA_SHA_256"]),
        2,
        "expected a key on P-256",
    ),
    "one that only signs with salt": (
        "awskms:alias/release",
        (RSA, PADDED[:1]),
        2,
        "Unsupported scheme",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_aws_cannot_sign_with_is_said(run: Run, tmp_path: Path, case: str) -> None:
    uri, (key, algorithms), code, said = UNUSABLE[case]
    model = forge.write(tmp_path / "m")
    with services.aws(key, algorithms) as variables:
        done = run("sign", model, "--key", uri, **variables)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (model / "model.sig").exists()


@pytest.mark.parametrize("name", ["release", f"release/{NEWEST}"])
def test_a_key_of_vault_signs(run: Run, tmp_path: Path, name: str) -> None:
    model = forge.write(tmp_path / "m")
    with services.vault(VAULT, VAULT) as variables:
        signed = run("sign", model, "--key", f"hv:{name}", **variables)
    assert signed.returncode == 0, signed.stderr
    registry = trust(tmp_path, key=PublicKey(VAULT.public_key()).pem)
    assert run("verify", model, "--as", "acme/m", "--registry", registry).returncode == 0


REFUSED = {
    "an older version": ("hv:release/9", 2, f"which is hv:release/{NEWEST}"),
    "a version's beginning": ("hv:release/1", 2, "expected the newest version"),
    "another key": ("hv:nothing", 5, "the public key could not be read"),
    "no name": ("hv:", 2, "expected hv:NAME"),
    "no name of AWS": ("awskms:", 2, "expected awskms:KEY_ID"),
    "no address of Azure": ("azurekms://example.com/keys/k", 2, "expected azurekms://VAULT"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_service_cannot_sign_with_is_said(run: Run, tmp_path: Path, case: str) -> None:
    uri, code, said = REFUSED[case]
    model = forge.write(tmp_path / "m")
    with services.vault(VAULT, VAULT) as variables:
        done = run("sign", model, "--key", uri, **variables)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (model / "model.sig").exists()


def test_a_service_that_signs_by_another_key_leaves_nothing(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    with services.vault(VAULT, OTHER) as variables:
        done = run("sign", model, "--key", "hv:release", **variables)
    assert (done.returncode, "found another: nothing was written" in done.stderr) == (5, True)
    assert not (model / "model.sig").exists()


MISSING = {
    "gcpkms": ("google.cloud.kms", "gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k"),
    "azurekms": ("azure.keyvault.keys", "azurekms://v.vault.azure.net/keys/k"),
}


def is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("extra", MISSING)
def test_a_library_that_is_not_installed_is_named(run: Run, tmp_path: Path, extra: str) -> None:
    module, uri = MISSING[extra]
    if is_installed(module):
        pytest.skip(f"{module} is installed, and this is about where it is not")
    model = forge.write(tmp_path / "m")
    done = run("sign", model, "--key", uri)
    assert (done.returncode, f"pip install 'hf-provenance[{extra}]'" in done.stderr) == (2, True)
