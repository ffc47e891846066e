"""A fleet judged, as ratios: `python -m tests.bench.fleet [MODELS]`.

So many stored models (10,000: of five three fine-tunes of an 8B model, one signed, one small) on
two processes against one, by the clock and by the work of all cores; the former says something
only where nothing else runs. Then a revocation that reaches 20 of them: who descends, and the
verdicts that it changes; the answer is to be there in less than a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.fleet.desk import Question, query
from provenance.fleet.rules import Rules
from provenance.fleet.running import AFFECTED, Work, judged
from provenance.fleet.store import FleetStore
from provenance.model import Evidence
from provenance.source.progress import Silent
from tests.bench.run import Taken, Watch
from tests.fleet import models

COUNT, TOUCHED, BAR = 10_000, 20, 1.7
RARE = "rare/base"


def fleet(count: int) -> Iterator[Evidence]:
    """The mix, and among it so few that are made from one model."""
    lab = models.Lab()
    above = lab.ancestor(RARE, 3)
    for number, one in enumerate(models.mix(count)):
        if number % (count // TOUCHED) == 0:
            own = lab.evidence(f"team/rare{number}", 3, RARE, seed=str(number))
            yield replace(own, ancestors=(above,))
        else:
            yield one


def of(store: FleetStore, rules: Rules, workers: int) -> Taken:
    """What judging all takes."""
    watch, here = Watch(), time.process_time()
    judged(store, rules, Work(workers=workers), Silent())
    taken = watch.taken()
    return Taken(taken.seconds, taken.worked + time.process_time() - here)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A revocation: how many models it reaches, and what naming and judging them takes."""

    named: int
    judged: int
    taken: Taken


def revoked(store: FleetStore, registry: str) -> Answered:
    """The models that a revocation in this registry reaches, named with their paths and judged."""
    rules = models.rules({"repo": RARE, "reason": "EX-1"}, name=registry)
    watch, here = Watch(), time.process_time()
    found = judged(store, rules, Work(only=AFFECTED), Silent())
    rows = query(store.root, Question(descends_from=RARE)).rows
    taken = watch.taken()
    assert all(row[3] == "fail" for row in rows)
    used = Taken(taken.seconds, time.process_time() - here)
    return Answered(named=len(rows), judged=found.judged, taken=used)


def main() -> None:
    """Prints them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory() as top:
        store = models.filled(Path(top) / "fleet", fleet(count))
        one = of(store, models.rules(name="one"), 1)
        two = of(store, models.rules(name="two"), 2)
        answered = revoked(store, "two")
    print(f"{count} models on one process: {count / one.worked:.0f} verdicts a second of a core")
    ratio, same = one.seconds / two.seconds, one.worked / two.worked
    print(f"two processes: {ratio:.2f} by the clock (the bar is {BAR}), {same:.2f} by work")
    print(f"{answered.named} that descend from {RARE}: {answered.judged} judged, {answered.taken}")


if __name__ == "__main__":
    main()
