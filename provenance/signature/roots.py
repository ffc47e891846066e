"""Sigstore trust roots: whose logs, authorities and clocks an instance stands on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from provenance.errors import Malformed, TrustError
from provenance.formats.fields import Fields
from provenance.keys import Certificate, PublicKey
from provenance.trust import PUBLIC_GOOD, Registry, Sigstore

# sigstore takes the end of a timestamp authority's validity as exclusive; the client
# specification (and its conformance suite) as inclusive.
INCLUSIVE = timedelta(microseconds=1)

# What a client trust configuration needs beside the root; verifying uses none of it.
SIGNING_CONFIG = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}
CLIENT_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A transparency log: its key, the id that entries name it by, and when it was in service."""

    key: PublicKey
    log_id: bytes
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A timestamp authority: leaf first, root last, and when it was in service (ends included)."""

    certificates: tuple[Certificate, ...]
    start: datetime | None = None
    end: datetime | None = None


def instances(registry: Registry) -> tuple[Sigstore, ...]:
    """The Sigstore instances of a registry, public-good among them."""
    if any(instance.name == PUBLIC_GOOD for instance in registry.sigstores):
        return registry.sigstores
    return (Sigstore(name=PUBLIC_GOOD, trusted_root=_public_good()), *registry.sigstores)


@cache
def _public_good() -> str:
    """The public-good instance's root, as it was when this version was released."""
    return resources.files("provenance.signature").joinpath("public_good.json").read_text("utf-8")


def client_config(trusted_root: str) -> str:
    """The client trust configuration that sigstore reads, from one or from a bare trusted root."""
    root = _value(trusted_root)
    for authority in root.get("timestampAuthorities", []):
        period = authority.get("validFor", {})
        if "end" in period:
            period["end"] = (_moment(period["end"]) + INCLUSIVE).isoformat()
    config = {"mediaType": CLIENT_CONFIG, "trustedRoot": root, "signingConfig": SIGNING_CONFIG}
    return json.dumps(config)


def logs(trusted_root: str) -> tuple[Log, ...]:
    """The transparency logs of a root, or TrustError."""
    return tuple(_log(item) for item in _root(trusted_root).tables("tlogs"))


def clocks(trusted_root: str) -> tuple[Clock, ...]:
    """The timestamp authorities of a root, or TrustError."""
    return tuple(_clock(item) for item in _root(trusted_root).tables("timestampAuthorities"))


def _value(trusted_root: str) -> dict[str, Any]:
    """The root's JSON object, out of a client trust configuration if it stands in one."""
    try:
        value = json.loads(trusted_root)
    except (ValueError, RecursionError) as error:
        raise TrustError(f"the trusted root is not JSON: {error}") from None
    root = value.get("trustedRoot", value) if isinstance(value, dict) else None
    if not isinstance(root, dict):
        raise TrustError("the trusted root is not a JSON object")
    return root


def _root(trusted_root: str) -> Fields:
    return Fields(_value(trusted_root), "trusted root", raises=_trust_error)


def _trust_error(path: str, message: str) -> TrustError:
    return TrustError(f"{path}: {message}")


def _log(fields: Fields) -> Log:
    key = fields.table("publicKey")
    start, end = _period(key.optional_table("validFor"))
    try:
        return Log(
            key=PublicKey.from_der(key.base64("rawBytes")),
            log_id=fields.table("logId").base64("keyId"),
            start=start,
            end=end,
        )
    except Malformed as error:
        raise TrustError(f"{fields.path}: {error}") from None


def _clock(fields: Fields) -> Clock:
    start, end = _period(fields.optional_table("validFor"))
    items = fields.table("certChain").tables("certificates", required=True)
    try:
        certificates = tuple(Certificate.from_der(item.base64("rawBytes")) for item in items)
    except Malformed as error:
        raise TrustError(f"{fields.path}: {error}") from None
    return Clock(certificates=certificates, start=start, end=end)


def _period(fields: Fields) -> tuple[datetime, datetime | None]:
    end = fields.text("end", "")
    return _moment(fields.text("start", "1970-01-01T00:00:00Z")), _moment(end) if end else None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise TrustError(f"the trusted root: {text!r:.40} is not a time") from None
    if moment.tzinfo is None:
        raise TrustError(f"the trusted root: {text!r:.40} has no time zone")
    return moment
