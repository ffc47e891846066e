"""The status of a folder: the lines people read, and the table that programs do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, GOOD, PLAIN, Line, Span, wrapped
from provenance.status import Ending, ModelState, RegistryState, Status

VERSION = 1
SHORT = 12
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def status_lines(status: Status, *, width: int = 100) -> tuple[Line, ...]:
    """The lines of a status, wrapped to `width` columns: what applies, what is locked, what is to
    be done about it."""
    parts = (
        (line for one in status.applies for line in _row(one.what, one.value, one.why, width)),
        (line for one in status.registries for line in _registry(one, status.at, width)),
        (line for one in status.models for line in _model(one, width)),
        (line for one in status.ending for line in _ending(one, width)),
        _said("unused", status.unused, width),
        _said("not known", status.unknown, width),
    )
    lines: list[Line] = []
    for part in parts:
        found = list(part)
        lines += [(), *found] if lines and found else found
    return tuple(lines)


def status_table(status: Status) -> dict[str, object]:
    """The status as JSON has it: times in ISO 8601; `moved` is None where nobody could know it."""
    rows = [{**asdict(model), "moved": _moved(model)} for model in status.models]
    return {"version": VERSION} | {
        name: _plain(value) for name, value in {**asdict(status), "models": rows}.items()
    }


def _moved(model: ModelState) -> bool | None:
    known = model.upstream and model.upstream.head
    return model.upstream.moved if model.upstream and known else None


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _row(what: str, value: str, why: str, width: int) -> Iterator[Line]:
    first, *rest = wrapped(f"{printable(value)}  ({printable(why)})", "", width - 13)
    yield Span(f"{what:<11} ", DIM), *first
    yield from ((Span(" " * 12), *line) for line in rest)


def _registry(state: RegistryState, at: datetime, width: int) -> Iterator[Line]:
    if state.error:
        yield (Span(f"? {printable(state.named)}", DOUBT), Span("  not known, see below"))
        return
    said = [state.name] if state.name != state.named else []
    if state.version is not None:
        said.append(f"version {state.version}")
    if state.seen:
        said.append(f"its server was asked {_ago(at - state.seen)}")
    said.append(f"expires on {state.expires:%Y-%m-%d}" if state.expires else "never expires")
    if state.roots:
        said.append(f"{state.fingerprints} of {state.roots} roots have a fingerprint")
    if state.unpinned:
        said.append("FIRST USE of its root: `provenance registry pin` commits one")
    mark, tone = ("!", DOUBT) if state.unpinned else ("✓", GOOD)
    yield Span(f"{mark} {printable(state.named)}", tone), Span(f"  {printable(', '.join(said))}")


def _ago(passed: timedelta) -> str:
    if passed < HOUR:
        return "just now"
    count, unit = (passed // DAY, "day") if passed >= DAY else (passed // HOUR, "hour")
    return f"{count} {unit}{'s' * (count != 1)} ago"


def _model(model: ModelState, width: int) -> Iterator[Line]:
    late, upstream = model.late, model.upstream
    mark, tone = ("✓", GOOD) if model.locked and not late else ("✗", BAD)
    at = f"locked at {model.locked[:SHORT]}, {model.verdict}" if model.locked else "not locked"
    ref = f"  {printable(model.ref)}" if model.ref != model.name else ""
    yield Span(f"{mark} {printable(model.name)}", tone), Span(f"{ref}  {printable(at)}")
    for reason in late if model.locked else ():
        yield from wrapped(printable(reason), "    ", width)
    if late:
        yield (Span("    next: provenance lock"),)
    if upstream and upstream.moved:
        line = shlex.join(["provenance", "update", model.name])
        yield (Span(f"    {upstream.words}: {line}", DOUBT),)


def _ending(one: Ending, width: int) -> Iterator[Line]:
    day = f"{one.expires:%Y-%m-%d}"
    if one.days < 0:
        said, tone = f"expired on {day}", BAD
    else:
        said, tone = f"expires on {day}, in {one.days} day{'s' * (one.days != 1)}", DOUBT
    yield from wrapped(printable(f"{one.what} {said}"), "", width, tone)


def _said(title: str, sentences: Iterable[str], width: int) -> Iterator[Line]:
    for number, text in enumerate(sentences):
        if number == 0:
            yield (Span(title, DIM),)
        yield from wrapped(printable(text), "  ", width, PLAIN)
