"""What loading a model opens, runs and fetches: the lines that people read, and the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from provenance.loading import Fetched, Loading
from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, RESULTS, Line, Span, wrapped

VERSION = 1
SHOWN = 8
SHORT = 12
NOTHING = "nothing that is known"


def loading_table(loading: Loading) -> dict[str, object]:
    """What JSON has: every file, place and commit in full."""
    return {"version": VERSION, **asdict(loading)}


def loading_lines(loading: Loading, *, width: int = 100) -> Iterator[Line]:
    """What people read, wrapped to `width` columns; `--format json` has what is cut here."""
    at = f"@{loading.commit[:SHORT]}" if loading.commit else ""
    yield (Span(f"loading {printable(loading.name)}{at}"),)
    yield from _part("opens", loading.opens, width)
    yield from _part("runs", _runs(loading), width)
    yield (Span("  fetches", DIM),)
    for one in loading.fetches:
        yield from _fetched(one, width)
    if not loading.fetches:
        yield (Span(f"    {NOTHING}"),)
    for claim in loading.unread:
        yield from wrapped(f"{printable(claim.path)}: {printable(claim.reason)}", "    ? ", width)


def _runs(loading: Loading) -> Iterator[str]:
    yield from (f"{run.path}: {run.detail}" for run in loading.runs)
    yield from (f"code of {one.repo}, see below" for one in loading.fetches if "code" in one.brings)


def _part(title: str, rows: Iterable[str], width: int) -> Iterator[Line]:
    yield (Span(f"  {title}", DIM),)
    shown = list(rows)
    for row in shown[:SHOWN] or [NOTHING]:
        yield from wrapped(printable(row), "    ", width)
    if len(shown) > SHOWN:
        yield (Span(f"    and {len(shown) - SHOWN} more: --format json lists them", DIM),)


def _fetched(one: Fetched, width: int) -> Iterator[Line]:
    sign, tone = RESULTS[one.result] if one.result else ("?", DOUBT)
    if not one.pinned:
        sign, tone = ("!", DOUBT) if one.only else ("✗", BAD)
    yield Span(f"    {sign} ", tone), Span(printable(f"{one.repo}  {_where(one)}"))
    who = f"{', '.join(one.loaders)}: {', '.join(one.brings)}, for {', '.join(one.places)}"
    yield from wrapped(printable(who), "      ", width)
    said = f"{one.result}: {one.reason}" if one.result else one.only or one.reason
    yield from wrapped(printable(said), "      ", width)


def _where(one: Fetched) -> str:
    """Which revision comes, and whether it can be another one tomorrow."""
    if one.pinned:
        return f"pinned at {one.commit}"
    today = f", judged at {one.commit}" if one.commit else ""
    return f"not pinned: {one.revision}{today}"
