"""The report as one page of HTML that asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from textwrap import wrap

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

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
    printable_lines,
)
from provenance.report.drawing import HEIGHT, WIDTH, Line, drawing
from provenance.report.graph import called, claimed, cut, fate, has_parents, lost, said, why
from provenance.report.history import rows, title
from provenance.report.human import BAD, DIM, GOOD, OUTCOMES, PLAIN, RESULTS
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
        marks=marks,
        style_hash=_hash(_text("page.css")),
        script_hash=_hash(_text("page.js")),
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_source),
    )
    environment.globals |= {
        "box_width": WIDTH,
        "box_height": HEIGHT,
        "most_files": MOST_FILES,
        "most_edges": MOST_EDGES,
        "most_lines": MOST_LINES,
        "most_width": MOST_WIDTH,
        "few": FEW,
    }
    environment.filters |= {
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
        "printable": printable,
        "printable_lines": printable_lines,
        "rows": rows,
        "said": _said,
        "short": _short,
        "standing": _standing,
        "titled": title,
        "tone": _tone,
        "words": _words,
    }
    return environment.get_template("page.html")


def _source(name: str) -> str:
    """A template, with the style and the script in the place of their names."""
    page = _text(name)
    for part in ("page.css", "page.js"):
        page = page.replace(f"/* {part} */", _text(part))
    return page


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


def _text(name: str) -> str:
    return resources.files("provenance.report").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """The source expression that allows exactly this text (CSP Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
