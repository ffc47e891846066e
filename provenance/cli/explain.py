"""`provenance explain`."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import click

from provenance import manual
from provenance.cli import completing
from provenance.errors import ConfigError
from provenance.report import formats


@click.command(name="explain")
@click.argument("name", required=False, shell_complete=completing.pages)
def command(name: str | None) -> None:
    """Print what NAME means and what to do about it.

    NAME is a rule id such as signature/wrong-signer, a check, or a page such as hub, ci or
    library. Without one, list them all.
    """
    rules = manual.rules()
    if name is None:
        click.echo("\n".join((*_pages(), "", *sorted(rules))))
    elif page := manual.page(name) or (formats.page() if name == formats.PAGE else None):
        click.echo(page)
    elif name in rules:
        click.echo(f"{name}\n")
        click.echo(rules[name])
        click.echo(f"\nThe whole page: provenance explain {name.partition('/')[0]}")
    else:
        near = get_close_matches(name, [*rules, *manual.names(), formats.PAGE], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `provenance explain` lists them"
        raise ConfigError(f"there is no page or rule {name!r}{hint}")


def _pages() -> Iterator[str]:
    names = manual.names()
    width = max(map(len, names))
    yield from (f"{name:{width}}  {manual.title(name)}" for name in names)
