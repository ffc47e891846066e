"""`provenance fleet`: many models, gathered once and judged again after every change."""

from __future__ import annotations

import click

from provenance.cli.lazy import lazy

COMMANDS = {
    "gather": "Store the evidence on every model of a list.",
    "judge": "Judge what is stored by today's registry and policy.",
    "query": "Ask which models descend from one, or came out otherwise than before.",
}


@click.group(name="fleet", cls=lazy(__name__, COMMANDS))
def command() -> None:
    """Judge many models again, without asking for them again.

    Needs the extra `fleet`: pip install 'hf-provenance[fleet]'.
    """
