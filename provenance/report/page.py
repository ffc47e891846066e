"""The report as one page of HTML that asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from provenance.report.common import (
    Summary,
    aside,
    basis,
    by_exception,
    counted,
    printable,
    printable_lines,
    problems,
)
from provenance.report.drawing import HEIGHT, WIDTH, drawing
from provenance.report.human import OUTCOMES, RESULTS
from provenance.verdict import Outcome, Verdict

MOST_FILES = 1_000


def html(summary: Summary) -> str:
    """The page; everything of a model's is text in it, and its policy lets no other script run."""
    marks = {word: mark for table in (RESULTS, OUTCOMES) for word, (mark, _) in table.items()}
    return _template().render(
        summary=summary,
        counted=counted(summary),
        marks=marks,
        style_hash=_hash(_text("page.css")),
        script_hash=_hash(_text("page.js")),
        box_width=WIDTH,
        box_height=HEIGHT,
        most_files=MOST_FILES,
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "aside": aside,
        "basis": _basis,
        "standing": _standing,
        "printable": printable,
        "printable_lines": printable_lines,
        "problems": problems,
        "drawing": drawing,
        "short": _short,
    }
    page = _text("page.html")
    for name in ("page.css", "page.js"):
        page = page.replace(f"/* {name} */", _text(name))
    return environment.from_string(page)


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
