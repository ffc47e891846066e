"""`provenance verify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from provenance.cli.options import (
    BASE,
    EVIDENCE,
    FILE,
    LOCKFILE,
    OUTPUT,
    RULES,
    with_options,
    with_request,
    with_workspace,
)
from provenance.cli.outcome import told
from provenance.cli.reporting import Reports, with_reports
from provenance.cli.signer import with_signer_apart
from provenance.errors import ConfigError
from provenance.workspace import Request, Workspace
from provenance.workspace.signing import SignerOptions
from provenance.workspace.summarising import summariser
from provenance.workspace.verifying import Verifier, refreshed, verified, written_down


@click.command(name="verify")
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option("--revision", metavar="REV", help="Branch, tag or commit (same as REF@REV).")
@with_request(*EVIDENCE, *RULES)
@click.option("--lock", "exact", is_flag=True, help="The files must be those of the lockfile.")
@with_options(*LOCKFILE, *BASE)
@click.option("--strict-expiry", is_flag=True, help="With --lock: what has expired fails.")
@click.option("--refresh-roots", is_flag=True, help="Fetch the public-good Sigstore root now.")
@click.option("--evidence", type=FILE, help="Judge what `inspect --format json` wrote.")
@with_reports("vsa")
@with_signer_apart
@OUTPUT
@with_workspace
def command(
    request: Request,
    signature: Path | None,
    exact: bool,
    strict_expiry: bool,
    refresh_roots: bool,
    evidence: Path | None,
    reports: Reports,
    signing: SignerOptions,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Judge models on a Hub or on this machine.

    REF is org/name[@revision], a directory, a file, or the name of a model in provenance.toml;
    without one, all of them. A model that is locked is judged at its locked commit; org/name@main
    asks for what is there now. Of a model on a Hub some kilobytes are read, and no weights; nothing
    in a model is run, and nothing is written.
    """
    request = replace(request, outputs=reports.files)
    summarising = summariser(reports.form, signing, workspace, request)
    if evidence and (request.refs or signature or exact or request.revision):
        raise ConfigError("--evidence stands alone: it holds the model and its signatures")
    replayed = written_down(evidence) if evidence else None
    session = workspace.session(request, replayed=replayed)
    if refresh_roots:
        session = refreshed(session, workspace)
    verifier = Verifier(
        gathering=workspace.gathering(session, signature=signature),
        exact=exact or request.lockfile is not None,
        strict_expiry=strict_expiry,
    )
    found = verified(verifier, replayed)
    if summarising and not found.unjudged:
        reports.emit(summarising.bundles(session, found.evaluations))
    reports.write(verifier.gathering, found.evaluations, found.unjudged, shown=not summarising)
    for line in found.notes():
        workspace.progress.note(line)
    return told(found.verdicts, found.unjudged)
