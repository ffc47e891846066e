"""`provenance run`."""

from __future__ import annotations

import click

from provenance.cli import terminal
from provenance.cli.notice import notice
from provenance.cli.options import FROZEN, LOCKFILE, RULES, with_request, with_workspace
from provenance.cli.outcome import FAIL, RESULTS, combined
from provenance.gate import Refused
from provenance.report import human
from provenance.workspace import Request, Workspace
from provenance.workspace.fetching import refusal
from provenance.workspace.running import NOTE, made_ready


class Behind(click.Command):
    """A command with another behind `--`, whose words are taken as they are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The options before `--`, and what is behind it as `words`."""
        at = args.index("--") if "--" in args else len(args)
        if not args[at + 1 :] and not {"-h", "--help"} & set(args):
            ctx.fail(f"Expected `--` and a command: provenance {ctx.info_name} -- python run.py")
        rest = super().parse_args(ctx, args[:at])
        ctx.params["words"] = args[at + 1 :]
        return rest


@click.command(name="run", cls=Behind, options_metavar="[OPTIONS] -- COMMAND [ARGS]...")
@click.option("--model", "names", multiple=True, metavar="NAME", help="Only this model (repeat).")
@FROZEN
@with_request(*RULES, *LOCKFILE)
@with_workspace
def command(
    request: Request,
    names: tuple[str, ...],
    frozen: bool,
    words: list[str],
    workspace: Workspace,
    quiet: bool,
) -> int:
    """Run COMMAND, which finds exactly what is locked and passes in its Hub cache.

    What was fetched is measured and judged again with today's registry, and laid in a cache of its
    own, read-only and offline. The exit code is that of COMMAND. This is not a sandbox: it can
    still read and reach whatever you can.
    """
    session = workspace.session(request, needs_models=False)
    try:
        ready = made_ready(workspace, session, names, words[0], frozen=frozen)
    except Refused as refused:
        verdicts = (refused.verdict, *refused.others)
        report = refusal(verdicts, session)
        terminal.show(human(report, width=terminal.width()), err=True)
        notice(f"error: {words[0]} was not started: {refused}")
        return max(FAIL, combined(RESULTS[verdict.result] for verdict in verdicts))
    if not quiet:
        notice(f"note: {NOTE}")
    return ready.become(words)
