"""`verify --format vsa`: the verdicts, signed, for whoever admits models elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats.json import on_one_line
from provenance.judgement import Evaluation
from provenance.lock.known import matching
from provenance.policy.required import VSA as PREDICATE
from provenance.produce.sign import Signer
from provenance.produce.vsa import Rules, statement
from provenance.source.evidence_files import split
from provenance.wire.bundle import Opened
from provenance.wire.intoto import Statement
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.signing import SignerOptions
from provenance.workspace.workspace import Workspace

VSA = "vsa"
OCI = "oci://"


@dataclass(frozen=True, slots=True)
class Summariser:
    """Signs a summary of each verdict."""

    signer: Signer
    now: datetime

    def bundles(self, session: Session, evaluations: Iterable[Evaluation]) -> str:
        """A bundle a line for each model, or ConfigError for one of which there can be none."""
        if session.base:
            raise ConfigError("judges a pull request, which is nothing to sign", path="--base")
        statements = [
            statement(
                evaluation,
                rules=_rules(session, evaluation),
                at=self.now,
                artifact=_artifact(session, evaluation),
            )
            for evaluation in evaluations
        ]
        return "\n".join(on_one_line(self.signer.sign(text)).decode() for text in statements)


def _rules(session: Session, evaluation: Evaluation) -> Rules:
    """By what a model was judged, so that others find it."""
    if session.policy_path is None:
        return Rules.built_in(evaluation.verdict.profile)
    return Rules.of_file(session.policy_path, session.profile)


def _artifact(session: Session, evaluation: Evaluation) -> tuple[str, str] | None:
    """The artifact whose files were judged, where they came from one or are locked as of one."""
    evidence = evaluation.case.evidence
    entry = matching(session.lock, evidence) if session.lock else None
    places = [(evidence.ref.source, evidence.ref.commit)]
    places += [(entry.source, entry.commit)] if entry else []
    for source, commit in places:
        if source and commit and source.startswith(OCI):
            return source.removeprefix(OCI), commit.removeprefix("sha256:")
    return None


def summariser(
    form: str, signing: SignerOptions, workspace: Workspace, request: Request
) -> Summariser | None:
    """What signs the summaries, if they were asked for, or ConfigError."""
    if (form == VSA) is not signing.is_given:
        raise ConfigError("--format vsa and --sign-key go together")
    if not signing.is_given:
        return None
    for output in map(Path, request.outputs):
        _refuse_to_lose(output)
    return Summariser(signing.signer(workspace, request), workspace.now())


def _refuse_to_lose(output: Path) -> None:
    """ConfigError where a file holds statements that are no summaries: they would be gone."""
    data = output.read_bytes() if output.is_file() else b""
    for document in split(output.name, data):
        statement = Opened(document=document).statement
        if isinstance(statement, Statement) and statement.predicate_type != PREDICATE:
            message = "holds other statements, which would be lost: give the summary another name"
            raise ConfigError(message, path=str(output))
