"""What was fetched, where it lies, and the lines that load it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.loaders.readers import read_by, readers
from provenance.report.common import aside, printable
from provenance.report.human import Line, Span, mark
from provenance.report.usage import Loaded, usage
from provenance.verdict import Verdict

SHOWN = 5


def admitted_lines(
    verdict: Verdict, loaded: Loaded, *, name: str, already: bool, beside: Sequence[str]
) -> Iterator[Line]:
    """What became of a model that was admitted, then how it is loaded.

    `already` says that it was there before; `beside` are files in its folder that nobody judged.
    """
    done = "was there already, and is" if already else "fetched:"
    said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
    yield (Span(f"{mark(verdict)} {printable(name)} {done} {said}"),)
    yield (Span(f"  {printable(verdict.reason)}"),)
    yield Span("  "), Span(str(loaded.place), link=str(loaded.place))
    if beside:
        yield (Span(f"  {_beside(beside)}"),)
    ways = usage(loaded)
    width = max((len(tool) for tool, _ in ways), default=0)
    yield from ((Span(f"  {tool:<{width}}  {line}"),) for tool, line in ways)


def _beside(paths: Sequence[str]) -> str:
    """What lies in the same snapshot, in one line."""
    shown = ", ".join(f"{printable(path)}{_readers(path)}" for path in paths[:SHOWN])
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"not judged, and in the same snapshot, where a loader may read it: {shown}{more}"


def _readers(path: str) -> str:
    """Who reads it, where that is known."""
    return f" ({read_by(path)})" if readers(path) else ""
