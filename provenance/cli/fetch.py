"""`provenance fetch`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import LOCKFILE, RULES, with_request, with_workspace
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, OUT_OF_DATE, RESULTS, combined
from provenance.cli.reporting import show
from provenance.errors import ConfigError
from provenance.lock import Entry
from provenance.report import Summary
from provenance.report.common import aside, printable
from provenance.workspace import Fetched, OutOfDate, Request, Session, Workspace
from provenance.workspace.fetching import Fetcher, chosen_entries

SHOWN = 5


@click.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--local-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the model is to lie; else the Hub's cache.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Put it in the place of an earlier release that was fetched to --local-dir.",
)
@click.option("--frozen", is_flag=True, help="Do not ask whether provenance.toml has changed.")
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
    try:
        entries = chosen_entries(session, names, local_dir=local_dir, frozen=frozen)
    except OutOfDate as late:
        for text in late.reasons:
            click.echo(f"error: {text}: run `provenance lock`, or add --frozen", err=True)
        return OUT_OF_DATE
    fetcher = Fetcher(
        session=session,
        options=workspace.options,
        progress=workspace.progress,
        local_dir=local_dir,
        replacing=replace,
    )
    return combined([_told(fetcher.fetch(entry), fetcher, quiet) for entry in entries])


def _told(fetched: Fetched, fetcher: Fetcher, quiet: bool) -> int:
    """The exit code of one entry; where it was admitted, how to load it is printed."""
    entry = fetched.entry
    if fetched.admitted is None:
        return _refused(fetched, fetcher.session)
    admitted = fetched.admitted
    done = "was there already, and is" if admitted.already else "fetched:"
    verdict = admitted.verdict
    said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    click.echo(f"{terminal.mark(verdict)} {entry.name} {done} {said}")
    click.echo(f"  {verdict.reason}")
    click.echo(f"  {admitted.place}")
    if admitted.beside:
        click.echo(f"  {_beside(admitted.beside)}")
    if not quiet:
        for line in _usage(entry, admitted.place, local=fetcher.local_dir is not None):
            click.echo(f"  {line}")
    return 0


def _refused(fetched: Fetched, session: Session) -> int:
    """The exit code of an entry that was not fetched; why is said."""
    code, verdict = CANNOT_JUDGE, fetched.refused
    if verdict is not None:
        code = max(FAIL, RESULTS[verdict.result])
        summary = Summary(
            verdicts=(verdict,),
            unjudged=(),
            policy=session.policy_source,
            registry=session.registry_source,
        )
        show(summary, "human", None)
    click.echo(f"error: {fetched.entry.name} was not fetched: {fetched.reason}", err=True)
    return code


def _beside(paths: Sequence[str]) -> str:
    """What lies in the same snapshot, in one line."""
    shown = ", ".join(map(printable, paths[:SHOWN]))
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"not judged, and in the same snapshot, where a loader may read it: {shown}{more}"


def _usage(entry: Entry, place: Path, *, local: bool) -> Iterator[str]:
    """The lines to type for the loaders people use, each pinned to what was judged."""
    commit, repo = entry.commit or "", entry.repo or ""
    load = f'"{place}"' if local else f'"{repo}", revision="{commit}"'
    serve = shlex.quote(str(place)) if local else f"{repo} --revision {commit}"
    python = f"from transformers import AutoModel; AutoModel.from_pretrained({load})"
    yield f"transformers  HF_HUB_OFFLINE=1 python -c {shlex.quote(python)}"
    yield f"vLLM          HF_HUB_OFFLINE=1 vllm serve {serve}"
    yield f"TGI           HF_HUB_OFFLINE=1 text-generation-launcher --model-id {serve}"
