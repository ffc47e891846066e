"""Two models' weights beside each other as one page of HTML that asks for nothing from anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Template

from provenance.drift.comparison import Comparison
from provenance.report.common import printable
from provenance.report.grid import grid_of, legend, percent, sign, step, summed, told, weight
from provenance.report.pages import allowed, environment
from provenance.report.weights import LIMIT, ended, facts
from provenance.weights.changes.change import UNCHANGED, Change

MOST = 1_000
"""Tensors in the table below the picture."""


def comparison_page(compared: Comparison) -> str:
    """The page; every name of a model's is text in it, and its policy lets no other script run."""
    grid = grid_of(compared.changes.changes)
    changed = sorted(compared.changes.changed, key=weight, reverse=True)
    return _template().render(
        compared=compared,
        facts=list(facts(compared)),
        grid=grid,
        legend=list(legend(grid.shown)),
        changed=changed,
        total=len(compared.changes.changes),
        limit=LIMIT,
        most=MOST,
    )


@cache
def _template() -> Template:
    made = environment()
    made.globals |= {"allowed": allowed}
    made.filters |= {
        "classes": _classes,
        "percent": percent,
        "short": ended,
        "sign": sign,
        "summed": summed,
        "title": _title,
        "told": told,
    }
    return made.get_template("map.html")


def _classes(change: Change) -> str:
    """How a cell is drawn: its kind, and how large the change is."""
    kind = change.kind.replace(" ", "-")
    return kind if change.kind in UNCHANGED else f"{kind} changed size-{step(change)}"


def _title(change: Change, count: int) -> str:
    """What a cell says when one points at it."""
    more = f" (the greatest of {count} changes)" if count > 1 else ""
    return printable(f"{change.name or change.base}: {told(change)}{more}")
