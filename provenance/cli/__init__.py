"""The command line: the one door to click, and the only place that prints and exits.

Commands import what they need when they run, so that `--help` stays fast.
"""

from __future__ import annotations

import os
import sys

import click

from provenance.cli import outcome
from provenance.cli.head_start import begin
from provenance.cli.lazy import lazy

COMMANDS = {
    "init": "Write provenance.toml for the models in use today.",
    "add": "Add models to provenance.toml, or change which of their files are meant.",
    "exempt": "Let the bytes of a model pass whose publisher nobody knows.",
    "waive": "Set aside what one rule found on a model, until a day.",
    "remove": "Take a model out of provenance.toml.",
    "verify": "Judge models: who signed these bytes, and is everything accounted for.",
    "lock": "Judge what provenance.toml names and write provenance.lock.",
    "fetch": "Download exactly what is locked and passes, or nothing.",
    "promote": "Put an admitted model into another store, with its evidence.",
    "run": "Run a command that sees exactly what is locked.",
    "update": "Follow branches and tags, lock what passes, show what changed.",
    "status": "Show what applies here and why, and what moved or expires.",
    "closure": "Show what loading a model opens, runs and fetches by name.",
    "pin": "Find what your own code loads by name, and pin it as it is locked.",
    "lineage": "Draw a model's ancestors: who says so, and how far it holds.",
    "why": "Show each path from a model to an ancestor.",
    "diff": "Show what changes when a model is bumped.",
    "compare": "Show whether weights are kin, and what was changed in them.",
    "trace": "Show of which known model the weights are.",
    "inspect": "Show the evidence on a model without judging it.",
    "explain": "Print a manual page: of a topic, a check or a rule.",
    "sign": "Sign every file of a model (OpenSSF Model Signing).",
    "attest": "Attest how a model was trained (SLSA Provenance).",
    "attest-result": "Attest what an evaluation found, out of its report.",
    "record": "Run what trains a model, and attest what it opened and made.",
    "probe": "Ask a model the same on many days, of many users: do its tool calls differ?",
    "bom": "Write a bill of materials of locked models (CycloneDX).",
    "fingerprint": "Write the fingerprint of a model's weights, which tells its kin.",
    "fleet": "Judge many models again after every change of registry or policy.",
    "registry": "Maintain, review and publish whom you trust.",
}

EPILOG = """\b
Exit codes: 0 pass; 1 judged, failed; 2 usage, or your own policy or registry is wrong;
3 judged, incomplete; 4 the lockfile is out of date; 5 could not judge; 130 interrupted.

\b
Completion of commands, options and rule names, in ~/.bashrc (zsh_source, fish_source likewise):
eval "$(_PROVENANCE_COMPLETE=bash_source provenance)\""""


def print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """The version on one line."""
    if value:
        from importlib.metadata import version

        click.echo(f"provenance {version('hf-provenance')}")
        ctx.exit()


@click.group(
    cls=lazy(__name__, COMMANDS, before=begin),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Decide whether a model's bytes may be deployed.

    A pass says who vouches for what. It never says that a model is harmless.
    """
    from provenance.workspace.environment import Environment

    Environment(os.environ).check()


def main() -> None:
    """Run the command line; every way out has its exit code, and none is a traceback."""
    code = outcome.run(cli)
    if code == outcome.INTERRUPTED:
        # Threads may still wait for a server; whoever interrupts does not.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
