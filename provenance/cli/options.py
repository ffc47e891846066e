"""Options that several commands share, spelled once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, replace
from functools import reduce, wraps
from pathlib import Path
from typing import Any

import click

from provenance.cli import terminal
from provenance.cli.head_start import head_start
from provenance.errors import ConfigError
from provenance.source.deadline import SECONDS
from provenance.workspace import Environment, Request, SourceOptions, Workspace

HUMAN, JSON = "human", "json"
FORMS = {".html": "html", ".json": JSON, ".md": "markdown", ".sarif": "sarif"}
"""What the end of a file's name says of its form."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SELECTION: tuple[Decorator, ...] = (
    click.option("--include", multiple=True, metavar="GLOB", help="Judge only these files."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these files out."),
)
EVIDENCE: tuple[Decorator, ...] = (
    click.option("--as", "named", metavar="ORG/NAME", help="What the model claims to be."),
    click.option("--signature", type=FILE, help="The signature file to use."),
    *SELECTION,
)
RULES: tuple[Decorator, ...] = (
    click.option(
        "--policy",
        metavar="NAME|FILE",
        envvar="PROVENANCE_POLICY",
        help="A profile, or a file like provenance.toml.",
    ),
    click.option(
        "--registry",
        multiple=True,
        metavar="FILE|URL",
        envvar="PROVENANCE_REGISTRY",
        help="Whom to trust: a trust.toml, a published registry, or builtin.",
    ),
)
LOCKFILE: tuple[Decorator, ...] = (
    click.option(
        "--lockfile",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The lockfile (default: provenance.lock beside provenance.toml).",
    ),
)
FROZEN: Decorator = click.option(
    "--frozen", is_flag=True, help="Do not ask whether provenance.toml has changed."
)
CACHE_DIR: Decorator = click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The Hub's cache (default: that of huggingface_hub).",
)
SOURCE: tuple[Decorator, ...] = (
    click.option(
        "--token",
        metavar="TOKEN",
        help="Token for the repositories you name (default: that of huggingface_hub).",
    ),
    CACHE_DIR,
    click.option(
        "--max-workers", type=click.IntRange(1, 64), default=8, help="Requests at once (8)."
    ),
    click.option(
        "--deadline",
        type=click.FloatRange(min=1),
        default=SECONDS,
        metavar="SECONDS",
        envvar="PROVENANCE_DEADLINE",
        help="Seconds that the run may wait for a Hub in all (1800).",
    ),
    click.option(
        "--offline", is_flag=True, envvar="PROVENANCE_OFFLINE", help="Use no network at all."
    ),
    click.option(
        "--attestations",
        type=FOLDER,
        help="Your own attestations (default: attestations/ beside provenance.toml).",
    ),
)
OUTPUT: Decorator = click.option("-o", "--output", metavar="FILE", help="Write the result there.")
QUIET: Decorator = click.option(
    "-q", "--quiet", is_flag=True, help="Show only errors and what does not pass."
)
VERBOSE: Decorator = click.option(
    "-v", "--verbose", is_flag=True, help="Show every check of every model, and who signed."
)

BASE: tuple[Decorator, ...] = (
    click.option(
        "--base",
        metavar="REV",
        help="Judge a pull request against REV: rules and lockfile are those of REV.",
    ),
)


def in_form(*others: str, help: str = "human, or a form that programs read.") -> Decorator:
    """The option --format, as the argument `form`, and --json where `json` is one of the forms;
    where neither is given, a file's name may tell: `-o map.html`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(*args: Any, form: str | None, as_json: bool = False, **words: Any) -> Any:
            if as_json and form not in (None, HUMAN, JSON):
                raise ConfigError(f"stands for --format json, found --format {form}", path="--json")
            told = FORMS.get(Path(words.get("output") or "").suffix)
            chosen = form or (told if told in others else HUMAN)
            return function(*args, form=JSON if as_json else chosen, **words)

        forms = click.Choice(dict.fromkeys([HUMAN, *others]))
        option = click.option("--format", "form", type=forms, help=help)
        short = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
        return with_options(option, *(short,) * (JSON in others))(command)

    return decorate


def with_options(*options: Decorator) -> Decorator:
    """All of `options`, listed in their order."""
    return lambda function: reduce(lambda f, option: option(f), reversed(options), function)


def one(_: click.Context, __: click.Parameter, ref: str) -> tuple[str, ...]:
    """A single REF where a request takes several."""
    return (ref,)


def folded(name: str, kind: type[Any], *options: Decorator) -> Decorator:
    """All of `options` as the one argument `name`: a dataclass with a field for each of them.

    Other options of the command that the dataclass has a field for go there too.
    """
    known = {field.name for field in fields(kind)}

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(*args: Any, **words: Any) -> Any:
            own = kind(**{field: words.pop(field) for field in known & words.keys()})
            return function(*args, **{name: own}, **words)

        return with_options(*options)(command)

    return decorate


def with_request(*options: Decorator) -> Decorator:
    """The arguments and options that say what is asked for, as the one argument `request`."""
    return folded("request", Request, *options)


def with_workspace(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of sources, and how the run is told of, as the argument `workspace`.

    It is the caller's folder: this is where the environment is read.
    """

    @wraps(function)
    def command(*args: Any, source: SourceOptions, quiet: bool, **words: Any) -> Any:
        return function(*args, workspace=here(source, quiet=quiet), quiet=quiet, **words)

    return with_options(folded("source", SourceOptions, *SOURCE), QUIET)(command)


def here(options: SourceOptions | None = None, *, quiet: bool = True) -> Workspace:
    """The folder that the caller stands in, with the variables that hold there."""
    return Workspace(
        environment=Environment(os.environ, ask=terminal.asking()),
        options=replace(options or SourceOptions(), variables=os.environ),
        progress=terminal.progress(quiet=quiet),
        ahead=head_start(),
    )
