"""A fleet judged: every part that has no verdicts yet, by whoever does the work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from provenance.errors import ConfigError, SourceError
from provenance.fleet import engines
from provenance.fleet.changes import Change, between
from provenance.fleet.engines import Certificates, Engine, Lost
from provenance.fleet.judging import Done, Task
from provenance.fleet.querying import reached
from provenance.fleet.rules import Rules
from provenance.fleet.runs import begun, runs
from provenance.fleet.store import EVIDENCE, VERDICTS, FleetStore, Part, read
from provenance.source.progress import Progress, Unit

TRIES = 3
LOOK = 2.0
FEW = 100
"""Models for which no other process is worth its start."""
A_PART = 50
"""Models of a part, as far as nobody has looked."""
AFFECTED, ALL = "affected", "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How a fleet is judged: `shard` is which of how many, `only` what of it."""

    engine: str = engines.PROCESSES
    workers: int = 1
    shard: tuple[int, int] = (1, 1)
    only: str = ALL
    certificates: Certificates = field(default_factory=Certificates)

    def by(self, rules: Rules, models: int) -> AbstractContextManager[Engine]:
        """Who does the work; ConfigError for an engine that cannot be used."""
        if self.engine.startswith(engines.DASK):
            address = self.engine.removeprefix(engines.DASK)
            return engines.dask(rules, address, self.certificates)
        few = self.workers < 2 or models <= FEW
        return engines.here(rules) if few else engines.processes(rules, self.workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run: the parts of its shard, how many models were judged now, and the parts that nobody
    could read; verdicts of the run `before` were taken over, or not, for the reason `why`."""

    run: str
    parts: tuple[Part, ...]
    judged: int = 0
    before: str = ""
    why: str = ""
    unread: tuple[str, ...] = ()


def judged(store: FleetStore, rules: Rules, work: Work, progress: Progress) -> Judged:
    """Every part of the shard has its verdicts by these rules, whoever was killed before.

    ConfigError for an engine that cannot be used, SourceError where the work was lost again and
    again: what is done then stands. TrustError as of `judge`.
    """
    engines.check(work.engine, work.certificates)
    run = rules.key
    before, change = _before(store, rules) if work.only == AFFECTED else ("", Change(all=""))
    begun(store, rules)
    meant = _shard(store.named(), work.shard)
    parts = tuple(part for part in meant if store.stands(part, EVIDENCE))
    tasks = list(_tasks(store, run, parts, before, change))
    found = _told(_all(store, tasks, rules, work), progress, len(tasks))
    lost = sorted({*meant, *_shard(store.gone(), work.shard)}.difference(parts))
    return Judged(
        run=run,
        parts=parts,
        judged=sum(one.judged for one in found),
        before=before,
        why=change.all if tasks else "",
        unread=(
            *(one.unread for one in found if one.unread),
            *map(store.lost, lost),
        ),
    )


def _told(found: Iterable[Done], progress: Progress, total: int) -> list[Done]:
    """What became of every task, as it comes told to who waits."""
    step, kept = progress.step("judging", total, Unit.ITEMS), list[Done]()
    try:
        for one in found:
            kept.append(one)
            step.advance(1)
    finally:
        step.end()
    return kept


def shard_of(text: str) -> tuple[int, int]:
    """Which of how many, of a text such as `3/64`; ConfigError."""
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise ConfigError(f"expected 3/64: the third of 64, found {text[:40]!r}", path="--shard")


def _shard(parts: Sequence[Part], shard: tuple[int, int]) -> tuple[Part, ...]:
    """By the place in the order, which a later part does not change."""
    number, count = shard
    return tuple(part for part in parts if part.number % count == number - 1)


def _before(store: FleetStore, rules: Rules) -> tuple[str, Change]:
    """The newest other run, and what came to be different since."""
    for run, terms in runs(store):
        if run != rules.key:
            return run, between(terms, rules.terms)
    return "", Change(all="there is no run before")


def _tasks(
    store: FleetStore, run: str, parts: Sequence[Part], before: str, change: Change
) -> Iterator[Task]:
    """The parts without verdicts; of what no change can reach, the verdicts are taken over."""
    todo = [part for part in parts if not store.stands(part, VERDICTS, run)]
    known: list[Part] = []
    if before and not change.all:
        known = [part for part in todo if store.stands(part, VERDICTS, before)]
    among = reached(store, before, known, change) if known else {}
    for part in todo:
        if part not in known:
            yield Task(store=store.root, part=part, run=run)
        elif part in among:
            yield Task(store=store.root, part=part, run=run, before=before, among=among[part])
        else:
            _taken_over(store, part, before, run)


def _taken_over(store: FleetStore, part: Part, before: str, run: str) -> None:
    """The verdicts of a part as they were: the same file, or a copy where there can be no link."""
    old, new = (store.place(VERDICTS, one, part.name) for one in (before, run))
    try:
        new.unlink(missing_ok=True)
        os.link(old, new)
    except OSError:
        store.write(read(old), VERDICTS, run, part.name)


def _all(store: FleetStore, tasks: Sequence[Task], rules: Rules, work: Work) -> Iterator[Done]:
    """What became of each task; what was lost is given to others."""
    left = {task.part: task for task in tasks}
    why = ""
    for _ in range(TRIES):
        if not left:
            return
        try:
            with work.by(rules, sum(map(_models, left.values()))) as engine:
                for one in _once(engine, list(left.values())):
                    del left[one.part]
                    yield one
        except Lost as error:
            why = str(error)
            left = {
                part: task
                for part, task in left.items()
                if not store.stands(part, VERDICTS, task.run)
            }
    if left:
        again = "what is done stands, and the same command does the rest"
        raise SourceError(f"{len(left)} parts were lost {TRIES} times ({why}): {again}")


def _models(task: Task) -> int:
    return len(task.among) if task.before else A_PART


def _once(engine: Engine, tasks: Sequence[Task]) -> Iterator[Done]:
    pending: set[Future[Done]] = set()
    try:
        pending |= {engine.submit(task) for task in tasks}
        while pending:
            done, pending = wait(pending, LOOK, FIRST_COMPLETED)
            for future in done:
                yield engine.result(future)
            if pending and not engine.alive():
                raise Lost("the scheduler has gone")
    except BrokenExecutor as error:
        raise Lost(type(error).__name__) from None
    finally:
        for future in pending:
            future.cancel()
