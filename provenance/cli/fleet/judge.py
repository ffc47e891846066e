"""`provenance fleet judge`."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.fleet.shown import IDLE, STORE, UNREAD, code, words
from provenance.cli.options import FILE, RULES, folded, with_options, with_request, with_workspace
from provenance.fleet import wording
from provenance.fleet.options import JudgeOptions, check_installed, cores
from provenance.workspace import Request, Workspace

TLS = (
    click.option("--tls-ca", type=FILE, help="With tls://: who vouches for scheduler and workers."),
    click.option("--tls-cert", type=FILE, help="With tls://: the certificate shown to it."),
    click.option("--tls-key", type=FILE, help="With tls://: the key of that certificate."),
)


@click.command(name="judge")
@STORE
@folded(
    "chosen",
    JudgeOptions,
    click.option(
        "--engine",
        default="processes",
        metavar="processes|dask=tls://HOST:PORT",
        help="Who does the work (processes of this machine).",
    ),
    click.option("--workers", type=click.IntRange(1, 1024), default=cores, help="Processes."),
    click.option("--shard", default="1/1", metavar="I/N", help="The I-th of N shares of the work."),
    click.option(
        "--only",
        type=click.Choice(["all", "affected"]),
        default="all",
        help="affected: take over what no change since the last run can reach.",
    ),
    with_options(*TLS),
)
@with_request(*RULES)
@with_workspace
def command(
    store: Path, chosen: JudgeOptions, request: Request, workspace: Workspace, quiet: bool
) -> int:
    """Judge every stored model by today's registry and policy.

    Nothing is asked of a Hub. A run is that of one registry, policy, version and day: what stands
    of it is not judged again, so that whatever was killed is made up for by the same command. A
    pass is one for what was gathered: only `fetch` proves bytes.
    """
    check_installed()
    from provenance.fleet.desk import judge

    found = judge(store, workspace, request, chosen)
    words([], found.by, quiet, err=True)
    words(wording.verdicts(found), found.words, quiet)
    return code({**found.counts, UNREAD: len(found.unread), IDLE: found.idle})
