"""What the commands share that edit provenance.toml: the reason asked for, the edit shown, and the
next line to type."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any

import click

from provenance.cli import terminal
from provenance.cli.options import Decorator, with_options
from provenance.cli.outcome import told
from provenance.errors import ConfigError
from provenance.report.adopting import looked_lines, next_lines
from provenance.workspace import Edit, Locked, Setting
from provenance.workspace.adding import DAYS, Added, Looked

WHY = "WHY"
DAY = click.DateTime(["%Y-%m-%d"])
EXPIRES: Decorator = click.option(
    "--expires", type=DAY, metavar="DATE", help="When what is set aside runs out (in 90 days)."
)
WHOLE: Decorator = click.option(
    "--whole", is_flag=True, help="Bind it to every byte, documents and pictures too."
)
REASON: Decorator = click.option(
    "--reason", metavar="TEXT", help="Why; asked for on a terminal where it is missing."
)


def with_setting(*options: Decorator) -> Decorator:
    """Reason, day and `options` as the one argument `setting`; what is missing is asked for."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(*args: Any, reason: str | None, expires: datetime | None, **words: Any) -> Any:
            names = Setting.__dataclass_fields__.keys() & words.keys()
            own = {name: words.pop(name) for name in names}
            why, day = _asked(reason, expires.date() if expires else None)
            setting = Setting(reason=why, expires=day, **own)
            return function(*args, setting=setting, **words)

        return with_options(REASON, EXPIRES, *options)(command)

    return decorate


def is_asked() -> bool:
    """Whether somebody sits at a terminal who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def show(edit: Edit | None) -> None:
    """What changed in the settings, as diff(1) does."""
    if edit and edit.old == edit.new:
        terminal.say(f"{edit.file.name} stays as it is: nothing changes")
    elif edit:
        terminal.difference(edit)


def tell(models: Sequence[Looked]) -> int:
    """What became of each model, the next lines to type, and the exit code."""
    if models:
        terminal.show([line for item in models for line in looked_lines(item)])
    then(next_lines(models, _why()))
    made = Added(models=tuple(models))
    return told(made.verdicts, made.unjudged) if models else 0


def _why() -> tuple[str, ...]:
    return () if is_asked() else ("--reason", WHY)


def then(lines: Iterable[str], *, err: bool = False) -> None:
    """The next lines to type."""
    for number, line in enumerate(lines):
        terminal.say(f"{'      ' if number else 'next: '}{line}", err=err)


def after(made: Locked) -> None:
    """The next lines to type where models were locked, or would be, on stderr."""
    lines = next_lines(made.failing, _why()) if made.failing else made.steps
    then(lines, err=True)


def _asked(reason: str | None, day: date | None) -> tuple[str, date | None]:
    """The reason and the day, asked for where nobody gave a reason and somebody can answer."""
    if reason is not None:
        return reason, day
    if not is_asked():
        line = shlex.join(["provenance", *sys.argv[1:], "--reason", WHY])
        raise ConfigError(f"expected why it is set aside: `{line}`", path="--reason")
    why = click.prompt("Why may it be set aside", err=True)
    if day is None:
        ends = datetime.now(UTC) + timedelta(days=DAYS)
        day = click.prompt("Until", default=f"{ends:%Y-%m-%d}", type=DAY, err=True).date()
    return why, day
