"""What a bump changes, for a reviewer: on a terminal, as a pull request's text, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from provenance.bump import Bump, Section
from provenance.lock import Change
from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, GOOD, PLAIN, Line, Span
from provenance.report.markdown import code, fenced, plain

NOTHING = "nothing changes"
NOT_KNOWN = "could not be asked for, so that nobody knows whether it changed"
TONES = {"+": GOOD, "-": BAD, "@": DIM}


def review(bumps: Sequence[Bump], unasked: Mapping[str, str] | None = None) -> Iterator[Line]:
    """The lines for a terminal; `unasked` says of which models nothing is known, and why."""
    if not unasked and not any(bump.sections for bump in bumps):
        yield (Span(NOTHING),)
    for name, why in (unasked or {}).items():
        yield Span("? ", DOUBT), Span(printable(f"{name}  {NOT_KNOWN}: {why}"))
    for bump in bumps:
        if bump.sections:
            yield (Span(printable(bump.name)),)
        for section in bump.sections:
            yield (Span(f"  {section.title}", DIM),)
            yield from (_change(change) for change in section.changes)
            for patch in section.patches:
                yield from ((_patched(line),) for line in patch.lines)


def review_markdown(bumps: Sequence[Bump], unasked: Mapping[str, str] | None = None) -> str:
    """The text of a pull request or comment; nothing of a model's is taken for markup."""
    lines = [f"- {code(n)}: {NOT_KNOWN}: {plain(why)}" for n, why in (unasked or {}).items()]
    lines += [""] * bool(lines and bumps)
    lines += [line for bump in bumps if bump.sections for line in _markdown(bump)]
    return "\n".join(lines or [NOTHING]) + "\n"


def review_json(bumps: Sequence[Bump]) -> str:
    """One JSON document."""
    document = {"version": 1, "models": [asdict(bump) for bump in bumps]}
    return json.dumps(document, indent=2)


def _change(change: Change) -> Line:
    mark, tone = "~", PLAIN
    if not change.old and change.new:
        mark, tone = "+", GOOD
    elif change.old and not change.new:
        mark, tone = "-", BAD
    return (Span(f"    {mark} ", tone), Span(printable(_said(change))))


def _said(change: Change) -> str:
    values = [value for value in (change.old, change.new) if value]
    both = " → ".join(values)
    named = f"{change.name} " if change.name not in values else ""
    return f"{named}{change.what}: {both}" if both else f"{change.name} {change.what}"


def _patched(line: str) -> Span:
    return Span(f"      {printable(line)}", TONES.get(line[:1], PLAIN))


def _markdown(bump: Bump) -> Iterator[str]:
    yield f"### {code(bump.name)}"
    for section in bump.sections:
        yield ""
        yield f"**{section.title}**"
        yield ""
        yield from _section(section)
    yield ""


def _section(section: Section) -> Iterator[str]:
    for change in section.changes:
        values = " → ".join(code(value) for value in (change.old, change.new) if value)
        named = f"{code(change.name)} " if change.name not in (change.old, change.new) else ""
        yield f"- {named}{plain(change.what)}{f': {values}' if values else ''}"
    for patch in section.patches:
        yield ""
        yield from fenced("\n".join(patch.lines), "diff")
