"""What a command line says of how a model was made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.formats import yaml
from provenance.names import is_repo
from provenance.produce import uri
from provenance.produce.attest import Making
from provenance.produce.plain import table
from provenance.produce.publishable import Refusal, refusals, without
from provenance.source.evidence_files import read
from provenance.wire.training import BUILD_TYPE, Material, MaterialKind, Method
from provenance.workspace.materials import Desk, Reader, byproduct, code, container, dataset

MAX_CONFIG = 1 << 20
TOOL = "hf-provenance"
UNSTATED = f"{BUILD_TYPE}#unstated"
"""What ran the training where nobody says it: SLSA asks for something that is no empty text."""
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What the caller says of one step: the model that came of it, how, and from what."""

    model: str
    method: str
    datasets: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    config: Path | None = None
    environment: Path | None = None
    withheld: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    byproducts: tuple[str, ...] = ()
    builder: str | None = None
    invocation: str | None = None
    started: datetime | None = None
    finished: datetime | None = None

    def check(self) -> None:
        """ConfigError for what is not the name of a model, a URI, or a time before another."""
        if not is_repo(self.model):
            raise ConfigError(f"expected org/name, found {self.model!r}", path="--as")
        for option, text in (("--builder", self.builder), ("--invocation", self.invocation)):
            if text is not None:
                _check_text(text, option, ())
                uri.checked(text, option)
        if self.started and self.finished and self.finished < self.started:
            message = f"expected a time from {self.started} on, found {self.finished}"
            raise ConfigError(message, path="--finished")

    def making(self, desk: Desk) -> Making:
        """The step that this tells of, which ends at the desk's time if nothing else is said.

        Raises ConfigError for what cannot be read and for what must not be published, SourceError.
        """
        _check_each(self.datasets, "--dataset", desk)
        _check_each(self.code, "--code", desk)
        _check_each(self.containers, "--container", desk)
        _check_each(self.byproducts, "--byproduct", desk)
        parameters, withheld = self._published(self.config, "--config", desk)
        environment, also = self._published(self.environment, "--environment", desk)
        for name in self.withheld:
            if name not in (*withheld, *also):
                message = "nothing of this name stands in --config or --environment: leave it out"
                raise ConfigError(message, path=f"--withhold {name}")
        made = Making(
            model=self.model,
            method=Method(self.method),
            materials=[
                *_found(dataset, self.datasets, desk),
                *_found(code, self.code, desk),
                *_found(container, self.containers, desk),
                *_config(self.config, withheld),
            ],
            parameters=parameters,
            environment=environment,
            builder=self.builder or UNSTATED,
            versions={TOOL: version(TOOL)},
            invocation=self.invocation or "",
            started=self.started.replace(tzinfo=UTC) if self.started else None,
            finished=self.finished.replace(tzinfo=UTC) if self.finished else desk.at,
            byproducts=list(_found(byproduct, self.byproducts, desk)),
        )
        for found in made.refusals(desk.environment.private_names):
            message = f"looks like {found.reason}, and a statement is public: write it otherwise"
            raise ConfigError(message, path=found.where)
        return made

    def _published(
        self, file: Path | None, option: str, desk: Desk
    ) -> tuple[dict[str, object], tuple[str, ...]]:
        """The table of a file without what is withheld, and the names of that."""
        if file is None:
            return {}, ()
        values = table(_values(file, option), f"{option} {file}")
        kept, absent = without(values, self.withheld)
        refused = list(refusals(kept, private=desk.environment.private_names))
        if refused:
            raise _refused(refused, f"{option} {file}")
        return kept, tuple(name for name in self.withheld if name not in absent)


def _check_each(texts: Sequence[str], option: str, desk: Desk) -> None:
    """Nothing that must not be published stands in what an option was given, or ConfigError."""
    for text in texts:
        if not os.path.lexists(text):
            _check_text(text, option, desk.environment.private_names)


def _check_text(text: str, option: str, private: Collection[str]) -> None:
    for found in refusals(text, private=private):
        message = f"looks like {found.reason}, and a statement is public: write it without"
        raise ConfigError(message, path=option)


def _refused(found: Sequence[Refusal], path: str) -> ConfigError:
    """What to do about values of a file that must not be published; none of them is in it."""
    first = found[0]
    where = first.where or "a name"
    words = [f"--withhold '{one.where}'" for one in found if one.where and not one.is_name]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    ways = f", or leave it out: {' '.join(dict.fromkeys(words[:SHOWN]))}" if words else ""
    return ConfigError(
        f"{where} looks like {first.reason}{more}, and a statement is public: change it{ways}",
        path=path,
    )


def _found(reader: Reader, texts: Sequence[str], desk: Desk) -> Iterator[Material]:
    return (reader(text, desk) for text in dict.fromkeys(texts))


def _config(config: Path | None, withheld: Sequence[str]) -> list[Material]:
    """The file by its name and digest, and what of it is not among the parameters."""
    if config is None:
        return []
    data = read(str(config), MAX_CONFIG)
    notes: list[tuple[str, str | int]] = [("path", config.name), ("size", len(data))]
    if withheld:
        notes.append(("withheld", ", ".join(withheld)))
    digest = (("sha256", hashlib.sha256(data).hexdigest()),)
    return [Material(kind=MaterialKind.CONFIG, digest=digest, notes=tuple(notes))]


def _values(file: Path, option: str) -> dict[object, object]:
    """What a file says, where it is a table of YAML or JSON; ConfigError for no such file."""
    try:
        value = yaml.loads(read(str(file), MAX_CONFIG))
    except Malformed as error:
        raise ConfigError(f"expected YAML or JSON: {error}", path=f"{option} {file}") from None
    if not isinstance(value, dict):
        message = (
            "expected a table of names and values in YAML or JSON; --code FILE or --byproduct "
        )
        raise ConfigError(f"{message}FILE name a file by its digest", path=f"{option} {file}")
    return value
