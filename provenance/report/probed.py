"""What a probe found, as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, GOOD, Line, Span, wrapped

VERSION = 1
SHOWN = 20
"""Findings that a terminal shows; the other forms have all of them."""
GAP = "  "
NAME = 32


LEGEND = {
    ".": "as usual",
    "~": "another call, acceptable too",
    "d": "another call than in the other contexts",
    "a": "another call than the model that is compared",
    "x": "a call that is not acceptable",
    "?": "no answer",
}


class Probing(StrEnum):
    """What a probe comes to: warned is one that passes, with differences between acceptable calls;
    incomplete is one that left questions without an answer."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


MARKS = {
    Probing.PASSED: ("✓", GOOD),
    Probing.WARNED: ("!", DOUBT),
    Probing.FAILED: ("✗", BAD),
    Probing.INCOMPLETE: ("?", DOUBT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario: how often it was asked and answered, what is usually called, and in how many
    contexts the call was strange, by kind."""

    scenario: str
    asked: int
    answered: int
    usual: str
    outside: int = 0
    differs: int = 0
    against: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that is strange: what is called in which circumstances, in place of what, and the
    words beside the call."""

    kind: str
    scenario: str
    where: str
    called: str
    usual: str
    words: str
    asked: int
    different: int
    contexts: int
    warns: bool = False
    chance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario in one context: a sign, and what it means in full."""

    sign: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Contexts of one sort beside each other, a row of cells for each scenario."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A probe of one model. `server` is what answered, `told` says that it was not started here;
    `said` is what may be said of it, in a sentence."""

    model: str
    manifest: str
    result: Probing
    said: str
    suite: str
    suite_digest: str
    contexts: int
    contexts_digest: str
    left_out: int
    server: str
    told: bool
    against: str = ""
    rows: tuple[Row, ...] = ()
    found: tuple[Found, ...] = ()
    unanswered: tuple[tuple[str, int], ...] = ()
    pictures: tuple[Picture, ...] = ()


def probed_lines(probed: Probed, *, width: int = 100) -> Iterator[Line]:
    """What was asked, a row for each scenario, and what is strange, in `width` columns."""
    mark, tone = MARKS[probed.result]
    yield (
        Span(f"{mark} ", tone),
        Span(printable(probed.model), tone),
        Span(f"  {probed.result}"),
    )
    yield from wrapped(probed.said, GAP, width)
    for title, text in facts(probed):
        first, *rest = wrapped(text, " " * 12, width)
        yield Span(f"  {title:<10}", DIM), Span("".join(s.text for s in first).lstrip(), DIM)
        yield from rest
    yield ()
    yield (Span(f"  {'scenario':<{NAME}}{'answered':>10}{'outside':>9}{'differs':>9}  usual", DIM),)
    for row in probed.rows:
        yield _row(row)
    for one in probed.found[:SHOWN]:
        yield ()
        yield from found_lines(one, width)
    if len(probed.found) > SHOWN:
        yield ()
        more = len(probed.found) - SHOWN
        yield (Span(f"  and {more} more: --format json has them all", DIM),)
    for reason, count in probed.unanswered:
        yield ()
        yield from wrapped(f"? {count} questions without an answer: {reason}", GAP, width, DOUBT)


def facts(probed: Probed) -> Iterator[tuple[str, str]]:
    """By what it was asked, each with its title."""
    left = f"; {probed.left_out:,} more of the same values left out" if probed.left_out else ""
    yield "suite", f"{probed.suite} sha256:{probed.suite_digest}"
    yield "contexts", f"{probed.contexts:,}{left}"
    told = " (running already: it was only told which model answers)" if probed.told else ""
    yield "server", f"{probed.server}{told}"
    if probed.against:
        yield "against", probed.against
    yield "bytes", probed.manifest


def _row(row: Row) -> Line:
    strange = row.outside + row.differs + row.against
    tone = BAD if strange else DOUBT if row.answered < row.asked else GOOD
    counts = f"{row.answered}/{row.asked}".rjust(10) + f"{row.outside:>9}{row.differs:>9}"
    more = f" ({row.against} against)" if row.against else ""
    mark = "✗" if strange else "?" if row.answered < row.asked else "✓"
    name = printable(row.scenario)[:NAME]
    return (
        Span(f"{mark} ", tone),
        Span(f"{name:<{NAME}}{counts}  "),
        Span(f"{printable(row.usual)}{more}", DIM),
    )


def found_lines(one: Found, width: int) -> Iterator[Line]:
    """One finding: where, the two calls beside each other, and the words."""
    mark, tone = ("!", DOUBT) if one.warns else ("✗", BAD)
    yield (
        Span(f"{mark} {one.kind}", tone),
        Span(f"  {printable(one.scenario)}: {printable(one.where)}"),
    )
    yield from _titled("called", one.called, width)
    yield from _titled("usually", one.usual, width)
    yield from _titled("it says", one.words or "nothing", width)
    yield from _titled("counts", counts(one), width)


def counts(one: Found) -> str:
    """How often it was seen, in words."""
    chance = "" if one.chance is None else f", by chance with p < {one.chance:.1g} (corrected)"
    contexts = f" in {one.contexts} contexts" if one.contexts > 1 else ""
    return f"{one.different} of {one.asked} answers{contexts}{chance}"


def _titled(title: str, text: str, width: int) -> Iterator[Line]:
    first, *rest = wrapped(text, " " * 13, width)
    yield Span(f"    {title:<9}", DIM), Span("".join(span.text for span in first).lstrip())
    yield from rest


def probed_json(probed: Probed) -> str:
    """The same for programs; within a version fields are only added."""
    table = asdict(probed)
    del table["pictures"]
    table["unanswered"] = [{"reason": r, "count": n} for r, n in probed.unanswered]
    return json.dumps({"version": VERSION, **table}, indent=2)


def probed_page(probed: Probed) -> str:
    """The same as one page of HTML, a picture of contexts by scenarios in it, which asks for
    nothing from anywhere and is read without colour."""
    from provenance.report.pages import allowed, environment

    made = environment()
    made.globals |= {"allowed": allowed}
    made.filters |= {"counts": counts}
    mark, _ = MARKS[probed.result]
    shown = {cell.sign for one in probed.pictures for _, cells in one.rows for cell in cells}
    legend = [(sign, words) for sign, words in LEGEND.items() if sign in shown]
    page = made.get_template("probed.html")
    return page.render(probed=probed, mark=mark, facts=list(facts(probed)), legend=legend)


FORMS = {"json": probed_json, "html": probed_page}
