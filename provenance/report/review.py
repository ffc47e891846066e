"""What a bump changes, for a reviewer: on a terminal, as a pull request's text, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from provenance.lock import Change
from provenance.report.common import NOT_JUDGED, printable
from provenance.report.cut import within
from provenance.report.human import BAD, DIM, DOUBT, GOOD, PLAIN, Line, Span
from provenance.report.markup import code, fenced, plain
from provenance.review import Patch, Review, Section
from provenance.verdict import Unjudged

NOTHING = "nothing changes"
VERDICT, COMMIT = "verdict", "commit"
MOST = 60_000
"""Bytes of a text for GitHub, which takes 65,536 letters and counts some of them twice."""
SHARES = (MOST, 8_000, 2_000, 500, 0)
"""Letters of each difference that are shown, the less the more there is."""
REST = "See all of it with `provenance diff OLD NEW`."
TONES = {"+": GOOD, "-": BAD, "@": DIM}


def review(reviews: Sequence[Review], unjudged: Sequence[Unjudged] = ()) -> Iterator[Line]:
    """The lines for a terminal."""
    for model in unjudged:
        said = printable(f"{model.name}  {NOT_JUDGED}: {model.reason}")
        yield (Span(f"? {said}", DOUBT),)
    if not unjudged and not any(review_of.sections for review_of in reviews):
        yield (Span(NOTHING),)
    for review_of in reviews:
        if review_of.sections:
            yield (Span(printable(review_of.name)),)
        for section in review_of.sections:
            yield (Span(f"  {section.title}", DIM),)
            yield from (_change(change) for change in section.changes)
            for patch in section.patches:
                yield from ((_patched(line),) for line in patch.lines)


def review_markdown(reviews: Sequence[Review], unjudged: Sequence[Unjudged] = ()) -> str:
    """The text of a pull request or comment; nothing of a model's is taken for markup.

    It stays within `MOST` letters, as GitHub asks: where there is more, every model and every
    changed file is still named, and the differences of texts are cut, the same for each.
    """
    text = ""
    for share in SHARES:
        lines = [line for model in unjudged for line in _unjudged(model)]
        lines += [
            line
            for review_of in reviews
            if review_of.sections
            for line in _markdown(review_of, share)
        ]
        text = "\n".join(lines or [NOTHING]) + "\n"
        if len(text.encode()) <= MOST:
            break
    return within(text, MOST, REST)


def review_json(reviews: Sequence[Review]) -> str:
    """One JSON document."""
    document = {"version": 1, "models": [asdict(review_of) for review_of in reviews]}
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


def _unjudged(model: Unjudged) -> Iterator[str]:
    yield f"**{NOT_JUDGED}**: {code(model.name)}: {plain(model.reason)}"
    yield ""


def _markdown(review_of: Review, share: int) -> Iterator[str]:
    yield f"### {code(review_of.name)}"
    for section in review_of.sections:
        yield from ("", *_titled(section, share))
    yield ""


def changed(review_of: Review, share: int) -> Iterator[str]:
    """What changes of a model, under its name and beside a verdict that is said already; so many
    letters of each difference."""
    between: tuple[str, ...] = ()
    for section in review_of.sections:
        left = tuple(change for change in section.changes if change.what != VERDICT)
        title = COMMIT if section.title == VERDICT else section.title
        if left or section.patches:
            rest = replace(section, title=title, changes=left)
            yield from (*between, *_titled(rest, share, review_of.name))
            between = ("",)


def _titled(section: Section, share: int, name: str = "") -> Iterator[str]:
    yield from (f"**{section.title}**", "")
    yield from _section(section, share, name)


def _section(section: Section, share: int, name: str) -> Iterator[str]:
    """The changes of one subject, each with what it is of, unless that is the model's `name`."""
    apart = bool(section.changes)
    for change in section.changes:
        values = " → ".join(code(value) for value in (change.old, change.new) if value)
        named = "" if change.name in (change.old, change.new, name) else f"{code(change.name)} "
        yield f"- {named}{plain(change.what)}{f': {values}' if values else ''}"
    for patch in section.patches:
        yield from ("",) * apart
        yield from _patch(patch, share)
        apart = True


def _patch(patch: Patch, share: int) -> Iterator[str]:
    """The difference of one text as a code block, or so many letters of it."""
    text = "\n".join(patch.lines)
    shown = text if len(text) <= share else text[:share].rpartition("\n")[0] or text[:share]
    if shown:
        yield from fenced(shown, "diff")
    if shown != text:
        left = len(text) - len(shown)
        yield f"{code(patch.path)}: {left} more letters of this difference are not shown. {REST}"
