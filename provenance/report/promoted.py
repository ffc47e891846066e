"""What was promoted, where it lies now, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.report.common import aside, printable
from provenance.report.human import Line, Span, mark
from provenance.source.remote.writer import Delivered
from provenance.verdict import Verdict


def promoted_lines(verdict: Verdict, delivered: Delivered, *, name: str) -> Iterator[Line]:
    """What became of a model that was put into a store, then how it is verified there."""
    done = "lies there already, and is" if delivered.already else "promoted:"
    said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    yield (Span(f"{mark(verdict)} {printable(name)} {done} {said}"),)
    yield (Span(f"  {printable(verdict.reason)}"),)
    place = f"{delivered.place}@{delivered.revision}"
    yield (Span(f"  {printable(place)}"),)
    yield (Span(f"  provenance verify {printable(shlex.quote(place))}{_as(verdict, delivered)}"),)


def _as(verdict: Verdict, delivered: Delivered) -> str:
    """As which model it is verified: where it lies under a name of a Hub, as that."""
    repo = (verdict.mirror_of or verdict.ref).partition("@")[0]
    return (
        f" --as {printable(shlex.quote(repo))}" if "://" in delivered.place and "/" in repo else ""
    )
