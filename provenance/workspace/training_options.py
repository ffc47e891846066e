"""What a command line says of how a model was made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.formats import yaml
from provenance.names import is_repo
from provenance.produce.attest import Making
from provenance.source.evidence_files import read
from provenance.wire.training import Material, Method

MAX_CONFIG = 1 << 20
COMMIT = re.compile(r"@([0-9a-f]{40})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What the caller says of one step: the model that came of it, how, and from what."""

    model: str
    method: str
    datasets: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    config: Path | None = None
    builder: str | None = None
    started: datetime | None = None
    finished: datetime | None = None

    def check(self) -> None:
        """ConfigError for what is no name of a model."""
        if not is_repo(self.model):
            raise ConfigError(f"expected org/name, found {self.model!r}", path="--as")

    def making(self, now: datetime) -> Making:
        """The step that this tells of, which ends `now` if nothing else is said; ConfigError for a
        configuration that cannot be read."""
        return Making(
            model=self.model,
            method=Method(self.method),
            materials=[
                *_materials("dataset", self.datasets),
                *_materials("code", self.code),
                *_config(self.config),
            ],
            parameters=_parameters(self.config),
            builder=self.builder or f"pkg:pypi/hf-provenance@{version('hf-provenance')}",
            started=self.started.replace(tzinfo=UTC) if self.started else None,
            finished=self.finished.replace(tzinfo=UTC) if self.finished else now,
        )


def _materials(kind: str, uris: Sequence[str]) -> list[Material]:
    found = []
    for uri in uris:
        commit = COMMIT.search(uri)
        digest = (("gitCommit", commit[1]),) if commit else ()
        found.append(Material(kind=kind, uri=uri, digest=digest))
    return found


def _config(config: Path | None) -> list[Material]:
    if config is None:
        return []
    digest = hashlib.sha256(read(str(config), MAX_CONFIG)).hexdigest()
    return [Material(kind="config", uri=config.name, digest=(("sha256", digest),))]


def _parameters(config: Path | None) -> dict[str, object]:
    """What the configuration says, where it is a table of YAML or JSON."""
    if config is None:
        return {}
    try:
        value = yaml.loads(read(str(config), MAX_CONFIG))
    except Malformed as error:
        raise ConfigError(str(error), path=str(config)) from None
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
