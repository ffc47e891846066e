"""The keys that publish a registry: PEM files at hand, and what they are used for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, PublicKey
from provenance.registry.publishing import Terms
from provenance.registry.repository import Repository
from provenance.registry.signers import TufKey, distinct
from provenance.registry.unpublished import LIFETIMES, ONLINE_LIFETIMES, UnpublishedMetadata
from provenance.source.evidence_files import read

MAX_KEY = 1 << 20
Secret = Callable[[str], str]
"""From a question to the password of a key; ConfigError where nobody can be asked."""


def _nobody(question: str) -> str:
    raise ConfigError(f"nobody can be asked: {question}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Where something is published, by which keys, and for how long; `secret` gives a password."""

    to: Path
    keys: tuple[Path, ...]
    online_keys: tuple[Path, ...]
    lifetimes: tuple[str, ...]
    secret: Secret = _nobody

    @property
    def repository(self) -> Repository:
        """The folder that is served."""
        return Repository(self.to)

    def offline(self) -> tuple[TufKey, ...]:
        """The keys that lie where no server is, or ConfigError."""
        return hands(self.keys, "--key", self.secret)

    def online(self) -> tuple[TufKey, ...]:
        """The keys for the snapshot and timestamp, or ConfigError."""
        return hands(self.online_keys, "--online-key", self.secret)

    def every(self) -> tuple[TufKey, ...]:
        """All of them, or ConfigError."""
        return (*self.offline(), *self.online())

    def terms(self) -> Terms:
        """As of now, for as many days as the options say; where keys are online, for few."""
        own = dict(map(_lifetime, self.lifetimes))
        few = ONLINE_LIFETIMES if self.online_keys else {}
        return Terms(at=datetime.now(UTC), lifetimes={**few, **own})


def hands(files: Sequence[Path], option: str, secret: Secret) -> tuple[TufKey, ...]:
    """The keys of PEM files, each private or public, or ConfigError."""
    return distinct((_hand(file, secret) for file in files), option)


def check_known(draft: UnpublishedMetadata, given: Sequence[TufKey]) -> None:
    """Every key may sign something of the draft, or ConfigError."""
    known = draft.keyids()
    for tuf_key in given:
        if tuf_key.key.keyid not in known:
            raise ConfigError(
                f"{tuf_key.public.fingerprint} is none of the keys of this registry: "
                "`registry rotate` changes them"
            )


def _hand(file: Path, secret: Secret) -> TufKey:
    data = read(str(file), MAX_KEY)
    try:
        private = PrivateKey.from_pem(data, lambda: secret(f"Password of {file}"))
    except Malformed as error:
        try:
            return TufKey(PublicKey.from_pem(data.decode("utf-8", "replace")))
        except Malformed:
            raise ConfigError(str(error), path=str(file)) from None
    return TufKey(private.public, private)


def _lifetime(text: str) -> tuple[str, int]:
    role, equals, days = text.partition("=")
    if role not in LIFETIMES or not equals or not days.isdecimal() or not 0 < int(days) < 10_000:
        known = ", ".join(LIFETIMES)
        raise ConfigError(f"expected one of {known} and =DAYS, found {text!r}", path="--lifetime")
    return role, int(days)
