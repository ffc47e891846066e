"""A fleet judged: every part that has no verdicts yet, by whoever does the work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from shutil import copyfile

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.fleet import engines
from provenance.fleet.changes import Change, Terms, between
from provenance.fleet.engines import Certificates, Engine, Lost
from provenance.fleet.judging import Done, Task
from provenance.fleet.querying import reached
from provenance.fleet.rules import Rules
from provenance.fleet.store import RUN, VERDICTS, FleetStore, Part, broken, is_whole, read
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
    _begun(store, rules)
    parts = _shard(store.parts(), work.shard)
    tasks = list(_tasks(store, run, parts, before, change))
    found = _told(_all(store, tasks, rules, work), progress, len(tasks))
    lost = _shard(store.parts(whole=False), work.shard)
    return Judged(
        run=run,
        parts=parts,
        judged=sum(one.judged for one in found),
        before=before,
        why=change.all if tasks else "",
        unread=(
            *(one.unread for one in found if one.unread),
            *(broken(store.place("evidence", part.name)) for part in lost),
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


def _begun(store: FleetStore, rules: Rules) -> None:
    """The run has its terms, those of whoever began it first, and is the newest."""
    store.sweep(VERDICTS, rules.key)
    place = store.run(rules.key) / RUN
    if not place.exists():
        store.write(rules.terms.text().encode(), VERDICTS, rules.key, RUN)
    os.utime(place)


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


def runs(store: FleetStore) -> Iterator[tuple[str, Terms]]:
    """Every run that was begun, and by what it was judged, the newest first."""
    found: list[tuple[int, str, Terms]] = []
    for name in os.listdir(store.place(VERDICTS)):
        place = store.run(name) / RUN
        with suppress(SourceError, Malformed, OSError):
            found.append((place.stat().st_mtime_ns, name, Terms.read(read(place))))
    yield from ((name, terms) for _, name, terms in sorted(found, key=itemgetter(0), reverse=True))


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
    todo = [part for part in parts if not is_whole(store.run(run) / part.name)]
    known: list[Part] = []
    if before and not change.all:
        known = [part for part in todo if is_whole(store.run(before) / part.name)]
    among = reached(store, before, known, change) if known else {}
    for part in todo:
        if part not in known:
            yield Task(store=store.root, part=part, run=run)
        elif part in among:
            yield Task(store=store.root, part=part, run=run, before=before, among=among[part])
        else:
            _taken_over(store.run(before) / part.name, store.run(run) / part.name)


def _taken_over(old: Path, new: Path) -> None:
    """The verdicts of a part as they were: the same file, or a copy where there can be no link."""
    try:
        os.link(old, new)
    except FileExistsError:
        new.unlink()
        _taken_over(old, new)
    except OSError:
        aside = new.with_name(f".{new.name}.{os.getpid()}")
        copyfile(old, aside)
        aside.replace(new)


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
                if not is_whole(store.run(task.run) / part.name)
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
