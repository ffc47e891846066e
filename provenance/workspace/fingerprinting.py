"""The fingerprint of a model's weights: made where the model lies, signed, and written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.model import Evidence
from provenance.produce.publishable import in_file_name
from provenance.produce.sign import Signer, of_a_size, refuse_strange
from provenance.registry.file import read_data
from provenance.registry.fingerprints import MOST, digest_of, opened
from provenance.report.fingerprinted import Described
from provenance.source import directory
from provenance.source.files import refuse_link, write, write_bytes
from provenance.source.progress import Step
from provenance.source.stored import FolderReader, root_of
from provenance.wire import fingerprinted as statements
from provenance.workspace.attested_fingerprint import beside
from provenance.workspace.own_registry import with_own_file
from provenance.workspace.request import Request
from provenance.workspace.secret import secret_in, secret_made
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject
from provenance.workspace.workspace import Workspace

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.fingerprint import Fingerprint
    from provenance.weights.matrix import Gathered
    from provenance.weights.stored import Reader, Stored

NOT_HERE = "its bytes are not here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where the fingerprint goes, and the file of the key to its secret coordinates, if it is to
    have such; `force` writes over whatever lies there."""

    output: Path
    secret: Path | None = None
    force: bool = False


def fingerprinted(
    workspace: Workspace, request: Request, wanted: Wanted, signer: Signer | None = None
) -> Described:
    """The fingerprint of the one model of a request lies where it is wanted; if there is a signer,
    with a statement beside it.

    A key that is not there is made. Raises ConfigError for a model that nobody gives a name, that
    has no weights to compare or holds what nobody should put their name to, and where something
    foreign would be lost; SourceError where its bytes are not here, or change meanwhile.
    """
    session = workspace.session(with_own_file(workspace, request))
    place, evidence = _measured(workspace, session, session.one)
    _check_outside(place, wanted)
    _refuse_to_replace(wanted, evidence.manifest.digest)
    stored, found = _stored(place, evidence)
    named = replace(evidence, ref=replace(evidence.ref, repo=_called(session, evidence, wanted)))
    coordinates, is_new = _coordinates(wanted.secret)
    made = _made(workspace, place, named, stored, found, coordinates)
    from provenance.weights.fingerprint import dumps

    data = dumps(made)
    if len(data) > MOST:
        raise ConfigError(f"would have {len(data):,} bytes, and a registry reads {MOST:,} of one")
    _write(wanted.output, data, private=wanted.secret is not None)
    org = session.registry.owner(made.repo)
    described = Described(
        file=str(wanted.output),
        digest=digest_of(data),
        size=len(data),
        model=made.repo,
        commit=made.commit,
        manifest=made.manifest,
        folder=str(place),
        coordinates=made.sample.coordinates,
        matrices=len(made.sample.blocks),
        values=made.sample.values,
        unread=made.sample.unread,
        tensors=len(made.ledger.entries),
        key=str(wanted.secret or ""),
        is_new=is_new,
        org=org.name if org else "",
    )
    if signer is None:
        return described
    _check_names(evidence, workspace)
    said = statements.Fingerprinted(
        fingerprint=described.digest,
        coordinates=described.coordinates,
        manifest=made.manifest,
        files={file.path: file.sha256 for file in evidence.manifest.files},
    )
    signed = of_a_size(statements.statement(said), f"{len(said.files)} files")
    write(beside(wanted.output), signer.sign(signed))
    return replace(described, statement=str(beside(wanted.output)))


def _measured(workspace: Workspace, session: Session, subject: Subject) -> tuple[Path, Evidence]:
    """Where the model lies, and every byte of it measured."""
    place, ref = subject.place, subject.ref
    if place is None:
        place, commit = _cached(workspace, session, subject)
        ref = replace(ref, commit=commit)
    evidence = directory.collect(place, ref=ref, at=workspace.now(), progress=workspace.progress)
    refuse_strange(evidence)
    return place, evidence


def _called(session: Session, evidence: Evidence, wanted: Wanted) -> str:
    """What the model is called: as it was named, else as the registry or the lockfile calls these
    very files; ConfigError where nobody does, for cards name their parents."""
    manifest = evidence.manifest.digest
    locked = session.lock.models() if session.lock else ()
    known = (
        evidence.ref.repo,
        *(root.repo for root in session.registry.roots_with(manifest)),
        *(entry.repo for entry in locked if entry.manifest == manifest),
    )
    if repo := next(filter(None, known), None):
        return repo
    folder = evidence.ref.text
    words = ["provenance", "fingerprint", folder, "--as", "ORG/NAME", "-o", str(wanted.output)]
    keyed = ["--key", str(wanted.secret)] if wanted.secret else []
    message = "neither your settings, the registry nor the lockfile says what this model is called"
    raise ConfigError(f"{message}: `{shlex.join([*words, *keyed])}`", path=folder)


