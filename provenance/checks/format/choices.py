"""Which files make a loader use other weights or code than it would without them."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.case.leaving import lines_without_files
from provenance.claims.choices import Choice
from provenance.verdict import Finding, failed


def loader_choices(case: Case) -> Iterator[Finding]:
    """What is used because of a file, once for each folder and each way in which loaders choose."""
    for choice in case.files.choices:
        yield failed("format/loader-choice", _message(case, choice), choice.paths[0])


def _message(case: Case, choice: Choice) -> str:
    more = len(choice.paths) - 1
    others = f" (and {more} more of its kind)" if more else ""
    if choice.row.key:
        return f"{choice.said}: check that this is meant"
    leave_out = lines_without_files(case.evidence, choice.paths)
    lines = f", by one of these lines\n{leave_out}" if leave_out else ""
    return f"{choice.said}{others}: keep it if this is meant, or leave it out{lines}"
