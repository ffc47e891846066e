"""Verdicts on stored models, a second and core: `python -m tests.bench.verdicts [MODELS]`.

Each is read and judged, over the mix of tests/bench/mix.py; beside it the same loop that forgets
before each model what the one before had equal. The verdicts of both must be equal. Times are those
of a core, which hardly depend on what else runs here.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence

from provenance.claims.loader import TEXTS
from provenance.formats.parsed import HEADERS, INDEXES
from provenance.judgement import judge
from provenance.lineage.consistency.tensors import LAYOUTS
from provenance.policy import Model, Policy, Settings
from provenance.replay import loads
from provenance.trust import Registry
from provenance.verdict import Verdict
from tests import forge
from tests.bench import mix

SHARED = (HEADERS, INDEXES, TEXTS, LAYOUTS)
MODELS, ROUNDS = 500, 3
POLICY = Policy.of(Settings(), Model(name="acme/m", repo="acme/m"))


def registry() -> Registry:
    """The registry of the mix."""
    return Registry.from_table(mix.registry(), source="trust.toml")


def verdict(document: bytes, known: Registry) -> Verdict:
    """One stored model, read and judged."""
    return judge(loads(document, now=forge.NOW), POLICY, known)


def forget() -> None:
    """Nothing of one model is known when the next is judged."""
    for one in SHARED:
        one.clear()


def sharing(documents: Sequence[bytes], known: Registry) -> list[Verdict]:
    return [verdict(one, known) for one in documents]


def forgetting(documents: Sequence[bytes], known: Registry) -> list[Verdict]:
    found = []
    for one in documents:
        forget()
        found.append(verdict(one, known))
    return found


def took(work: Callable[[], object]) -> float:
    """Seconds of a core."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    """Both loops in turns, the best of each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    documents, known = [text.encode() for text in mix.models(count)], registry()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if forgetting(documents, known) != sharing(documents, known):
        raise SystemExit("the verdicts differ: what is shared is not what was read")
    times = [
        (took(lambda: forgetting(documents, known)), took(lambda: sharing(documents, known)))
        for _ in range(ROUNDS)
    ]
    alone, ours = (min(one) for one in zip(*times, strict=True))
    size = sum(map(len, documents)) / count / 1000
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    print(f"{count} stored models of {size:.0f} kB: {count / ours:.0f} verdicts a second and core,")
    print(f"{alone / ours:.2f} times as many as where nothing is shared ({count / alone:.0f});")
    print(f"equal verdicts, {more:.0f} MB more memory at most")


if __name__ == "__main__":
    main()
