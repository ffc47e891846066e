"""The only signer of the tests: keys, certificates, tiny models, and signatures good and bad."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance.keys import Certificate, PrivateKey
from provenance.model import Ref
from provenance.produce.sign import MEDIA_TYPE
from provenance.source import directory
from provenance.wire import oms
from provenance.wire.intoto import PAYLOAD_TYPE, STATEMENT_TYPE, Envelope
from provenance.wire.training import Method, Parent, Step, statement

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CURVES: Mapping[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}


def key(name: str, kind: str = "P-256") -> PrivateKey:
    """The key of this name, made once in a run."""
    return _made(name, kind)


@cache
def _made(name: str, kind: str) -> PrivateKey:
    if kind == "Ed25519":
        return PrivateKey(ed25519.Ed25519PrivateKey.generate())
    if kind == "RSA":
        return PrivateKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return PrivateKey(ec.generate_private_key(CURVES[kind]))


def pem(private: PrivateKey) -> bytes:
    """The private key as PEM."""
    return private.numbers.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def certificate(
    name: str,
    issuer: str | None = None,
    *,
    ca: bool = False,
    sign: bool = True,
    usages: tuple[str, ...] = ("code",),
    issues: tuple[str, ...] = (),
    san: str | None = None,
    start: datetime = NOW - 30 * DAY,
    end: datetime = NOW + 365 * DAY,
) -> Certificate:
    """A certificate for the key of `name`, by the key of `issuer` or by itself.

    `usages` are the extended usages of a leaf, `issues` those that an authority is limited to.
    """
    spelled = {
        "code": ExtendedKeyUsageOID.CODE_SIGNING,
        "time": ExtendedKeyUsageOID.TIME_STAMPING,
        "tls": ExtendedKeyUsageOID.SERVER_AUTH,
    }
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer or name))
        .public_key(key(name).public.numbers)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(sign=sign and not ca, certificates=ca), critical=True)
    )
    if listed := issues if ca else usages:
        oids = [spelled[usage] for usage in listed]
        critical = listed == ("time",)
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=critical)
    if san:
        names = x509.SubjectAlternativeName([x509.RFC822Name(san)])
        builder = builder.add_extension(names, critical=False)
    signer = key(issuer or name).numbers
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return Certificate(builder.sign(signer, hashes.SHA256()))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, sign: bool, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        key_cert_sign=certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate_pem(*chain: Certificate) -> str:
    """Certificates as one PEM text."""
    return "".join(item.raw.public_bytes(serialization.Encoding.PEM).decode() for item in chain)


def safetensors(values: bytes = bytes(16), name: str = "weight") -> bytes:
    """A file of one U8 tensor."""
    return header(len(values), name) + values


def header(size: int, name: str = "weight") -> bytes:
    """The header of a safetensors file of one U8 tensor of `size` bytes."""
    entry = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    text = json.dumps({name: entry, "__metadata__": {"format": "pt"}}).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


MODEL: Mapping[str, bytes] = {
    "README.md": b"# A model\n",
    "config.json": b'{"model_type": "llama", "hidden_size": 4}',
    "tokenizer.json": b'{"version": "1.0"}',
    "model.safetensors": safetensors(),
}


def write(folder: Path, files: Mapping[str, bytes] = MODEL) -> Path:
    """The files, written below `folder`."""
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


@dataclass(frozen=True, kw_only=True)
class TufKey:
    """Who signs, with what, and what is bent on the way."""

    key: PrivateKey
    chain: tuple[Certificate, ...] = ()
    statement: Mapping[str, Any] | None = None
    envelope: Mapping[str, Any] | None = None
    bundle: Mapping[str, Any] | None = None
    reverse: bool = False


def bundle(folder: Path, tuf_key: TufKey) -> dict[str, Any]:
    """A bundle over all files of `folder`."""
    files = directory.collect(folder, ref=Ref(text=str(folder)), at=NOW).manifest.files
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": folder.name, "digest": {"sha256": oms.root_digest(files)}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": oms.predicate(files, ()),
    }
    return bundle_of(document, tuf_key)


def bundle_of(document: dict[str, Any], tuf_key: TufKey) -> dict[str, Any]:
    """A bundle over a statement, bent as `tuf_key` says, then signed."""
    document = bent(document, tuf_key.statement or {})
    if tuf_key.reverse:
        document["predicate"]["resources"].reverse()
        document["subject"][0]["digest"]["sha256"] = root(document)
    payload = json.dumps(document).encode()
    pae = Envelope(payload_type=PAYLOAD_TYPE, payload=payload, signature=b"").pae
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": base64.b64encode(tuf_key.key.sign(pae)).decode(), "keyid": ""}],
    }
    material: dict[str, Any] = {"publicKey": {"hint": tuf_key.key.public.hint}}
    if tuf_key.chain:
        items = [{"rawBytes": base64.b64encode(item.der).decode()} for item in tuf_key.chain]
        material = {"x509CertificateChain": {"certificates": items}}
    made = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": bent(envelope, tuf_key.envelope or {}),
    }
    return bent(made, tuf_key.bundle or {})


def root(document: Mapping[str, Any]) -> str:
    """The OMS root digest of a statement's resources as they are listed."""
    resources = document["predicate"]["resources"]
    return sha256(b"".join(bytes.fromhex(item["digest"]) for item in resources)).hexdigest()


