"""Verdicts as people and programs read them. Pure: printing is the command line's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provenance.report.common import Place, Shown, Summary
from provenance.report.github import github
from provenance.report.human import human
from provenance.report.machine import machine
from provenance.report.markdown import markdown
from provenance.report.sarif import sarif

__all__ = ["FORMATS", "Place", "Shown", "Summary", "human", "machine"]


def _html(summary: Summary) -> str:
    from provenance.report.page import html

    return html(summary)


FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "json": machine,
    "markdown": markdown,
    "sarif": sarif,
    "github": github,
    "html": _html,
}
"""Every form of a report but that for a terminal."""
