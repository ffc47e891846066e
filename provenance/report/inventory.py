"""The models on a machine: the lines people read, and the table that programs do."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from provenance.inventory import Inventory, Kept, State
from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, GOOD, PLAIN, Line, Span, wrapped
from provenance.source.room import size

VERSION = 1
MARKS: Mapping[State, tuple[str, str]] = {
    State.REVOKED: ("✗", BAD),
    State.CHANGED: ("✗", BAD),
    State.UNREAD: ("?", DOUBT),
    State.UNKNOWN: ("?", DOUBT),
    State.KNOWN: ("✓", GOOD),
}
NEXT: Mapping[State, str] = {
    State.REVOKED: "provenance explain registry",
    State.CHANGED: "provenance verify {words} --lock",
    State.UNREAD: "provenance verify {words}",
    State.UNKNOWN: "provenance verify {words}",
}
"""What to type about the first model that stands so."""

INDENT = "    "


def inventory_lines(found: Inventory, *, width: int = 100) -> tuple[Line, ...]:
    """The lines of an inventory, wrapped to `width` columns: the worst first, then how many."""
    lines: list[Line] = []
    for state in State:
        models = found.of(state)
        for model in models:
            lines += _model(model, width)
        if models and state in NEXT:
            line = _next(models[0])
            lines += [(Span(f"{INDENT}next: {printable(line)}"),), ()]
    if lines and lines[-1]:
        lines.append(())
    return (*lines, *_closing(found, width))


def inventory_table(found: Inventory) -> dict[str, object]:
    """The inventory as JSON has it; `next` is what to type about each model."""
    return {
        "version": VERSION,
        "at": found.at.isoformat(),
        "registry": found.registry,
        "lockfile": found.lockfile,
        "folders": list(found.folders),
        "counts": {state.value: len(found.of(state)) for state in State},
        "models": [_row(model) for model in found.models],
        "doubts": [
            {"rule": one.rule, "where": one.where, "message": one.message} for one in found.doubts
        ],
    }


def _row(model: Kept) -> dict[str, object]:
    return {**asdict(model), "state": model.state.value, "next": _next(model)}


def _next(model: Kept) -> str:
    """What to type about a model; nothing about one that is known."""
    return NEXT.get(model.state, "").format(words=shlex.join(model.words))


def _model(model: Kept, width: int) -> Iterator[Line]:
    mark, tone = MARKS[model.state]
    of = f": {', '.join(model.of)}" if model.of and model.state is State.KNOWN else ""
    held = f", {size(model.size)}" if model.size else ""
    head, *rest = wrapped(f"{mark} {model.name}  {model.state}{of}{held}", "", width, tone)
    yield head
    yield from ((Span(INDENT), *line) for line in rest)
    for remark in model.remarks:
        yield from wrapped(remark, INDENT, width)
    said = " ".join((model.name, *model.words, *model.remarks))
    if model.state is not State.KNOWN and model.place not in said:
        yield from wrapped(model.place, INDENT, width, DIM)


def _closing(found: Inventory, width: int) -> Iterator[Line]:
    """How many stand how, what was looked through, and by what it is judged."""
    counts = [f"{len(found.of(state))} {state}" for state in State if found.of(state)]
    total = f"{len(found.models)} model{'s' * (len(found.models) != 1)}: {', '.join(counts)}"
    yield (Span(total),)
    yield from wrapped(f"in {', '.join(found.folders)}", "  ", width, DIM)
    lockfile = found.lockfile or "none here: nothing is known by it"
    yield from wrapped(f"lockfile  {lockfile}", "  ", width, DIM)
    yield from wrapped(f"registry  {found.registry}", "  ", width, DIM)
    for one in found.doubts:
        yield from wrapped(f"? {one.rule}  {one.where}: {one.message}", "  ", width, DOUBT)
    yield from wrapped(
        "known says whose bytes these are, by digest: only `verify` judges", "  ", width, PLAIN
    )
