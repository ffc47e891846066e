"""What was promoted, where it lies now, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.report.common import aside, printable
from provenance.report.human import Line, Span, mark
from provenance.source.remote.writer import Delivered
from provenance.verdict import Verdict


def promoted_lines(
    verdict: Verdict, delivered: Delivered, *, name: str, repo: str | None
) -> Iterator[Line]:
    """What became of a model that was put into a store, then how it is verified there; `repo` is
    what it is locked as."""
    done = "lies there already, and is" if delivered.already else "promoted:"
    outcome = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    yield (Span(f"{mark(verdict)} {printable(name)} {done} {outcome}"),)
    yield (Span(f"  {printable(verdict.reason)}"),)
    place = f"{delivered.place}@{delivered.revision}"
    yield (Span(f"  {printable(place)}"),)
    # Where it lies under a name of a Hub, it is verified as that.
    known = verdict.mirror_of.partition("@")[0] or repo
    said = f" --as {shlex.quote(known)}" if known and "://" in delivered.place else ""
    yield (Span(f"  provenance verify {printable(shlex.quote(place))}{printable(said)}"),)
