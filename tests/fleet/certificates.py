"""Certificates by which a scheduler and those it works with know each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Files of an authority, a certificate of its, and the key of that."""

    ca: Path
    cert: Path
    key: Path


def issued(folder: Path) -> Issued:
    """An authority that nobody else has, and a certificate for 127.0.0.1."""
    mine, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("authority", mine.public_key(), mine, "authority", ca=True)
    leaf = _certificate("fleet", own.public_key(), mine, "authority", ca=False)
    made = Issued(ca=folder / "ca.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    made.ca.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.cert.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey, who: str, *, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(alternative, critical=False)
        .sign(by, hashes.SHA256())
    )
