"""Somebody else's evaluation of a model in a folder, as a test result about its files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.evaluations import KINDS, Report, Threshold, Undecided, decided, kind_of
from provenance.evaluations.deciding import Decision
from provenance.evaluations.kinds import HEAD
from provenance.model import Evidence
from provenance.produce.publishable import in_file_name, published, refusals
from provenance.produce.result import statement
from provenance.report.common import printable
from provenance.wire.descriptor import MAX_TEXT, Descriptor, Note
from provenance.wire.results import TestOutcome, TestResult
from provenance.workspace.attesting import measured
from provenance.workspace.materials import Desk
from provenance.workspace.workspace import Workspace

MOST = 1_000_000_000
"""Bytes of a report."""
OPTION = "--from"
AS_IT_STANDS = "by another program, taken as it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The file of a report, its kind if it is not to be told by how it begins, and what is good
    enough; `model` is what the model is called, where that is not the folder's name."""

    report: Path
    kind: str | None = None
    passes: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The statement that would be signed, what it says, and that in lines for people."""

    statement: bytes
    result: TestResult
    lines: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether it says that the model failed."""
        return self.result.result is TestOutcome.FAILED


def proposed(workspace: Workspace, folder: Path, reported: Reported) -> Proposed:
    """The statement about the model in the folder that a report makes; nothing is written.

    Raises ConfigError for a report that cannot be read, is of an unfinished run, leaves open what
    is good enough or lies among the model's files; SourceError.
    """
    thresholds = tuple(map(Threshold.of, reported.passes))
    report, descriptor = _read(reported)
    decision = _decided(report, thresholds, reported)
    environment = workspace.environment
    desk = Desk(at=workspace.now(), environment=environment, progress=workspace.progress)
    evidence = measured(folder, desk)
    _check_apart(reported.report, folder, evidence)
    private = environment.private_names
    result, hidden = _public(decision.result, private)
    said = _notes(report, decision, reported, private)
    when = min(result.created or desk.at, desk.at)
    about = replace(descriptor, notes=tuple(sorted(said.items())))
    result = replace(result, configuration=(*result.configuration, about), created=when)
    lines = (*_lines(report, decision, evidence), *_whose(report, folder, reported.model), *hidden)
    return Proposed(
        statement=statement(evidence, result),
        result=result,
        lines=tuple(map(printable, lines)),
    )


def _read(reported: Reported) -> tuple[Report, Descriptor]:
    """What the file reports, and the file by its digest."""
    place = f"{OPTION} {reported.report}"
    try:
        with reported.report.open("rb") as stream:
            state = os.fstat(stream.fileno())
            if not S_ISREG(state.st_mode):
                raise ConfigError("expected a regular file, found something else", path=place)
            if state.st_size >= MOST:
                message = f"expected fewer than {MOST:,} bytes, found {state.st_size:,}"
                raise ConfigError(f"{message}: split the run", path=place)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            report = _reported(stream, reported.kind)
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror or error}") from None
    except Malformed as error:
        raise ConfigError(printable(str(error)), path=place) from None
    return report, Descriptor(digest=(("sha256", digest),))


def _reported(stream: BinaryIO, kind: str | None) -> Report:
    head = stream.read(HEAD)
    stream.seek(0)
    chosen = kind or kind_of(head)
    try:
        return KINDS[chosen].read(stream)
    except Malformed as error:
        raise Malformed(f"read as {KINDS[chosen].called}: {error}") from None


def _decided(report: Report, thresholds: tuple[Threshold, ...], reported: Reported) -> Decision:
    try:
        return decided(report, thresholds)
    except Undecided as error:
        lines = "\n".join(f"  {printable(line)}" for line in error.lines)
        raise ConfigError(f"{printable(str(error))}:\n{lines}") from None


def _check_apart(report: Path, folder: Path, evidence: Evidence) -> None:
    """The report is no file of the model, whose digest it would change."""
    place, top = report.resolve(), folder.resolve()
    inner = place.relative_to(top).as_posix() if place.is_relative_to(top) else ""
    if inner in evidence.manifest.by_path:
        message = "lies among the files of the model, and would be one of them: move it out of DIR"
        raise ConfigError(message, path=f"{OPTION} {report}")


def _public(result: TestResult, private: Collection[str]) -> tuple[TestResult, tuple[str, ...]]:
    """The result without names that must not be published, and a line that says how many."""

    def shows(name: str) -> bool:
        return not any(refusals(name, private=private))

    kept = replace(
        result,
        configuration=tuple(one for one in result.configuration if shows(one.name)),
        passed=tuple(filter(shows, result.passed)),
        warned=tuple(filter(shows, result.warned)),
        failed=tuple(filter(shows, result.failed)),
    )
    lost = _names(result) - _names(kept)
    line = f"  left out, as they look like paths or secrets: names of tests or suites ({lost})"
    return kept, (line,) if lost else ()


def _names(result: TestResult) -> int:
    return len((*result.configuration, *result.passed, *result.warned, *result.failed))


def _notes(
    report: Report, decision: Decision, reported: Reported, private: Collection[str]
) -> Mapping[str, Note]:
    """What the statement says of the report, without what must not be published."""
    counts = {outcome.lower(): count for outcome, count in decision.counts.items()}
    said: dict[str, Note] = {
        **dict(report.notes),
        **counts,
        "reported": AS_IT_STANDS,
        "tool": report.tool[:MAX_TEXT],
    }
    if report.model:
        said["model"] = report.model[:MAX_TEXT]
    if not in_file_name(reported.report.name, private):
        said["file"] = reported.report.name[:MAX_TEXT]
    kept, _ = published(said, private=private)
    return {name: note for name, note in said.items() if name in kept}


def _lines(report: Report, decision: Decision, evidence: Evidence) -> Iterator[str]:
    """What the statement says, in few words."""
    counts = ", ".join(f"{count} {outcome.lower()}" for outcome, count in decision.counts.items())
    suites = ", ".join(one.name for one in decision.result.configuration[:8])
    yield f"{decision.result.result} of {len(evidence.manifest.files)} files; tests: {counts}"
    yield f"  suite {suites}, as {report.tool} reports it: nothing of it was run or checked here"
    for name in ("limit", "sample_id", "early_stopping", "unscored"):
        if name in (notes := dict(report.notes)):
            yield f"  not all of the suite: {name} is {notes[name]}"
    if report.finished is None:
        yield "  the report says no time: the statement has the present one"


def _whose(report: Report, folder: Path, model: str | None) -> Iterator[str]:
    """Whether the report names another model than the one it is said to be of."""
    called = model or folder.resolve().name
    if not report.model:
        yield f"  the report names no model: that it is of {called} is your word alone"
    elif not _is_same(report.model, folder, called):
        yield (
            f"  the report is of {report.model}, and the statement of {called} in {folder}: "
            "sign it only if you know that these are the same files"
        )


def _is_same(named: str, folder: Path, called: str) -> bool:
    """Whether a name in a report may be that of the model: by its last parts, or as the folder."""
    text = named.rstrip("/")
    return (
        text == called
        or text.endswith(f"/{called}")
        or os.path.abspath(text) == str(folder.resolve())
    )
