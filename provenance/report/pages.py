"""What every page of HTML here is made with: text stays text, and only our own style and script
hold."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined

from provenance.report.common import printable, printable_lines

PARTS = ("page.css", "page.js", "map.css", "map.js")
"""What stands in a template as a comment of its name."""


def environment() -> Environment:
    """Templates of this folder, in which whatever is put in is escaped."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_source),
    )
    made.filters |= {"printable": printable, "printable_lines": printable_lines}
    return made


def allowed(name: str) -> str:
    """The source expression that allows exactly this style or script (CSP Level 3, 2.3.1)."""
    digest = hashlib.sha256(_text(name).encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def _source(name: str) -> str:
    page = _text(name)
    for part in PARTS:
        page = page.replace(f"/* {part} */", _text(part))
    return page


def _text(name: str) -> str:
    return resources.files("provenance.report").joinpath(name).read_text("utf-8")
