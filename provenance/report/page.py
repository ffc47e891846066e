"""The report as one page of HTML that asks for nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from textwrap import wrap

from jinja2 import Template

from provenance.lineage import Edge, Unresolved
from provenance.report.common import (
    Summary,
    aside,
    basis,
    by_exception,
    counted,
    deciding,
    own_problems,
    printable,
)
from provenance.report.crosswalk import behind
from provenance.report.drawing import HEIGHT, WIDTH, Line, drawing
from provenance.report.graph import called, claimed, cut, fate, has_parents, lost, said, why
from provenance.report.history import rows, title
from provenance.report.human import BAD, DIM, GOOD, OUTCOMES, PLAIN, RESULTS
from provenance.report.pages import allowed, environment
from provenance.review import Review
from provenance.verdict import Finding, Outcome, Verdict

MOST_FILES = 1_000
MOST_EDGES = 100
MOST_LINES = 60
"""Lines of a difference that is shown without a click."""
MOST_WIDTH = 1_020
"""Pixels of a lineage that is made to fit; one that is wider has a scroll bar."""
FEW = 8
"""Models that one finds without a filter."""
COLUMNS, MOST_WORDS = 24, 3
"""Letters and lines beside an edge; all of it is said in the list below."""
TONES = {"+": GOOD, "-": BAD, "@": DIM}


def html(summary: Summary) -> str:
    """The page; everything of a model's is text in it, and its policy lets no other script run."""
    marks = {word: mark for table in (RESULTS, OUTCOMES) for word, (mark, _) in table.items()}
    return _template().render(
        summary=summary,
        models=summary.ordered,
        gone=_gone(summary),
        counted=counted(summary),
        behind=behind(summary),
        marks=marks,
        style_hash=allowed("page.css"),
        script_hash=allowed("page.js"),
    )


@cache
def _template() -> Template:
    made = environment()
    made.globals |= {
        "box_width": WIDTH,
        "box_height": HEIGHT,
        "most_files": MOST_FILES,
        "most_edges": MOST_EDGES,
        "most_lines": MOST_LINES,
        "most_width": MOST_WIDTH,
        "few": FEW,
    }
    made.filters |= {
        "aside": aside,
        "basis": _basis,
        "cut": cut,
        "deciding": deciding,
        "drawing": drawing,
        "fate": fate,
        "has_parents": has_parents,
        "lost": lost,
        "nowhere": _nowhere,
        "others": _others,
        "in_two": _in_two,
        "rows": rows,
        "said": _said,
        "short": _short,
        "standing": _standing,
        "titled": title,
        "tone": _tone,
        "words": _words,
    }
    return made.get_template("page.html")


def _gone(summary: Summary) -> Sequence[Review]:
    """What changes of models that are not judged."""
    known = {verdict.name for verdict in summary.verdicts}
    return [review_of for name, review_of in (summary.changes or {}).items() if name not in known]


def _others(verdict: Verdict) -> Sequence[Finding]:
    decided = deciding(verdict)
    return [finding for finding in own_problems(verdict) if finding not in decided]


def _words(line: Line) -> list[str]:
    """The lines beside an edge: what was done, and by whose word."""
    edge = line.edge
    where = f"claimed in {edge.claims[0]}" if edge.claims else ""
    word = f"by {edge.attested}" if edge.attested else where
    lines = [line.word, *wrap(word, COLUMNS)]
    return [_short(printable(text), COLUMNS) for text in lines[:MOST_WORDS]]


def _in_two(name: str) -> tuple[str, str]:
    """A repository's namespace, with what divides them, and its name."""
    namespace, slash, own = name.rpartition("/")
    return namespace + slash, own


def _said(edge: Edge) -> str:
    return printable("; ".join(said(edge)))


def _nowhere(one: Unresolved) -> str:
    return printable("; ".join(filter(None, (called(one), why(one), *claimed(one.places)))))


def _tone(line: str) -> str:
    return TONES.get(line[:1], PLAIN)


def _basis(verdict: Verdict) -> str:
    return basis(verdict).replace("`", "")


def _standing(verdict: Verdict) -> str:
    return Outcome.EXCEPTED if by_exception(verdict) else verdict.result


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
