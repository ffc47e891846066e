"""What a caller says of a run before it begins."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from provenance.errors import ConfigError
from provenance.names import is_repo
from provenance.produce.sign import Signer
from provenance.source.progress import Silent
from provenance.wire.training import Method
from provenance.workspace import Request, Workspace
from provenance.workspace.attesting import CLAIMS
from provenance.workspace.gathering import Gathering
from provenance.workspace.materials import Desk
from provenance.workspace.parents import of_parents
from provenance.workspace.signing import SignerOptions

LOG = logging.getLogger("provenance")
AnyPath = str | os.PathLike[str]


class Words(TypedDict, total=False):
    """The fields of Terms, as keywords."""

    out: AnyPath | None
    method: str | None
    parents: Sequence[object]
    datasets: Sequence[object]
    code: str | None
    parameters: Mapping[str, object]
    key: AnyPath | None
    certificate: AnyPath | None
    chain: AnyPath | None
    identity_token: str | None
    trust_config: AnyPath | None
    timestamps: Sequence[str]
    policy: AnyPath | None
    registry: str | Sequence[str]
    unverified_parent: bool
    output: AnyPath | None
    workspace: Workspace


class Logged(Silent):
    """Notes go to the logger `provenance`, which shows them unless the program says else."""

    def note(self, words: str) -> None:
        """The words are logged."""
        LOG.warning("%s", words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One run: the model that comes of it, from what, how, where, and who signs.

    `out` is the folder that is attested. `parents` are folders, names of provenance.toml, models
    of the Hub's cache as `org/name@commit`, or models as a library has loaded them. `datasets` are
    files, folders, `org/name@commit`, or data sets as `datasets` has loaded them. `code` is a
    folder of the git repository that trains or a URI, by default the working directory. `policy`
    and `registry` say by what parents are judged, `key`, `certificate`, `chain`, `identity_token`
    and `trust_config` who signs, and `timestamps` by which clocks, as for `provenance attest`.
    `output` gets the statement, by default `claims.jsonl` in `out`.
    """

    model: str
    out: AnyPath | None = None
    method: str | None = None
    parents: Sequence[object] = ()
    datasets: Sequence[object] = ()
    code: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    key: AnyPath | None = None
    certificate: AnyPath | None = None
    chain: AnyPath | None = None
    identity_token: str | None = None
    trust_config: AnyPath | None = None
    timestamps: Sequence[str] = ()
    policy: AnyPath | None = None
    registry: str | Sequence[str] = ()
    unverified_parent: bool = False
    output: AnyPath | None = None
    workspace: Workspace = field(default_factory=lambda: Workspace(progress=Logged()))

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not is_repo(self.model):
            message = f"expected org/name for the model that is made, found {self.model!r}"
            raise ConfigError(message, path="model")
        if self.method is not None and self.method not in tuple(Method):
            known = ", ".join(Method)
            raise ConfigError(f"expected one of {known}, found {self.method!r}", path="method")
        for name in ("parents", "datasets", "timestamps"):
            if isinstance(getattr(self, name), str):
                message = f"expected a list, found a text: write [{getattr(self, name)!r}]"
                raise ConfigError(message, path=name)

    @property
    def stated(self) -> Method | None:
        """The method that the caller says."""
        return Method(self.method) if self.method else None

    @property
    def signing(self) -> SignerOptions:
        """Who signs."""
        return SignerOptions(
            key=os.fspath(self.key) if self.key is not None else None,
            certificate=_path(self.certificate),
            issuers=_path(self.chain),
            identity_token=self.identity_token,
            trust_config=_path(self.trust_config),
            timestamps=tuple(self.timestamps),
        )

    def signer(self, at: datetime) -> Signer:
        """The signer, as of the moment `at`. Raises ConfigError."""
        return self.signing.signer(self.workspace, self.request(()), at=at)

    def folder(self, named: AnyPath | None = None) -> Path:
        """The folder that is attested, `named` or `out`; ConfigError where there is neither."""
        chosen = named if named is not None else self.out
        if chosen is None:
            raise ConfigError("say where the model is written: out='./out'", path="out")
        return self.workspace.folder / chosen

    def target(self, folder: Path) -> Path:
        """The file that gets the statement over a folder."""
        named = self.output
        return self.workspace.folder / named if named is not None else folder / CLAIMS

    def desk(self, at: datetime) -> Desk:
        """Where the run's files are named from, and when it began."""
        workspace = self.workspace
        return Desk(
            at=at,
            folder=workspace.folder.absolute(),
            environment=workspace.environment,
            progress=workspace.progress,
        )

    def gathering(self) -> Gathering:
        """How models are judged, with none named. Raises ConfigError, TrustError."""
        session = self.workspace.session(self.request(()), needs_models=False)
        return self.workspace.gathering(of_parents(session, ()))

    def request(self, places: Sequence[str]) -> Request:
        """How the models at these places are judged."""
        registry = (self.registry,) if isinstance(self.registry, str) else tuple(self.registry)
        policy = os.fspath(self.policy) if self.policy is not None else None
        return Request(refs=tuple(places), policy=policy, registry=registry)


def _path(value: AnyPath | None) -> Path | None:
    return Path(value) if value is not None else None
