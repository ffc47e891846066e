"""`provenance fetch`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.notice import notice
from provenance.cli.options import FROZEN, HUMAN, LOCKFILE, RULES, with_request, with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, RESULTS, combined
from provenance.cli.reporting import show
from provenance.errors import ConfigError
from provenance.workspace import Fetched, Request, Session, Workspace
from provenance.workspace.fetching import Fetcher, chosen_entries, refusal


@click.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--local-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the model (default: the Hub's cache).",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Replace an earlier release that was fetched to --local-dir.",
)
@FROZEN
@with_request(*RULES, *LOCKFILE)
@with_workspace
def command(
    request: Request,
    names: tuple[str, ...],
    local_dir: Path | None,
    replace: bool,
    frozen: bool,
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Download exactly what is locked and passes, or nothing.

    NAME is a model of provenance.lock; without one, all that come from a Hub. Each is judged again
    with today's registry, before the download and by the downloaded bytes.
    """
    session = workspace.session(request, needs_models=False)
    if replace and not local_dir:
        raise ConfigError(
            "goes with --local-dir: nothing in the cache is replaced", path="--replace"
        )
    entries = chosen_entries(session, names, local_dir=local_dir, frozen=frozen)
    fetcher = Fetcher.of(workspace, session, local_dir=local_dir, replacing=replace)
    return combined([_told(fetcher.fetch(entry), fetcher, quiet) for entry in entries])


def _told(fetched: Fetched, fetcher: Fetcher, quiet: bool) -> int:
    """The exit code of one entry; where it was admitted, how to load it is printed."""
    if fetched.admitted is None:
        return refused(fetched, fetcher.session, "fetched")
    if not quiet:
        terminal.show(fetcher.lines(fetched.entry, fetched.admitted))
    return 0


def refused(fetched: Fetched, session: Session, what: str) -> int:
    """The exit code of an entry that was not fetched, so not `what` was meant; why is said."""
    code, verdict = CANNOT_JUDGE, fetched.refused
    if verdict is not None:
        code = max(FAIL, RESULTS[verdict.result])
        show(refusal((verdict,), session), HUMAN, None)
    notice(f"error: {fetched.entry.name} was not {what}: {fetched.reason}")
    return code
