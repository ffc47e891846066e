"""`provenance bom`: what is locked, measured and attested, as a bill of materials; signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.case.case import Case
from provenance.case.mirror import mirror
from provenance.claims.files import ModelFiles
from provenance.claims.licences import licences
from provenance.errors import ConfigError
from provenance.lineage import Graph
from provenance.lock import Entry, Lock, Part
from provenance.lock.known import with_locked
from provenance.model import Evidence
from provenance.source.files import deliver
from provenance.workspace import lockfile
from provenance.workspace.attested_fingerprint import beside
from provenance.workspace.gathering import Gathering
from provenance.workspace.measuring import Measured, measured
from provenance.workspace.request import Request
from provenance.workspace.signing import SignerOptions
from provenance.workspace.workspace import Workspace

if TYPE_CHECKING:
    from provenance.produce.bom.bill import Bill, Billed

FORMATS = ("cyclonedx",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where else the models of the lockfile lie; in which version of CycloneDX, the newest
    if None; who answers for it; and the file that it is written to, stdout if None."""

    directories: tuple[Path, ...] = ()
    spec: str | None = None
    author: str = ""
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The document, its bundle if it was signed, and why it is not complete, if it is not."""

    text: str
    bundle: str | None = None
    gap: str = ""


def billed(
    workspace: Workspace, request: Request, wanted: Wanted, signing: SignerOptions
) -> Written:
    """The bill of materials of the models in a lockfile that pass.

    One that was not measured stands in it without files, and it says so. Raises ConfigError, also
    where the extra is missing, and what `verify` raises for registries; SourceError.
    """
    try:
        from provenance.produce.bom.cyclonedx import document, schema
        from provenance.produce.bom.signed import statement
    except ImportError as error:
        message = f"needs {error.name}: pip install 'hf-provenance[bom]'"
        raise ConfigError(message, path="bom") from None
    asked = schema(wanted.spec)
    if signing.is_given and wanted.output in (None, "-"):
        message = "writes the signature beside the document: say where with -o FILE"
        raise ConfigError(message, path=signing.KEY)
    signer = signing.signer(workspace, request) if signing.is_given else None
    lock = _lock(request.lockfile or Path(lockfile.FILE_NAME))
    found = measured(
        lock,
        wanted.directories,
        at=workspace.now(),
        progress=workspace.progress,
        cache_dir=workspace.options.cache_dir,
    )
    bill = _bill(workspace, request, lock, found, wanted.author)
    text = document(bill, asked) + "\n"
    return Written(
        text=text,
        bundle=signer.sign(statement(bill, text, Path(wanted.output or "-").name))
        if signer
        else None,
        gap=found.reason if found.unmeasured else "",
    )


def delivered(written: Written, output: str) -> Path | None:
    """The document lies in a file, and the bundle beside it, if there is one: where that lies."""
    deliver(Path(output), written.text)
    if written.bundle is None:
        return None
    deliver(beside(Path(output)), written.bundle)
    return beside(Path(output))


def _lock(path: Path) -> Lock:
    """The lockfile, or ConfigError for anything else, and for one without a model."""
    if path.is_dir():
        line = f"provenance bom {lockfile.FILE_NAME} {path}"
        raise ConfigError(f"is a directory, and first comes the lockfile: `{line}`", path=str(path))
    if not path.exists():
        raise ConfigError("there is no such file: `provenance lock` writes one", path=str(path))
    lock = lockfile.load(path)
    if not lock.models():
        raise ConfigError("has no model: `provenance lock` says why", path=str(path))
    return lock


def _bill(workspace: Workspace, request: Request, lock: Lock, found: Measured, author: str) -> Bill:
    from provenance.produce.bom.bill import Bill

    session = workspace.session(request, needs_models=False)
    gathering = workspace.gathering(session)
    models = tuple(_billed(gathering, lock, entry, found) for entry in found.entries)
    above = tuple(entry for entry in lock.entries if entry.part is Part.ANCESTOR)
    brought = lock.members_of(found.entries)
    return Bill(models=models, at=workspace.now(), author=author, brought=brought, above=above)


def _billed(gathering: Gathering, lock: Lock, entry: Entry, found: Measured) -> Billed:
    from provenance.produce.bom.bill import Billed

    evidence = found.here.get(entry.name)
    if evidence is None:
        return Billed(entry=entry, measured=found.has(entry))
    graph = _graph(gathering, lock, entry, evidence)
    return Billed(entry=entry, licences=licences(evidence), graph=graph)


def _graph(gathering: Gathering, lock: Lock, entry: Entry, evidence: Evidence) -> Graph:
    """The lineage of a model that is here, by whatever was attested of it."""
    session = gathering.session
    evidence = gathering.with_detached(with_locked(evidence, lock, entry))
    files, registry = ModelFiles(evidence=evidence), session.registry
    origin = mirror(files, registry, lock)
    policy = session.policy_of(entry)
    return Case.heard(evidence, policy, registry, (), origin, files, lock).graph
