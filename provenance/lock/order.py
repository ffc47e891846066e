"""One order for everything in a lockfile, so that the same lock is always the same text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, replace
from datetime import UTC, datetime
from typing import TypeVar

from provenance.lock.entry import (
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFinding,
    LockedParent,
    LockedSigner,
    Part,
)
from provenance.model import Manifest

Row = Accepted | Floor | LockedFinding | LockedParent | LockedSigner
R = TypeVar("R", bound=Row)

PARTS = tuple(Part)


def in_order(lock: Lock) -> Lock:
    """The lock with its entries by part and name, and each list of rows by what the rows say.

    A registry that stands there twice with one version stands there once.
    """
    entries = map(_with_rows_in_order, lock.entries)
    return replace(
        lock,
        registries=rows_in_order(set(lock.registries)),
        entries=tuple(sorted(entries, key=lambda entry: place(entry.part, entry.name))),
    )


def place(part: Part, name: str) -> tuple[int, str]:
    """Where an entry stands among others."""
    return PARTS.index(part), name


def rows_in_order(rows: Iterable[R]) -> tuple[R, ...]:
    """The rows by their fields, the first field first; equal rows stay as many as they are."""
    return tuple(sorted(rows, key=lambda row: tuple(map(_word, astuple(row)))))


def _with_rows_in_order(entry: Entry) -> Entry:
    return replace(
        entry,
        parents=rows_in_order(entry.parents),
        signers=rows_in_order(entry.signers),
        accepted=rows_in_order(entry.accepted),
        findings=rows_in_order(entry.findings),
        files=Manifest.of(entry.files.files),
    )


def _word(value: object) -> str:
    """One moment has many time zones, and comes back from the file in UTC."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(value)