def _cached(workspace: Workspace, session: Session, subject: Subject) -> tuple[Path, str]:
    """The snapshot in the Hub's cache, at the locked commit where none is said."""
    from provenance.source.hub import cache

    repo, entry = subject.ref.repo or "", session.pinned(subject)
    revision = entry.commit if entry else subject.ref.revision
    try:
        return cache.resolved(workspace.options.cache_dir, repo, revision)
    except SourceError as error:
        lines = f"`provenance add {repo}`, `provenance lock` and `provenance fetch {repo}`"
        raise SourceError(f"{NOT_HERE}: {error}; {lines} bring them") from None


def _stored(place: Path, evidence: Evidence) -> tuple[tuple[Stored, ...], Gathered]:
    """The model's tensors and matrices, some of which can be compared; else ConfigError says why
    not."""
    from provenance.source.weighing import nothing
    from provenance.weights.matrix import gathered
    from provenance.weights.sample import chosen
    from provenance.weights.stored import stored_in

    with closing(FolderReader(root=root_of(place))) as reading:
        stored = stored_in(evidence, reading)
    found = gathered(stored)
    if not chosen(found.matrices):
        message = f"cannot be fingerprinted: {nothing(evidence, stored)}"
        raise ConfigError(message, path=str(place))
    return stored, found


def _made(
    workspace: Workspace,
    place: Path,
    evidence: Evidence,
    stored: Sequence[Stored],
    found: Gathered,
    coordinates: Coordinates,
) -> Fingerprint:
    from provenance.source.ledgers import ledger_of
    from provenance.source.weighing import left_out
    from provenance.weights.fingerprint import made
    from provenance.weights.stored import Unreadable

    root = root_of(place)
    total = sum(one.end - one.begin for one in stored)
    try:
        with _reading(workspace, root, total) as reader:
            return made(
                found.matrices,
                reader,
                coordinates,
                ledger_of(root, stored, reader),
                repo=evidence.ref.repo or "",
                commit=evidence.ref.commit or "",
                manifest=evidence.manifest.digest,
                unread=left_out(evidence, stored, found),
            )
    except Unreadable as error:
        raise SourceError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Told:
    """A reader that says how far it has come."""

    reader: Reader
    step: Step

    def read(self, path: str, begin: int, end: int) -> bytes:
        """The bytes that the reader has."""
        data = self.reader.read(path, begin, end)
        self.step.advance(len(data))
        return data


@contextmanager
def _reading(workspace: Workspace, root: Path, total: int) -> Iterator[Reader]:
    reader = FolderReader(root=root)
    step = workspace.progress.step(f"{root.name}: fingerprinting", total)
    try:
        yield Told(reader, step)
    finally:
        step.end()
        reader.close()


def _coordinates(secret: Path | None) -> tuple[Coordinates, bool]:
    """The coordinates of a key, and whether it was made just now; the public ones of none."""
    from provenance.weights.coordinates import Coordinates

    if secret is None:
        return Coordinates(), False
    is_new = not os.path.lexists(secret)
    return Coordinates.keyed(secret_made(secret) if is_new else secret_in(secret)), is_new


def _check_outside(place: Path, wanted: Wanted) -> None:
    """Nothing is written into the model, whose manifest would be another then, or ConfigError."""
    for file in (wanted.output, wanted.secret):
        if file and place.is_dir() and file.resolve().is_relative_to(place.resolve()):
            raise ConfigError(f"lies inside the model {place}: write it elsewhere", path=str(file))


def _refuse_to_replace(wanted: Wanted, manifest: str) -> None:
    """Nothing foreign is lost: only a fingerprint of the same model is written over."""
    files = (wanted.output, beside(wanted.output))
    for file in files:
        refuse_link(file)
    if wanted.force or not any(map(os.path.lexists, files)):
        return
    try:
        same = opened(read_data(wanted.output, MOST), str(wanted.output)).manifest == manifest
    except ConfigError:
        same = False
    if not same:
        held = next(file for file in files if os.path.lexists(file))
        message = "is not a fingerprint of this model: remove it, write another with -o, or --force"
        raise ConfigError(message, path=str(held))


def _write(output: Path, data: bytes, *, private: bool) -> None:
    try:
        if private:
            os.close(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.chmod(output, 0o600)
        write_bytes(output, data)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(output)) from None


def _check_names(evidence: Evidence, workspace: Workspace) -> None:
    """No file of a folder that the statement names has a name that must not be published."""
    private: Sequence[str] = tuple(workspace.environment.private_names)
    for file in evidence.manifest.files if evidence.ref.commit is None else ():
        if reason := in_file_name(file.path, private):
            message = f"its name looks like {reason}, and a statement names each file: rename it"
            raise ConfigError(message, path=file.path)
