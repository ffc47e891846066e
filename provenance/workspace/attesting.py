"""How a model was made, attested: its parents judged and pinned first, then what came of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError, ProvenanceError
from provenance.model import Evidence, Ref
from provenance.produce.attest import Making, parent, statement
from provenance.produce.publishable import in_file_name
from provenance.produce.sign import Signer
from provenance.source import directory
from provenance.source.evidence_files import read, split
from provenance.source.files import alone_in, write
from provenance.source.limits import DEFAULT
from provenance.verdict import Result, Verdict
from provenance.wire.training import Parent
from provenance.workspace.carrying import carried
from provenance.workspace.gathering import Gathering
from provenance.workspace.materials import Desk
from provenance.workspace.parents import BESIDE, is_beside, judged

CLAIMS = "claims.jsonl"
MAX_CLAIMS = 64 << 20
SHOWN = 5


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
class Target:
    """The folder that is attested, the file that gets the statement, and who signs it."""

    folder: Path
    signer: Signer
    output: Path | None = None

    @property
    def file(self) -> Path:
        """The file that gets the statement."""
        return self.output or self.folder / CLAIMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a step began with, as it was then: its parents by every digest, and the statements that
    they carry, which are carried on."""

    parents: tuple[Parent, ...] = ()
    carried: tuple[bytes, ...] = ()


def file_in(folder: Path, output: Path | None) -> Path:
    """The file that a statement about the folder is added to, if one can be, or ConfigError."""
    file = output or folder / CLAIMS
    _present(file)
    return file


def begun(gathering: Gathering, model: str, *, unverified_parent: bool = False) -> Begun:
    """The session's models, judged and pinned as the parents of a step that makes `model`.

    Raises ParentRefused if one does not pass, unless `unverified_parent`; ConfigError, SourceError.
    """
    session = gathering.session
    known = [judged(session, one, gathering.of(one), model) for one in session.subjects]
    verdicts = [verdict for verdict, _ in known]
    refused = [verdict for verdict in verdicts if verdict.result is not Result.PASS]
    if refused and not unverified_parent:
        raise ParentRefused(refused)
    parents = [evidence for _, evidence in known]
    found = carried(parents, session.registry)
    if found.note:
        gathering.progress.note(found.note)
    return Begun(parents=_parents(parents, verdicts), carried=found.lines)


def signed(begun: Begun, statement: bytes, target: Target) -> Path:
    """The statement, signed, stands in the file that is returned, after those that stood there.

    Raises ConfigError, SourceError.
    """
    return added(target.file, [*begun.carried, target.signer.sign(statement).encode()])


def added(file: Path, lines: Sequence[bytes], *, instead: bytes = b"") -> Path:
    """The file has these bundles after those that stood there, but for the one that is `instead`.

    Raises ConfigError for a file that holds something else, and where it would hold too much.
    """
    with alone_in(file.parent):
        before = [line for line in _present(file) if line != instead]
        found = dict.fromkeys([*before, *lines])
        write(file, _readable([line.decode() for line in found], file))
    return file


def proposed(
    begun: Begun,
    making: Making,
    folder: Path,
    desk: Desk,
) -> bytes:
    """The statement that would be signed. Raises ConfigError, also for the name of a file that
    must not be published, and SourceError."""
    return statement(measured(folder, desk, begun.parents), making, begun.parents)


def measured(folder: Path, desk: Desk, parents: Sequence[Parent] = ()) -> Evidence:
    """The model in a folder, measured, as a statement about it names its files.

    Raises ConfigError for the name of a file, of the model or of its parents, that must not be
    published; SourceError. What trainers and their trackers leave beside a model is none of it.
    """
    ref = Ref(text=str(folder))
    evidence = directory.collect(folder, ref=ref, at=desk.at, progress=desk.progress, beside=BESIDE)
    if left := _left_out(folder):
        desk.progress.note(left)
    _check_names(folder, evidence, parents, desk.environment.private_names)
    return evidence


def _left_out(folder: Path) -> str:
    """What lies in the folder and a statement about the model in it does not cover, in words."""
    names = [name for name in sorted(os.listdir(folder)) if is_beside(name)]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    listed = ", ".join(ascii(name)[1:-1] for name in names[:SHOWN])
    return f"not attested, as none of the model: {listed}{more}" if names else ""


def _check_names(
    folder: Path, evidence: Evidence, parents: Sequence[Parent], private: Collection[str]
) -> None:
    """No file that a statement would name has a name that must not be published; those of a
    commit on a Hub are published already."""
    named = [(folder / file.path, file.path) for file in evidence.manifest.files]
    for one in parents:
        if one.commit is None:
            named += [(Path("--parent", file.path), file.path) for file in one.files]
    for place, path in named:
        if reason := in_file_name(path, private):
            raise ConfigError(
                f"its name looks like {reason}, and a statement names each file: rename it, or "
                "move it out of the folder of the model",
                path=str(place),
            )


def _parents(known: Sequence[Evidence], verdicts: Sequence[Verdict]) -> tuple[Parent, ...]:
    return tuple(
        parent(evidence, verified=verdict.result is Result.PASS)
        for evidence, verdict in zip(known, verdicts, strict=True)
    )


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
