"""What a shell completes beside commands and options: the names of checks and rules.

A shell learns it by click's own way, `eval "$(_PROVENANCE_COMPLETE=bash_source provenance)"` for
bash; `zsh_source` and `fish_source` for the others.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def pages(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The pages, checks and rules that begin so."""
    from provenance.report.explained import names

    return _beginning(begun, *names())


def rules(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The rules that begin so, to be followed by `@` and a repository."""
    from provenance import manual

    return _beginning(begun, *(f"{rule}@" for rule in manual.rules()))


def _beginning(begun: str, *names: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(names) if name.startswith(begun)]
