"""The key that a caller names: in a PEM file, which may be encrypted."""

from __future__ import annotations

from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.keys import PrivateKey, SigningKey
from provenance.source.evidence_files import read
from provenance.workspace.environment import Environment

PASSWORD = "PROVENANCE_KEY_PASSWORD"  # the name of a variable, not a password
MAX_KEY = 1 << 20


def signing_key(named: str, environment: Environment) -> SigningKey:
    """The key in the PEM file of this name, or ConfigError.

    Its password is in the variable PROVENANCE_KEY_PASSWORD.
    """
    if not Path(named).is_file() and not named.startswith("/dev/"):
        raise ConfigError("expected a PEM file with a private key, found none", path=named)
    password = environment.variables.get(PASSWORD)
    try:
        return PrivateKey.from_pem(read(named, MAX_KEY), password)
    except Malformed as error:
        raise ConfigError(str(error), path=named) from None
