"""Options that several commands share, spelled once."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SELECTION: tuple[Decorator, ...] = (
    click.option("--include", multiple=True, metavar="GLOB", help="Judge only these files."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these files out."),
)
EVIDENCE: tuple[Decorator, ...] = (
    click.option("--as", "named", metavar="ORG/NAME", help="What the model claims to be."),
    click.option(
        "--signature",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The signature to use, wherever it lies.",
    ),
    *SELECTION,
)
OUTPUT: tuple[Decorator, ...] = (
    click.option("-o", "--output", metavar="FILE", help="Write the result there."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, no hints."),
)


def with_options(*options: Decorator) -> Decorator:
    """All of `options`, listed in their order."""
    return lambda function: reduce(lambda f, option: option(f), reversed(options), function)
