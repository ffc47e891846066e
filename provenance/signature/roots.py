"""Sigstore trust roots: whose logs, authorities and clocks an instance stands on."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from provenance.errors import Malformed, TrustError
from provenance.formats import json as strict
from provenance.formats.fields import Fields
from provenance.keys import Certificate, PublicKey
from provenance.trust import PUBLIC_GOOD, Registry, Sigstore

# The start of what is bounded by the dates of its certificates alone.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

# What a client trust configuration needs beside the root; verifying uses none of it.
SIGNING_CONFIG = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}
CLIENT_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something an instance stands on, and when it was in service, both ends included.

    Certificates have dates of their own; a log has none, so that one without a start never serves.
    """

    start: datetime | None = ALWAYS
    end: datetime | None = None

    def serves(self, first: datetime, last: datetime) -> bool:
        """Whether it was in service for what was made not after `first`, as others say by `last`.

        What is dated later than its end does not count, whoever dates it still later.
        """
        if self.start is None or last < self.start:
            return False
        return self.end is None or first <= self.end

    @property
    def service(self) -> str:
        """The time in service as people read it."""
        if self.start is None:
            return "at no time: the trusted root gives it no validFor.start"
        start = "" if self.start == ALWAYS else f"from {self.start:%Y-%m-%d %H:%M} UTC"
        end = f"until {self.end:%Y-%m-%d %H:%M} UTC" if self.end else ""
        return " ".join(filter(None, (start, end))) or "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Service):
    """A transparency log: its key, and the id that entries name it by."""

    key: PublicKey
    log_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Service):
    """A timestamp authority: leaf first, root last."""

    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer(Service):
    """A certificate authority: what issues the leaves first, root last."""

    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """A trusted root, read whole; `value` is its JSON object without nulls."""

    value: dict[str, Any]
    logs: tuple[Log, ...]
    ct_logs: tuple[Log, ...]
    issuers: tuple[Issuer, ...]
    clocks: tuple[Clock, ...]


def instances(registry: Registry) -> tuple[Sigstore, ...]:
    """The Sigstore instances of a registry, public-good among them."""
    if any(instance.name == PUBLIC_GOOD for instance in registry.sigstores):
        return registry.sigstores
    return (Sigstore(name=PUBLIC_GOOD, trusted_root=_public_good()), *registry.sigstores)


@cache
def _public_good() -> str:
    """The public-good instance's root, as it was when this version was released."""
    return resources.files("provenance.signature").joinpath("public_good.json").read_text("utf-8")


@lru_cache(maxsize=32)
def read(trusted_root: str) -> Trusted:
    """The trusted root of a JSON text, or of the client trust configuration around it.

    TrustError if any service in it cannot be used.
    """
    value = _value(trusted_root)
    fields = Fields(value, "trusted root", raises=_trust_error)
    return Trusted(
        value=value,
        logs=tuple(map(_log, fields.tables("tlogs"))),
        ct_logs=tuple(map(_log, fields.tables("ctlogs"))),
        issuers=tuple(map(_issuer, fields.tables("certificateAuthorities"))),
        clocks=tuple(map(_clock, fields.tables("timestampAuthorities"))),
    )


def logs(trusted_root: str) -> tuple[Log, ...]:
    """The transparency logs of a root, or TrustError."""
    return read(trusted_root).logs


def clocks(trusted_root: str) -> tuple[Clock, ...]:
    """The timestamp authorities of a root, or TrustError."""
    return read(trusted_root).clocks


def client_config(root: Trusted, issuers: Collection[Issuer], ct_logs: Collection[Log]) -> str:
    """The client trust configuration that sigstore reads, of these issuers and CT logs alone.

    When each served was weighed already; what sigstore makes of it is left open.
    """
    value = root.value
    logs = [log for log in root.logs if log.start]
    kept = {
        "tlogs": _kept(value.get("tlogs", []), root.logs, logs, "publicKey"),
        "ctlogs": _kept(value.get("ctlogs", []), root.ct_logs, ct_logs, "publicKey"),
        "certificateAuthorities": _kept(
            value.get("certificateAuthorities", []), root.issuers, issuers
        ),
        "timestampAuthorities": _kept(
            value.get("timestampAuthorities", []), root.clocks, root.clocks
        ),
    }
    config = {"trustedRoot": value | kept, "signingConfig": SIGNING_CONFIG}
    return json.dumps({"mediaType": CLIENT_CONFIG, **config})


def _kept(
    items: Sequence[dict[str, Any]],
    services: Sequence[Service],
    kept: Collection[Service],
    dated: str = "",
) -> list[dict[str, Any]]:
    """The items of a list whose services, which were read from them in order, are kept.

    Their period stands in themselves, or in the table `dated` of each.
    """
    found = []
    for item, service in zip(items, services, strict=True):
        period = {"validFor": {"start": ALWAYS.isoformat()}}
        if service in kept:
            found.append(item | ({dated: item[dated] | period} if dated else period))
    return found


def _value(trusted_root: str) -> dict[str, Any]:
    """The root's JSON object, out of a client trust configuration if it stands in one.

    A null is as good as nothing there (ProtoJSON); a name twice is neither.
    """
    try:
        value = _without_nulls(strict.loads(trusted_root.encode("utf-8", "surrogatepass")))
    except Malformed as error:
        raise TrustError(f"the trusted root: {error}") from None
    root = value.get("trustedRoot", value) if isinstance(value, dict) else None
    if not isinstance(root, dict):
        raise TrustError("the trusted root is not a JSON object")
    return root


def _without_nulls(value: object) -> object:
    match value:
        case dict():
            return {name: _without_nulls(v) for name, v in value.items() if v is not None}
        case list():
            return [_without_nulls(item) for item in value]
    return value


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
    return Clock(certificates=_certificates(fields), start=start or ALWAYS, end=end)


def _issuer(fields: Fields) -> Issuer:
    start, end = _period(fields.optional_table("validFor"))
    return Issuer(certificates=_certificates(fields), start=start or ALWAYS, end=end)


def _certificates(fields: Fields) -> tuple[Certificate, ...]:
    items = list(fields.table("certChain").tables("certificates", required=True))
    if not items:
        raise TrustError(f"{fields.path}: names no certificate")
    try:
        return tuple(Certificate.from_der(item.base64("rawBytes")) for item in items)
    except Malformed as error:
        raise TrustError(f"{fields.path}: {error}") from None


def _period(fields: Fields) -> tuple[datetime | None, datetime | None]:
    start, end = (fields.text(name, "") for name in ("start", "end"))
    return _moment(start) if start else None, _moment(end) if end else None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TrustError(f"the trusted root: {text!r:.40} is not a time") from None
    if moment.tzinfo is None:
        raise TrustError(f"the trusted root: {text!r:.40} has no time zone")
    return moment
