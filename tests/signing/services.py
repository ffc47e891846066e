"""Key services on loopback: as AWS KMS and as Vault's transit engine answer.

moto's own KMS hashes what is sent as a digest once more, so that nothing verifies it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from tests.quiet import Quiet, QuietServer

Signs = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Reply = tuple[int, object]
Answered = Callable[[str, Mapping[str, str], Mapping[str, Any]], Reply]
"""From a path, headers and a JSON body to a status and a JSON body."""
NEWEST = 12
HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384()}


@contextmanager
def answering(answer: Answered) -> Iterator[str]:
    """The address at which JSON is answered so."""

    class Handler(Quiet):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            asked = json.loads(self.rfile.read(size) or b"{}")
            status, found = answer(self.path, dict(self.headers.items()), asked)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@contextmanager
def aws(key: Signs, algorithms: list[str]) -> Iterator[dict[str, str]]:
    """The variables by which a KMS is found whose only key is `release`."""

    def answer(_: str, headers: Mapping[str, str], asked: Mapping[str, Any]) -> Reply:
        if asked["KeyId"] != "alias/release":
            return 400, {"__type": "NotFoundException", "message": "there is no such key"}
        if headers["X-Amz-Target"] == "TrentService.GetPublicKey":
            return 200, {"PublicKey": _text(_der(key)), "SigningAlgorithms": algorithms}
        algorithm = asked["SigningAlgorithm"]
        if asked["MessageType"] != "DIGEST" or algorithm not in algorithms:
            return 400, {"__type": "InvalidKeyUsageException", "message": algorithm}
        digest = base64.b64decode(asked["Message"])
        return 200, {"Signature": _text(_signed(key, digest, algorithm))}

    with answering(answer) as address:
        yield {
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": address,
        }


def _signed(key: Signs, digest: bytes, algorithm: str) -> bytes:
    """A signature over a digest, as the documentation of `Sign` says of MessageType DIGEST."""
    by = Prehashed(HASHES[algorithm[-3:]])
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(digest, ec.ECDSA(by))
    salted = padding.PSS(padding.MGF1(HASHES[algorithm[-3:]]), padding.PSS.DIGEST_LENGTH)
    return key.sign(digest, salted if "PSS" in algorithm else padding.PKCS1v15(), by)


@contextmanager
def vault(
    shown: ed25519.Ed25519PrivateKey, signs: ed25519.Ed25519PrivateKey
) -> Iterator[dict[str, str]]:
    """The variables by which a Vault is found: it shows one key `release` and signs by another."""

    def answer(path: str, _: Mapping[str, str], asked: Mapping[str, Any]) -> Reply:
        public = {"public_key": _text(shown.public_key().public_bytes_raw())}
        if path == "/v1/transit/keys/release":
            return 200, {"data": {"keys": {"9": public, str(NEWEST): public}}}
        if path.startswith("/v1/transit/sign/release"):
            made = _text(signs.sign(base64.b64decode(asked["input"])))
            return 200, {"data": {"signature": f"vault:v{asked['key_version']}:{made}"}}
        return 404, {"errors": []}

    with answering(answer) as address:
        yield {"VAULT_ADDR": address, "VAULT_TOKEN": "tests"}


def _der(key: Signs) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
