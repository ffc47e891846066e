"""Which directory a server is started on: one that was admitted, or measured and found harmless to
load; and whether its bytes are still those."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError, ProvenanceError, SourceError
from provenance.model import Evidence, Ref
from provenance.source import directory
from provenance.source.progress import Progress
from provenance.verdict import Outcome, Verdict
from provenance.workspace import Request, Session, Workspace
from provenance.workspace.fetching import Fetcher, chosen_entries
from provenance.workspace.parents import BESIDE
from provenance.workspace.verifying import Verifier

NEEDED = ("format", "code")
"""The checks that must not fail before anything is loaded."""


class NotStarted(ProvenanceError):
    """No server was started on a model, because it was judged and failed; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A directory that may be served, what was measured of it, and how its files were then."""

    name: str
    place: Path
    evidence: Evidence
    repo: str
    standing: Mapping[str, tuple[int, ...]]
    is_fetched: bool = False

    def check_unchanged(self, at: datetime, progress: Progress) -> None:
        """Every byte is measured again; SourceError where a file is another, or was written to."""
        now = measured(self.place, at, progress)
        if now.manifest.digest != self.evidence.manifest.digest:
            before, after = self.evidence.manifest.by_path, now.manifest.by_path
            paths = before.keys() | after.keys()
            changed = sorted(path for path in paths if before.get(path) != after.get(path))
            raise SourceError(_changed(self.place, changed))
        standing = standing_of(self.place, now)
        if touched := sorted(
            path for path, was in self.standing.items() if standing.get(path) != was
        ):
            raise SourceError(_changed(self.place, touched))


def _changed(place: Path, paths: list[str]) -> str:
    shown = ", ".join(ascii(path)[1:-1] for path in paths[:5])
    return (
        f"{place} was written to while the model was asked ({shown}): nothing can be said of its "
        "bytes. Ask again where nobody writes"
    )


def admitted(workspace: Workspace, request: Request, ref: str) -> Admitted:
    """The directory of what is named: of a locked model of a Hub or store what the gate hands out,
    of a directory itself.

    Raises NotStarted where the gate refuses it, or its format or code fail; and as `verify` and
    `fetch` do ConfigError, SourceError.
    """
    session = workspace.session(request)
    subject = session.one
    if subject.place is not None:
        if not subject.place.is_dir():
            said = "expected a directory, found a file: put it into one, and say "
            raise ConfigError(f"{said}--server 'COMMAND {{model}}/FILE {{port}}'", path=ref)
        place, verdict = subject.place, _judged(workspace, session)
        _refuse_failing(verdict)
    else:
        place = _fetched(workspace, session, ref)
    evidence = measured(place, workspace.now(), workspace.progress)
    return Admitted(
        name=subject.name,
        place=place,
        evidence=evidence,
        repo=subject.ref.repo or "",
        standing=standing_of(place, evidence),
        is_fetched=subject.place is None,
    )


def measured(place: Path, at: datetime, progress: Progress) -> Evidence:
    """Every file of a directory, measured, but for what trainers leave beside a model."""
    return directory.collect(
        place, ref=Ref(text=str(place)), at=at, progress=progress, beside=BESIDE
    )


def standing_of(place: Path, evidence: Evidence) -> dict[str, tuple[int, ...]]:
    """When each file was last written to, and which file it is: whoever swaps bytes and swaps them
    back leaves another time of change."""
    found: dict[str, tuple[int, ...]] = {}
    for file in evidence.manifest.files:
        try:
            said = os.stat(place / file.path)
        except OSError as error:
            raise SourceError(f"{place / file.path}: {error.strerror}") from None
        found[file.path] = (
            said.st_dev,
            said.st_ino,
            said.st_size,
            said.st_mtime_ns,
            said.st_ctime_ns,
        )
    return found


def _judged(workspace: Workspace, session: Session) -> Verdict:
    verifier = Verifier(gathering=workspace.gathering(session))
    found = verifier.of(session.one)
    verdict = getattr(found, "verdict", None)
    if not isinstance(verdict, Verdict):
        raise SourceError(f"{session.one.name} could not be judged: {getattr(found, 'reason', '')}")
    return verdict


def _refuse_failing(verdict: Verdict) -> None:
    """NotStarted where loading it could run or read what nobody expects, or that was not judged."""
    outcomes = dict(verdict.checks)
    for check in NEEDED:
        if check not in outcomes:
            said = f"the policy does not ask for the check {check}: nothing is known of it"
            raise NotStarted(f"{verdict.name} was not started: {said}")
        if outcomes[check] is Outcome.FAIL:
            why = next(
                (
                    f"{one.rule}: {one.in_one_line}"
                    for one in verdict.findings
                    if one.check == check and one.outcome is Outcome.FAIL
                ),
                check,
            )
            raise NotStarted(f"{verdict.name} was not started: {why}")


def _fetched(workspace: Workspace, session: Session, ref: str) -> Path:
    """What the gate hands out of a locked model, in the Hub's cache."""
    entry, *_ = chosen_entries(session, [ref])
    found = Fetcher.of(workspace, session).fetch(entry)
    if found.place is not None:
        return found.place
    said = f"{ref} was not started: {found.reason}"
    raise SourceError(said) if found.refused is None else NotStarted(said)
