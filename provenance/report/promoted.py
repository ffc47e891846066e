"""What was promoted, where it lies now, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.lock import Entry
from provenance.report.common import aside, printable
from provenance.report.human import Line, Span, mark
from provenance.source.remote.writer import Delivered
from provenance.verdict import Verdict


def promoted_lines(verdict: Verdict, delivered: Delivered, entry: Entry) -> Iterator[Line]:
    """What became of a locked model that was put into a store, then how it is verified there."""
    done = "lies there already, and is" if delivered.already else "promoted:"
    outcome = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    yield (Span(f"{mark(verdict)} {printable(entry.name)} {done} {outcome}"),)
    yield (Span(f"  {printable(verdict.reason)}"),)
    place = f"{delivered.place}@{delivered.revision}"
    yield (Span(f"  {printable(place)}"),)
    line = shlex.join(["provenance", "verify", place, *_said(verdict, delivered, entry)])
    yield (Span(f"  {printable(line)}"),)


def _said(verdict: Verdict, delivered: Delivered, entry: Entry) -> Iterator[str]:
    """What is said with the place: the name it has on a Hub, and what of it was selected, as a
    signature may cover the files that were left out too."""
    known = verdict.mirror_of.partition("@")[0] or entry.repo
    if known and "://" in delivered.place:
        yield from ("--as", known)
    for option, patterns in (("--include", entry.include), ("--exclude", entry.exclude)):
        for pattern in patterns:
            yield from (option, pattern)
