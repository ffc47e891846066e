"""`provenance sign`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import here
from provenance.cli.signer import with_signer
from provenance.errors import ConfigError, Malformed
from provenance.formats.names import BOOKKEEPING
from provenance.model import Evidence, Ref
from provenance.produce.sign import CertificateSigner, KeySigner, Signer, statement
from provenance.source import directory
from provenance.source.evidence_files import is_evidence_name, read
from provenance.wire import bundle as bundles
from provenance.wire.bundle import Bundle, Chain, KeyHint
from provenance.workspace.signing import MAX_KEY, SignerOptions


@click.command(name="sign")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@with_signer
@click.option("-o", "--output", metavar="FILE", help="Where to write the signature.")
@click.option("--force", is_flag=True, help="Replace a signature somebody else made.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    path: Path,
    signing: SignerOptions,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Sign every file of the model at PATH; write PATH/model.sig.

    With --key, or --key and --certificate, or keyless: --identity-token, else the identity of
    the CI job this runs in.
    """
    target = Path(output) if output else _beside(path)
    _refuse_to_hide(path, target)
    now = datetime.now(UTC)
    signer = signing.signer(now, here().environment)
    _refuse_to_replace(target, signer, force=force)
    evidence = directory.collect(
        path, ref=Ref(text=str(path)), at=now, progress=terminal.progress(quiet=quiet)
    )
    ignored = () if path.is_file() else _ignored(path, target, evidence)
    text = signer.sign(statement(evidence, path.resolve().name, ignored=ignored))
    terminal.emit(text, str(target))
    if not quiet:
        click.echo(f"signed: {target}", err=True)


def _ignored(path: Path, target: Path, evidence: Evidence) -> set[str]:
    """What lies in the folder and is no part of the model: signatures, a download's bookkeeping."""
    found = {document.path.partition(":")[0] for document in evidence.bundles}
    if target.resolve().is_relative_to(path.resolve()):
        found.add(target.resolve().relative_to(path.resolve()).as_posix())
    if (path / BOOKKEEPING).is_dir():
        found.add(BOOKKEEPING.rstrip("/"))
    return found


def _beside(path: Path) -> Path:
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
