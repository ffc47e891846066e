"""Every file of a model signed, where a verifier finds it and nothing foreign is lost."""

from __future__ import annotations

import os
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.formats.names import BOOKKEEPING
from provenance.formats.signatures import is_evidence_name
from provenance.model import Evidence, Ref
from provenance.produce.sign import CertificateSigner, KeySigner, Signer, statement
from provenance.source import directory
from provenance.source.evidence_files import read
from provenance.wire import bundle as bundles
from provenance.wire.bundle import Bundle, Chain, KeyHint
from provenance.workspace.signing_key import MAX_KEY
from provenance.workspace.workspace import Workspace


def signed(
    workspace: Workspace, path: Path, signer: Signer, *, target: Path, force: bool = False
) -> str:
    """The bundle over every file at `path`, to be written to `target`.

    Raises ConfigError where a verifier would not find it, or where `target` has something that
    this signer did not sign, unless `force`; SourceError.
    """
    _refuse_to_hide(path, target)
    _refuse_to_replace(target, signer, force=force)
    evidence = directory.collect(
        path, ref=Ref(text=str(path)), at=workspace.now(), progress=workspace.progress
    )
    ignored = () if path.is_file() else _ignored(path, target, evidence)
    return signer.sign(statement(evidence, path.resolve().name, ignored=ignored))


def _ignored(path: Path, target: Path, evidence: Evidence) -> set[str]:
    """What lies in the folder and is no part of the model: signatures, a download's bookkeeping."""
    found = {document.path.partition(":")[0] for document in evidence.bundles}
    if target.resolve().is_relative_to(path.resolve()):
        found.add(target.resolve().relative_to(path.resolve()).as_posix())
    if (path / BOOKKEEPING).is_dir():
        found.add(BOOKKEEPING.rstrip("/"))
    return found


def beside(path: Path) -> Path:
    """Where the signature of a model lies."""
    return path.with_name(f"{path.name}.sig") if path.is_file() else path / "model.sig"


def _refuse_to_hide(path: Path, target: Path) -> None:
    """In a model's folder a signature lies where it is looked for; elsewhere it is a file of it."""
    folder, place = path.resolve(), target.resolve()
    if path.is_dir() and place.is_relative_to(folder):
        inner = place.relative_to(folder).as_posix()
        if not is_evidence_name(inner):
            raise ConfigError(
                f"`verify` finds no signature there: write {path / 'model.sig'}, another name in "
                f"{path} that ends in .sig or .sigstore.json, or outside of it",
                path=str(target),
            )


def _refuse_to_replace(target: Path, signer: Signer, *, force: bool) -> None:
    """Nothing foreign is lost: only a signature by the same key or certificate is written over."""
    if force or not os.path.lexists(target):
        return
    try:
        present = bundles.parse(read(str(target), MAX_KEY * 16))
    except Malformed:
        present = None
    if present is None or not _is_own(present, signer):
        raise ConfigError(
            "holds something this key did not sign: remove it, or pass --force", path=str(target)
        )


def _is_own(present: Bundle, signer: Signer) -> bool:
    match signer, present.material:
        case KeySigner(), KeyHint(hint=hint):
            return hint in signer.key.public.hints
        case CertificateSigner(), Chain(certificates=found):
            return found[0] == signer.certificates[0].der
    return False
