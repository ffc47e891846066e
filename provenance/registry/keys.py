"""The keys that publish a registry: in PEM files or keystores, and what they are used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, PublicKey
from provenance.keystore import SCHEMES, held
from provenance.registry.publishing import Terms
from provenance.registry.repository import Repository
from provenance.registry.signers import TufKey, distinct
from provenance.registry.unpublished import LIFETIMES, ONLINE_LIFETIMES, UnpublishedMetadata
from provenance.source.evidence_files import read

MAX_KEY = 1 << 20


class Opening(Protocol):
    """How a key is opened."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The caller's own, which a keystore may need."""

    def secret(self, question: str) -> str:
        """The password or PIN that is asked for; ConfigError where nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody is there who could be asked."""

    variables: Mapping[str, str] = field(default_factory=dict)

    def secret(self, question: str) -> str:
        """ConfigError."""
        raise ConfigError(f"nobody can be asked: {question}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Where something is published, by which keys, and for how long.

    A key is a PEM file, or a URI of a keystore; `opening` is how they are opened.
    """

    to: Path
    keys: tuple[str, ...]
    online_keys: tuple[str, ...]
    lifetimes: tuple[str, ...]
    opening: Opening = field(default_factory=Nobody)

    @property
    def repository(self) -> Repository:
        """The folder that is served."""
        return Repository(self.to)

    def offline(self) -> tuple[TufKey, ...]:
        """The keys that lie where no server is, or ConfigError."""
        return hands(self.keys, "--key", self.opening)

    def online(self) -> tuple[TufKey, ...]:
        """The keys for the snapshot and timestamp, or ConfigError."""
        return hands(self.online_keys, "--online-key", self.opening)

    def every(self) -> tuple[TufKey, ...]:
        """All of them, or ConfigError."""
        return (*self.offline(), *self.online())

    def terms(self) -> Terms:
        """As of now, for as many days as the options say; where keys are online, for few."""
        own = dict(map(_lifetime, self.lifetimes))
        few = ONLINE_LIFETIMES if self.online_keys else {}
        return Terms(at=datetime.now(UTC), lifetimes={**few, **own})


def hands(names: Sequence[str], option: str, opening: Opening) -> tuple[TufKey, ...]:
    """The keys of PEM files, each private or public, and of keystores, or ConfigError.

    Raises SourceError for a keystore that fails.
    """
    return distinct((_hand(name, opening) for name in names), option)


def check_known(draft: UnpublishedMetadata, given: Sequence[TufKey]) -> None:
    """Every key may sign something of the draft, or ConfigError."""
    known = draft.keyids()
    for tuf_key in given:
        if tuf_key.key.keyid not in known:
            raise ConfigError(
                f"{tuf_key.public.fingerprint} is none of the keys of this registry: "
                "`registry rotate` changes them"
            )


def _hand(name: str, opening: Opening) -> TufKey:
    if name.partition(":")[0].lower() in SCHEMES:
        key = held(name, opening.variables, opening.secret)
        return TufKey(key.public, key).checked()
    data = read(name, MAX_KEY)
    try:
        private = PrivateKey.from_pem(data, lambda: opening.secret(f"Password of {name}"))
    except Malformed as error:
        try:
            return TufKey(PublicKey.from_pem(data.decode("utf-8", "replace")))
        except Malformed:
            raise ConfigError(str(error), path=name) from None
    return TufKey(private.public, private)


def _lifetime(text: str) -> tuple[str, int]:
    role, equals, days = text.partition("=")
    if role not in LIFETIMES or not equals or not days.isdecimal() or not 0 < int(days) < 10_000:
        known = ", ".join(LIFETIMES)
        raise ConfigError(f"expected one of {known} and =DAYS, found {text!r}", path="--lifetime")
    return role, int(days)
