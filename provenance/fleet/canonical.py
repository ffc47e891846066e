"""Values as one text, the same for the same values in every process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import PurePath

from provenance.keys import Certificate, PublicKey


def digest(*values: object) -> str:
    """The SHA-256 in hex of what the values say."""
    text = json.dumps([plain(value) for value in values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: object) -> object:
    """The value in the words of JSON; TypeError for one that has no text of its own."""
    match value:
        case PublicKey() | Certificate():
            return value.fingerprint
        case Enum():
            return plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case PurePath():
            return str(value)
        case Mapping():
            return [[plain(key), plain(value[key])] for key in sorted(value, key=str)]
        case tuple() | list():
            return [plain(one) for one in value]
        case frozenset() | set():
            return sorted((plain(one) for one in value), key=str)
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"": type(value).__name__, **named}
    raise TypeError(f"{type(value).__name__} has no text of its own")
