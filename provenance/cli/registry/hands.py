"""Keys on the command line of whoever publishes a registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from provenance.cli.options import Decorator, folded, here
from provenance.registry.keys import Signing
from provenance.workspace.environment import PASSWORD

with_to = click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder that is served.",
)
with_keys = click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="FILE|URI",
    help=f"PEM private key, or pkcs11:…, awskms:… (its password or PIN in {PASSWORD}).",
)
SIGNING: tuple[Decorator, ...] = (
    with_to,
    with_keys,
    click.option(
        "--online-key",
        "online_keys",
        multiple=True,
        metavar="FILE|URI",
        help="Key of snapshot and timestamp alone, which then expire soon.",
    ),
    click.option(
        "--lifetime",
        "lifetimes",
        multiple=True,
        metavar="ROLE=DAYS",
        help="Days for which root, targets, snapshot or timestamp is valid.",
    ),
)


def with_signing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The keys, and where something is published, as the argument `signing`."""

    @wraps(function)
    def command(*args: Any, signing: Signing, **words: Any) -> Any:
        return function(*args, signing=replace(signing, opening=here().environment), **words)

    return folded("signing", Signing, *SIGNING)(command)
