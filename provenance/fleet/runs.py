"""The runs of a store: by what each was judged, and which is the newest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter

from provenance.errors import Malformed, SourceError
from provenance.fleet.changes import Terms
from provenance.fleet.rules import Rules
from provenance.fleet.store import RUN, VERDICTS, FleetStore, read

APART = 2 * 10**9
"""Nanoseconds by which the coarsest clock of a file system tells two files apart."""


def begun(store: FleetStore, rules: Rules) -> None:
    """The run has its terms, those of whoever began it first, and is the newest, whatever the clock
    says. SourceError where nothing can be written."""
    store.sweep(VERDICTS, rules.key)
    if _terms(store, rules.key) is None:
        store.write(rules.terms.text().encode(), VERDICTS, rules.key, RUN)
    place = store.run(rules.key) / RUN
    others = (stamp for stamp, run, _ in _stamped(store) if run != rules.key)
    stamp = max(time.time_ns(), max(others, default=0) + APART)
    try:
        os.utime(place, ns=(stamp, stamp))
    except OSError as error:
        raise SourceError(f"{place}: cannot be written: {error.strerror}") from None


def runs(store: FleetStore) -> Iterator[tuple[str, Terms]]:
    """Every run that was begun, and by what it was judged, the newest first; without `spoiled`."""
    found = sorted(_stamped(store), key=itemgetter(0), reverse=True)
    yield from ((run, terms) for _, run, terms in found)


def spoiled(store: FleetStore) -> tuple[str, ...]:
    """The runs of which nobody can tell any more by what they were judged."""
    return tuple(
        run
        for run in store.names_in(VERDICTS)
        if _terms(store, run) is None
        and ((store.run(run) / RUN).exists() or store.named(VERDICTS, run))
    )


def _stamped(store: FleetStore) -> Iterator[tuple[int, str, Terms]]:
    for run in store.names_in(VERDICTS):
        terms = _terms(store, run)
        with suppress(OSError):
            if terms is not None:
                yield (store.run(run) / RUN).stat().st_mtime_ns, run, terms


def _terms(store: FleetStore, run: str) -> Terms | None:
    """The terms of a run as they were written, or None."""
    place = store.run(run) / RUN
    if not place.exists():
        return None
    data = read(place)
    try:
        return Terms.read(data)
    except Malformed:
        return None
