"""`provenance lock`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click

from provenance.cli import completing, terminal
from provenance.cli.adopting import after
from provenance.cli.notice import notice
from provenance.cli.options import (
    BASE,
    HUMAN,
    LOCKFILE,
    OUTPUT,
    RULES,
    folded,
    with_options,
    with_request,
    with_workspace,
)
from provenance.cli.outcome import OUT_OF_DATE, combined, told
from provenance.cli.reporting import Reports, with_reports
from provenance.errors import ConfigError
from provenance.report.locked import change_lines
from provenance.workspace import LockOptions, Request, Workspace
from provenance.workspace.locking import check_listed, locked, out_of_step_in, sums

SUMS = "sha256sum"


def _in_utc(_: click.Context, __: click.Parameter, moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment


@click.command(name="lock")
@click.argument("refs", nargs=-1, metavar="[NAME]...")
@click.option(
    "--in-step",
    is_flag=True,
    help="Check, offline, that every model is locked with the repository, revision and files "
    "that provenance.toml asks for; exit 4 if one is not.",
)
@with_request()
@folded(
    "options",
    LockOptions,
    click.option("--check", is_flag=True, help="Write nothing; exit 4 if the lock would change."),
    click.option("--upgrade", is_flag=True, help="Follow every branch and tag anew."),
    click.option(
        "--upgrade-model",
        "upgrade_models",
        multiple=True,
        metavar="NAME",
        help="Follow the branch or tag of this model anew.",
    ),
    click.option("--measure", is_flag=True, help="Download and hash what the Hub does not state."),
    click.option(
        "--accept",
        multiple=True,
        metavar="RULE@REPO",
        shell_complete=completing.rules,
        help="Accept this change against the old lock.",
    ),
)
@click.option(
    "--exclude-newer",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    callback=_in_utc,
    metavar="DATE",
    help="Accept only releases whose verified signature time is before DATE.",
)
@with_reports(SUMS)
@with_options(*RULES, *LOCKFILE, *BASE)
@OUTPUT
@with_workspace
def command(
    request: Request,
    in_step: bool,
    options: LockOptions,
    reports: Reports,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Judge what provenance.toml names and write provenance.lock.

    What is locked already stays at its commit. A model that does not pass keeps its previous
    entry. --format sha256sum prints what is locked, for `sha256sum -c`, and judges nothing.
    """
    if in_step:
        return _in_step(request, workspace)
    session = workspace.session(replace(request, outputs=reports.files))
    check_listed(session, request.refs)
    if request.base and not options.check:
        raise ConfigError("goes with --check: a pull request is judged, not locked", path="--base")
    if reports.form == SUMS:
        reports.emit(sums(session, request.refs))
        return 0
    gathering = workspace.gathering(session)
    made = locked(gathering, options)
    reports.write(gathering, made.evaluations, made.unjudged)
    code = told(made.verdicts, made.unjudged)
    for line in made.hints("lock", *_flags(options, request)):
        notice(line)
    if not quiet and (made.written or made.stale):
        name = made.session.lock_path.name
        what = name if made.written else f"{name} would change"
        terminal.show(change_lines(what, made.changes), err=True)
    if reports.form == HUMAN and not (quiet or request.base):
        after(made)
    return combined([code, OUT_OF_DATE]) if made.stale else code


def _flags(options: LockOptions, request: Request) -> tuple[str, ...]:
    return ("--check",) * options.check + (("--base", request.base) if request.base else ())


def _in_step(request: Request, workspace: Workspace) -> int:
    """Whether every model of provenance.toml is locked as it is asked for, and no other is: here,
    or in every folder in which one of the named files of settings lies."""
    late = list(out_of_step_in(request, workspace))
    for text in late:
        notice(f"error: {text}: run `provenance lock`")
    return OUT_OF_DATE if late else 0
