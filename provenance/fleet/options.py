"""How a caller wants a fleet judged, in the words of a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from provenance.errors import ConfigError

EXTRA = ("duckdb", "pyarrow")


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def check_installed() -> None:
    """What a fleet is stored and asked with is installed, or ConfigError."""
    lacking = [name for name in EXTRA if find_spec(name) is None]
    if lacking:
        step = "pip install 'hf-provenance[fleet]'"
        raise ConfigError(f"needs {', '.join(lacking)}: {step}", path="fleet")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """As the options of `fleet judge` say it."""

    engine: str = "processes"
    workers: int = 1
    shard: str = "1/1"
    only: str = "all"
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
