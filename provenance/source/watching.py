"""Long work, watched by time: what is quick is never told, and what lasts again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from provenance.source.progress import Silent, Step, Unit

SHOWN = 3
SCALES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(slots=True, kw_only=True)
class Running:
    """A step under way: what it does, and how much of it is done; told from several threads."""

    what: str
    total: int
    unit: Unit
    watch: Watch
    begun: float
    done: int = 0
    lock: Lock = field(default_factory=Lock)

    def advance(self, count: int) -> None:
        """`count` more bytes or items are done."""
        with self.lock:
            self.done += count

    def end(self) -> None:
        """It is over, and not told of any more."""
        self.watch.ended(self)

    @property
    def subject(self) -> str:
        """The model that it is about: what stands before the colon."""
        return self.what.partition(": ")[0]


def leading(tasks: Sequence[Running]) -> tuple[Running, ...]:
    """Those worth telling: of a model's steps not the one that only holds the others."""
    counted = {task.subject for task in tasks if task.total}
    return tuple(task for task in tasks if task.total or task.subject not in counted)


def described(task: Running, now: float) -> str:
    """A step on one line: `acme/bot: downloading, 1.2 of 7.0 GB, 41 MB/s`."""
    seconds = max(now - task.begun, 0.1)
    parts = [task.what]
    if task.total and task.unit is Unit.BYTES:
        scale, unit = _scale(task.total)
        parts.append(f"{task.done / scale:.1f} of {task.total / scale:.1f} {unit}")
        rate, per = _scale(int(task.done / seconds))
        parts.append(f"{task.done / seconds / rate:.0f} {per}/s")
    elif task.total:
        parts.append(f"{task.done} of {task.total}")
    else:
        parts.append(f"{seconds:.0f} s")
    return ", ".join(parts)


def summed(tasks: Sequence[Running], now: float) -> str:
    """The steps that began first, and how many more there are, on one line."""
    more = f"; and {len(tasks) - SHOWN} more" if len(tasks) > SHOWN else ""
    return "; ".join(described(task, now) for task in tasks[:SHOWN]) + more


def _scale(count: int) -> tuple[float, str]:
    return next(((scale, unit) for scale, unit in SCALES if count >= scale), (1.0, "bytes"))


class Watch(Silent):
    """Looks at the steps under way after a while, and then again and again, in its own thread."""

    def __init__(self, after: float, every: float) -> None:
        self._after, self._every = after, every
        self._tasks: list[Running] = []
        self._lock = Lock()
        self._thread: Thread | None = None

    def step(self, what: str, total: int, unit: Unit = Unit.BYTES) -> Step:
        """A step that is told of once it has taken a while."""
        task = Running(what=what, total=total, unit=unit, watch=self, begun=time.monotonic())
        with self._lock:
            self._tasks.append(task)
            if self._thread is None:
                self._thread = Thread(target=self._look, daemon=True)
                self._thread.start()
        return task

    def ended(self, task: Running) -> None:
        """One step fewer; with the last, what was shown of them goes."""
        with self._lock:
            self._tasks = [other for other in self._tasks if other is not task]
            if not self._tasks:
                self.clear()

    def _look(self) -> None:
        pause = Event()
        pause.wait(self._after)
        while True:
            with self._lock:
                if not self._tasks:
                    self._thread = None
                    return
                now = time.monotonic()
                old = [task for task in self._tasks if now - task.begun >= self._after]
                self.tell(leading(old), now)
            pause.wait(self._every)

    def tell(self, tasks: Sequence[Running], now: float) -> None:
        """Say what is under way; no other step begins or ends meanwhile."""

    def clear(self) -> None:
        """Nothing is under way any more."""