def bent(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with the value at each dotted path replaced (`a.0.b`), or appended (`a.+`)."""
    made: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in changes.items():
        *steps, last = path.split(".")
        place: Any = made
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        if last == "+":
            place.append(copy.deepcopy(place[0]) if value == "again" else value)
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return made


def digested(folder: Path, repo: str | None = None, commit: str | None = None) -> Parent:
    """The model in `folder` as the parent of a training step."""
    manifest = directory.collect(folder, ref=Ref(text=str(folder)), at=NOW).manifest
    return Parent(repo=repo, commit=commit, manifest=manifest.digest, files=manifest.files)


def attest(
    folder: Path,
    tuf_key: TufKey,
    method: str,
    *parents: Parent,
    model: str = "",
    to: Path | None = None,
    subjects: Mapping[str, str] | None = None,
    **fields: Any,
) -> Path:
    """`folder`, with one line more in its claims.jsonl: how it was made, over all its files.

    `fields` are others of the step, as `parameters`.
    """
    files = directory.collect(folder, ref=Ref(text=str(folder)), at=NOW).manifest.files
    step = Step(
        model=model,
        method=Method(method),
        subjects={file.path: file.sha256 for file in files} if subjects is None else subjects,
        parents=parents,
        builder="urn:tests",
        **fields,
    )
    line = json.dumps(bundle_of(json.loads(statement(step)), tuf_key))
    with (to or folder / "claims.jsonl").open("a") as stream:
        stream.write(line + "\n")
    return folder


def sign(folder: Path, tuf_key: TufKey, name: str = "model.sig") -> Path:
    """`folder`, with a signature beside its files."""
    (folder / name).write_text(json.dumps(bundle(folder, tuf_key)))
    return folder


def signer(name: str, roles: Sequence[str] = ("publisher",), **fields: Any) -> dict[str, Any]:
    """An [[org.signer]] of the registry with the key of its name, unless fields say otherwise."""
    if not {"identity", "key", "certificate_authority"} & fields.keys():
        fields["key"] = key(name).public.pem
    return {"name": name, "roles": list(roles), **fields}


def registry(*orgs: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The table of a trust.toml."""
    return {"version": 1, "name": "tests", "org": list(orgs), **fields}


def org(name: str, *signers: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """An [[org]] of its own namespace."""
    return {"name": name, "namespaces": [name.lower()], "signer": list(signers), **fields}
