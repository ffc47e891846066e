"""`provenance explain`."""

from __future__ import annotations

from difflib import get_close_matches

import click

from provenance import manual
from provenance.errors import ConfigError
from provenance.report import formats


@click.command(name="explain")
@click.argument("rule", required=False)
def command(rule: str | None) -> None:
    """Print what RULE means and what to do about it.

    RULE is a rule id such as signature/wrong-signer, or a check; or `formats`, how verdicts are
    reported. Without one, list them all.
    """
    rules = manual.rules()
    if rule is None:
        click.echo("\n".join(sorted(rules)))
    elif page := manual.page(rule) or (formats.page() if rule == formats.PAGE else None):
        click.echo(page)
    elif rule in rules:
        click.echo(f"{rule}\n")
        click.echo(rules[rule])
        click.echo(f"\nThe whole page: provenance explain {rule.partition('/')[0]}")
    else:
        near = get_close_matches(rule, [*rules, *manual.PAGES, formats.PAGE], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `provenance explain` lists them"
        raise ConfigError(f"there is no rule {rule!r}{hint}")
