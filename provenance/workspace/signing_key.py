"""The key that a caller names: in a PEM file, which may be encrypted, or in a keystore."""

from __future__ import annotations

from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, SigningKey
from provenance.keystore import SCHEMES, held
from provenance.source.evidence_files import read
from provenance.workspace.environment import Environment

MAX_KEY = 1 << 20
CHARACTER_DEVICES = "/dev/"


def signing_key(named: str, environment: Environment) -> SigningKey:
    """The key in the PEM file of this name, or that of a keystore's URI.

    Its password or PIN is in the variable PROVENANCE_KEY_PASSWORD, or whoever sits at the terminal
    is asked for it. Raises ConfigError for a key that cannot be used, SourceError for a keystore
    that fails.
    """
    if named.partition(":")[0].lower() in SCHEMES:
        return held(named, environment.variables, environment.secret)
    if not Path(named).is_file() and not named.startswith(CHARACTER_DEVICES):
        known = ", ".join(f"{scheme}:…" for scheme in SCHEMES)
        message = f"expected a PEM file with a private key, or {known}; there is no such file"
        raise ConfigError(message, path=named)
    data = read(named, MAX_KEY)
    try:
        return PrivateKey.from_pem(data, lambda: environment.secret(f"Password of {named}"))
    except Malformed as error:
        raise ConfigError(str(error), path=named) from None
