"""`provenance registry check`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import in_form
from provenance.cli.outcome import FAIL, PASS
from provenance.cli.registry.editing import meant
from provenance.registry.editing import check_there
from provenance.registry.file import load
from provenance.report.common import printable
from provenance.report.human import BAD, DOUBT, GOOD, Line, Span
from provenance.signature import unusable
from provenance.trust import Registry
from provenance.trust.lint import Remark, Weight, lint
from provenance.workspace.own_registry import MEANT

MARKS = {Weight.PROBLEM: ("✗", BAD), Weight.HINT: ("·", DOUBT)}


@click.command(name="check", epilog=MEANT)
@click.argument("file", type=click.Path(path_type=Path), required=False, callback=meant)
@in_form("json")
def command(file: Path, form: str) -> int:
    """Look through the registry in FILE; exit 1 if there is a problem.

    A problem lets in, or locks out, more than the words of the registry say; a hint is worth a
    look.
    """
    check_there(file)
    registry = load(file)
    found = (*_unusable(registry), *lint(registry, datetime.now(UTC)))
    problems = sum(remark.weight is Weight.PROBLEM for remark in found)
    if form == "json":
        click.echo(json.dumps([asdict(remark) for remark in found], ensure_ascii=False, indent=2))
    else:
        lines = [_line(remark) for remark in found]
        tone, mark = (BAD, "✗") if problems else (GOOD, "✓")
        said = f"{_counted(problems, 'problem')}, {_counted(len(found) - problems, 'hint')}"
        lines.append((Span(f"{mark} {said}", tone),))
        terminal.show(lines, None)
    return FAIL if problems else PASS


def _unusable(registry: Registry) -> Iterator[Remark]:
    """What `verify` could not use, by the readers it uses."""
    for where, message in unusable(registry):
        yield Remark(weight=Weight.PROBLEM, rule="unusable-service", where=where, message=message)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _line(remark: Remark) -> Line:
    mark, tone = MARKS[remark.weight]
    return (
        Span(f"{mark} {remark.rule}", tone),
        Span(f"  {printable(remark.where)}: {printable(remark.message)}"),
    )
