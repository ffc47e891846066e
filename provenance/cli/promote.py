"""`provenance promote`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.fetch import refused
from provenance.cli.notice import notice
from provenance.cli.options import FROZEN, LOCKFILE, RULES, with_request, with_workspace
from provenance.cli.outcome import CANNOT_JUDGE
from provenance.cli.signer import with_signer_apart
from provenance.report.promoted import promoted_lines
from provenance.workspace import Request, Workspace
from provenance.workspace.fetching import Fetcher, chosen_entries
from provenance.workspace.promoting import Promotion, promoted
from provenance.workspace.signing import SignerOptions


@click.command(name="promote")
@click.argument("name", metavar="NAME")
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="oci://host/repository, s3://, gs://, az://bucket/prefix, file:///folder, or org/name.",
)
@click.option("--tag", default="", metavar="TAG", help="Tag in a registry (default: the commit).")
@click.option(
    "--local-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the admitted model (default: the Hub's cache).",
)
@click.option(
    "--replace", is_flag=True, help="Replace what an earlier promotion put there, and nothing else."
)
@FROZEN
@with_signer_apart
@with_request(*RULES, *LOCKFILE)
@with_workspace
def command(
    request: Request,
    name: str,
    to: str,
    tag: str,
    local_dir: Path | None,
    replace: bool,
    frozen: bool,
    signing: SignerOptions,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Put an admitted model into another store, with its evidence.

    NAME is a model of provenance.lock. It is fetched and judged as `fetch` does it; then exactly
    those bytes are written, with an attestation of where they came from, which --sign-key signs.
    """
    session = workspace.session(request, needs_models=False)
    signer = signing.signer(workspace, request)
    entry = chosen_entries(session, (name,), local_dir=local_dir, frozen=frozen)[0]
    fetcher = Fetcher.of(workspace, session, local_dir=local_dir)
    found = promoted(fetcher, entry, Promotion(to=to, signer=signer, tag=tag, replacing=replace))
    if found.fetched.admitted is None:
        return refused(found.fetched, session, "promoted")
    if found.delivered is None:
        notice(f"error: {name} was not promoted: {found.reason}")
        return CANNOT_JUDGE
    if not quiet:
        terminal.show(promoted_lines(found.fetched.admitted.verdict, found.delivered, entry))
    return 0
