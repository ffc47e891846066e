"""Every check with its function and its page: the rows of the policy's table, and their files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from provenance.case.case import Case, Check
from provenance.policy.table import TABLE, Row
from provenance.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A check: its row, its function, and the page that says what it asks and what it finds."""

    row: Row
    check: Check
    page: str

    @classmethod
    def of(cls, row: Row) -> Entry:
        """The check of this row: the file of its name, or `check.py` in the folder of its name.

        ImportError or AttributeError, at import and so at every start, where there is none.
        """
        module = import_module(f"provenance.checks.{row.name}")
        if hasattr(module, "__path__"):
            module = import_module(f"{module.__name__}.check")
        return cls(row=row, check=module.check, page=inspect.cleandoc(module.__doc__ or ""))

    @property
    def asks(self) -> str:
        """The question that the check answers: the first line of its page, after its name."""
        return self.page.partition("\n")[0].removeprefix(f"{self.row.name}: ")


CHECKS: Mapping[str, Entry] = {row.name: Entry.of(row) for row in TABLE}
"""By name, in the order in which they are made."""


def always(case: Case) -> Iterator[Finding]:
    """What is found whatever a policy asks for: revocations, and the caller's own files."""
    for entry in CHECKS.values():
        if entry.row.always:
            yield from entry.check(case)


def asked(case: Case) -> Iterator[Finding]:
    """What the checks find that the policy of the case asks for."""
    for name in case.policy.checks:
        yield from CHECKS[name].check(case)
