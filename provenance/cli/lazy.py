"""Groups of commands that are imported when they are asked for, so that `--help` stays fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module

import click

Before = Callable[[click.Context, str, Sequence[str]], None]


def lazy(
    package: str, commands: Mapping[str, str], *, before: Before | None = None
) -> type[click.Group]:
    """A group of `commands`, each with what it does and a module of `package` that has it.

    `before` is told of the command that was asked for, and the words behind it, while its module
    is not yet imported.
    """

    class Lazy(click.Group):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(commands)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in commands:
                return None
            module = import_module(f"{package}.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command

        def resolve_command(
            self, ctx: click.Context, args: list[str]
        ) -> tuple[str | None, click.Command | None, list[str]]:
            near = get_close_matches(args[0], commands, n=1)
            if args[0] not in commands and near:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
            if before is not None:
                before(ctx, args[0], args[1:])
            return super().resolve_command(ctx, args)

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(list(commands.items()))

    return Lazy
