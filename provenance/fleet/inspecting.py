"""What a question rests on, held against what was written: no answer from fewer files than there
are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.errors import SourceError
from provenance.fleet import runs
from provenance.fleet.store import EVIDENCE, INDEXES, RUN, VERDICTS, FleetStore, Part, broken

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """A file that is not as it was written, and what makes it again."""

    words: str
    step: str


def inspected(store: FleetStore, *named: str) -> tuple[Part, ...]:
    """The parts that a question about these runs rests on, each file of which is as it was written.

    What somebody gathers at this moment is not among them yet. SourceError names the files that
    are not, and what makes them again, and those that nobody lets us read.
    """
    parts = _settled(store)
    found = [*_evidence(store, parts), *_terms(store)]
    found += [one for run in named if run for one in _verdicts(store, parts, run)]
    if found:
        shown = "; ".join(one.words for one in found[:SHOWN])
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        steps = ", then ".join(dict.fromkeys(one.step for one in found[:SHOWN]))
        raise SourceError(f"{shown}{more}: {steps}")
    return parts


def _settled(store: FleetStore) -> tuple[Part, ...]:
    """All parts, without one of which somebody writes the indexes at this moment."""
    parts = store.named()
    bare = parts and any(parts[-1] not in store.named(folder) for folder in INDEXES)
    return parts[:-1] if bare and store.is_gathered_into() else parts


def _evidence(store: FleetStore, parts: Sequence[Part]) -> Iterator[Spoiled]:
    step = f"`{store.command('gather')}`"
    for part in sorted({*parts, *store.gone()}):
        if not store.stands(part, EVIDENCE):
            yield Spoiled(words=broken(store.place(EVIDENCE, part.name)), step=step)
            continue
        for folder in INDEXES:
            if not store.stands(part, folder):
                yield Spoiled(words=broken(store.place(folder, part.name)), step=step)


def _terms(store: FleetStore) -> Iterator[Spoiled]:
    """Where nobody can tell by what a run was judged, nobody can tell which is the newest."""
    for run in runs.spoiled(store):
        step = f"`rm -r {shlex.quote(str(store.run(run)))}` and `{store.command('judge')}`"
        yield Spoiled(words=broken(store.run(run) / RUN), step=step)


def _verdicts(store: FleetStore, parts: Sequence[Part], run: str) -> Iterator[Spoiled]:
    """The verdicts of a run that are there and were spoiled."""
    made = set(store.named(VERDICTS, run))
    for part in parts:
        if part in made and not store.stands(part, VERDICTS, run):
            place = store.place(VERDICTS, run, part.name)
            step = f"`rm {shlex.quote(str(place))}` and `{store.command('judge')}`"
            yield Spoiled(words=broken(place), step=step)
