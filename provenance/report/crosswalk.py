"""The requirements behind a check, for a terminal of 80 columns: a block, and the whole table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from provenance.manual.crosswalk import Requirement, Standard, requirements, rows, standards
from provenance.report.common import Summary, own_problems
from provenance.report.loaders import WIDTH, wrapped

PAGE = "crosswalk"
"""The name of the manual page that is this table."""
BEHIND = "Requirements that ask for this (what they are: provenance explain crosswalk):"
ABOUT = (
    "A requirement is listed where it asks for what the check looks at. A pass is evidence for it, "
    "and does not fulfil it: most are duties of an organisation. Where a rule differs from its "
    "check it has a row of its own. A number is cited only where its wording was read."
)
WORDINGS = {
    "original": "wording read at its publisher's",
    "copy": "wording read in copies of it by others, which agree",
}


def block(name: str) -> str:
    """The requirements behind a check or a rule, by standard; empty where there are none."""
    found = requirements(name)
    return "\n".join((BEHIND, "", *_listed(found))) if found else ""


def behind(summary: Summary) -> Mapping[str, Sequence[Requirement]]:
    """What stands behind the checks that were made, and behind what was found and differs."""
    made = {check for verdict in summary.verdicts for check, _ in verdict.checks}
    found = {one.rule for verdict in summary.verdicts for one in own_problems(verdict)}
    found |= {one.rule for one in summary.above}
    return {name: row for name, row in rows().items() if name in made | found}


def page() -> str:
    """The manual page: what the table means, each standard, and the whole table by check."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield f"{PAGE}: which requirements of standards stand behind a check?"
    yield ""
    yield textwrap.fill(ABOUT, WIDTH)
    for standard in standards().values():
        yield ""
        yield from _about(standard)
    for name, found in rows().items():
        yield from ("", name)
        yield from _listed(found)


def _about(standard: Standard) -> Iterator[str]:
    yield from wrapped(f"{standard.name} {standard.version}: {standard.title}", 0)
    yield f"  {standard.source}"
    read = f"{WORDINGS[standard.wording]}, {standard.read.isoformat()}"
    yield from wrapped("; ".join(filter(None, (read, standard.note))), 1)


def _listed(found: Sequence[Requirement]) -> Iterator[str]:
    for name, group in groupby(found, key=lambda one: one.standard.name):
        yield f"  {name}"
        yield from _sections(group)


def _sections(found: Iterable[Requirement]) -> Iterator[str]:
    for one in found:
        yield from wrapped(f"{one.section}: {one.title}", 2)
