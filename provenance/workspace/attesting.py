"""How a model was made, attested: its parents judged first, their statements carried on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from provenance.errors import ConfigError, Malformed, ProvenanceError
from provenance.formats import yaml
from provenance.judgement import evaluate
from provenance.model import Evidence, Ref
from provenance.names import is_repo
from provenance.produce.attest import Making, earlier, parent, statement
from provenance.produce.sign import Signer
from provenance.source import directory
from provenance.source.evidence_files import read, split
from provenance.source.files import write
from provenance.source.limits import DEFAULT
from provenance.source.progress import Progress
from provenance.verdict import Result, Verdict
from provenance.wire.training import Material, Method, Parent
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

CLAIMS = "claims.jsonl"
MAX_CLAIMS = 64 << 20
MAX_CONFIG = 1 << 20
COMMIT = re.compile(r"@([0-9a-f]{40})$")


class ParentRefused(ProvenanceError):
    """Nothing was attested, because a parent does not pass; `verdicts` are those that do not."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        said = "; ".join(f"{v.name}: {v.result}: {v.reason}" for v in verdicts)
        super().__init__(f"nothing was attested, because a parent does not pass: {said}")
        self.verdicts = tuple(verdicts)

    def lines(self) -> Iterator[str]:
        """Each parent that does not pass, and what to type to attest all the same."""
        for verdict in self.verdicts:
            yield f"error: the parent {verdict.name}: {verdict.result}: {verdict.reason}"
        yield (
            "Nothing was attested, because a parent does not pass. To record it anyway: "
            "--unverified-parent"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The folder that is attested, the file that gets the statement, and who signs it."""

    folder: Path
    signer: Signer
    output: Path | None = None

    @property
    def file(self) -> Path:
        """The file that gets the statement."""
        return self.output or self.folder / CLAIMS


def attested(
    gathering: Gathering, training: Training, target: Target, *, unverified_parent: bool = False
) -> Path:
    """The statement stands in the file that is returned, after those that stood there.

    The session's models are the parents. Raises ParentRefused if one does not pass, unless
    `unverified_parent`; ConfigError, SourceError.
    """
    known = [(subject, gathering.of(subject)) for subject in gathering.session.subjects]
    verdicts = [_verdict(gathering.session, *pair) for pair in known]
    refused = [verdict for verdict in verdicts if verdict.result is not Result.PASS]
    if refused and not unverified_parent:
        raise ParentRefused(refused)
    parents = [evidence for _, evidence in known]
    making = _making(training, _parents(parents, verdicts), gathering.at)
    evidence = _measured(target.folder, gathering.at, gathering.progress)
    before = _present(target.file)
    line = target.signer.sign(statement(evidence, making)).encode()
    lines = dict.fromkeys([*before, *earlier(parents), line])
    write(target.file, _readable([line.decode() for line in lines], target.file))
    return target.file


def without_models(session: Session, parents: Sequence[str]) -> Session:
    """The session with the named parents alone: of none named, none."""
    return replace(session, subjects=session.subjects if parents else ())


def _measured(folder: Path, at: datetime, progress: Progress) -> Evidence:
    return directory.collect(folder, ref=Ref(text=str(folder)), at=at, progress=progress)


def _making(training: Training, parents: tuple[Parent, ...], now: datetime) -> Making:
    config = training.config
    return Making(
        model=training.model,
        method=Method(training.method),
        parents=parents,
        materials=[
            *_materials("dataset", training.datasets),
            *_materials("code", training.code),
            *_config(config),
        ],
        parameters=_parameters(config),
        builder=training.builder or f"pkg:pypi/hf-provenance@{version('hf-provenance')}",
        started=training.started.replace(tzinfo=UTC) if training.started else None,
        finished=training.finished.replace(tzinfo=UTC) if training.finished else now,
    )


def _verdict(session: Session, subject: Subject, evidence: Evidence) -> Verdict:
    """The verdict on a parent, of whatever release: the lockfile says which one is deployed."""
    evaluation = evaluate(
        evidence,
        subject.policy,
        session.registry,
        name=subject.name,
        lock=session.lock,
        remembered=(),
    )
    return evaluation.verdict


def _parents(known: Sequence[Evidence], verdicts: Sequence[Verdict]) -> tuple[Parent, ...]:
    return tuple(
        parent(evidence, verified=verdict.result is Result.PASS)
        for evidence, verdict in zip(known, verdicts, strict=True)
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


def _readable(lines: Sequence[str], target: Path) -> str:
    """The text of these lines, if a verifier reads as many and as much, or ConfigError."""
    text = "".join(f"{line}\n" for line in lines)
    size, most = len(text.encode()), f"{DEFAULT.bundles} lines of {DEFAULT.bundle:,} bytes together"
    if len(lines) > DEFAULT.bundles or size > DEFAULT.bundle:
        message = f"would hold {len(lines)} statements of {size:,} bytes, and no more than {most} "
        raise ConfigError(f"{message}are read: write another file with -o", path=str(target))
    return text


def _present(target: Path) -> list[bytes]:
    """The lines that are there already, all of them bundles, or ConfigError."""
    if not os.path.lexists(target):
        return []
    data = read(str(target), MAX_CLAIMS)
    found = split(CLAIMS, data)
    if data.strip() and not found:
        raise ConfigError("holds something else than bundles: remove it", path=str(target))
    return [document.data for document in found]
