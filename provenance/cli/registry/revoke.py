"""`provenance registry revoke`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import revoking
from provenance.cli.options import LOCKFILE, with_options, with_workspace
from provenance.cli.registry.editing import edit, with_file
from provenance.errors import ConfigError
from provenance.formats.toml import appended
from provenance.policy import BUILTIN
from provenance.registry.editing import Book
from provenance.report.common import printable
from provenance.revoking import Named
from provenance.workspace import Request, Session, Workspace

BYTES = ("manifest", "commit")
"""What names certain bytes, so that the lockfile may know more of them."""


@click.command(name="revoke")
@click.argument("model", required=False)
@click.option("--manifest", help="sha256:… of a model's files, as `verify -v` prints it.")
@click.option("--files", multiple=True, help="sha256:… of one file; once for each.")
@click.option("--repo", help="A whole repository.")
@click.option("--commit", help="One commit, wherever it lies.")
@click.option("--signer", help="A signer: its name, ORG/NAME, or its identity.")
@click.option("--key", help="sha256:… of a key or certificate.")
@click.option("--reason", required=True, help="What happened, and where to read more.")
@click.option(
    "--compromised-since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    help="For a signer or key: what it signed from then on is refused.",
)
@with_options(*LOCKFILE)
@with_workspace
@with_file
def command(
    model: str | None,
    manifest: str | None,
    files: tuple[str, ...],
    repo: str | None,
    commit: str | None,
    signer: str | None,
    key: str | None,
    reason: str,
    compromised_since: datetime | None,
    lockfile: Path | None,
    workspace: Workspace,
    quiet: bool,
    file: Path,
) -> None:
    """Refuse something from now on; it is decided before everything else, and nothing lowers it.

    MODEL is the name of a locked model, a directory, or org/name[@revision] on a Hub: its manifest
    and each file of its weights are refused, so that no other file added or left out makes it
    another model. So are the weights of a locked model that --manifest or --commit names.
    """
    words = {"manifest": manifest, "repo": repo, "commit": commit, "signer": signer, "key": key}
    table: dict[str, object] = {name: value for name, value in words.items() if value}
    if len(table) + bool(model) > 1 or not (table or model or files):
        known = ", ".join(f"--{word}" for word in words)
        raise ConfigError(f"expected MODEL or one of {known}, --files")
    session = _session(model, lockfile, workspace) if model or table.keys() & set(BYTES) else None
    named = _model(model, session, workspace) if model and session else None
    if named:
        table["manifest"] = named.manifest
    also = [named] if named else _locked(session, table) if session else []
    if weights := list(dict.fromkeys([*files, *(digest for one in also for digest in one.files)])):
        table["files"] = weights
    if compromised_since:
        moment = compromised_since
        table["compromised_since"] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    table["reason"] = reason
    book = Book.opened(file)
    standing = revoking.standing(book.rows("revoked"), table)
    if standing is None:
        edit(book, lambda text: appended(text, ("revoked",), table))
    else:
        click.echo(f"{file} refuses this already, and stays as it is: {printable(standing)}")
    _warn(also)


def _session(model: str | None, lockfile: Path | None, workspace: Workspace) -> Session:
    """The lockfile that lies here, if one does; no registry judges what is to be refused."""
    request = Request(lockfile=lockfile, registry=(BUILTIN,))
    found = workspace.session(request, needs_models=False)
    if model is None or (found.lock and found.lock.named(model)):
        return found
    return workspace.session(replace(request, refs=(model,)))


def _model(model: str, session: Session, workspace: Workspace) -> Named:
    """How the model is named: as it is locked, or as it lies in a directory or on a Hub."""
    entry = session.lock.named(model) if session.lock else None
    if entry:
        return revoking.of_entry(entry)
    whole = replace(session.one, include=(), exclude=())
    return revoking.of_evidence(workspace.gathering(session).of(whole))


def _locked(session: Session, table: dict[str, object]) -> list[Named]:
    """The locked models, and none else, that an entry of the registry already means."""
    value = next(table[word] for word in BYTES if word in table)
    entries = session.lock.models() if session.lock else ()
    return [
        revoking.of_entry(entry)
        for entry in entries
        if value in (entry.manifest, entry.selected, entry.commit)
    ]


def _warn(named: Iterable[Named]) -> None:
    """Say which weights could not be named, so that nobody takes them for refused."""
    for path in [path for one in named for path in one.unknown]:
        click.echo(
            f"warning: the digest of {path} is not known: name the directory that holds the file",
            err=True,
        )
    if any(not (one.files or one.unknown) for one in named):
        click.echo("warning: the model has no weight files: only its manifest is refused", err=True)
