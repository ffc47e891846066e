"""Models that the weights are kin of, and that nothing leads to.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from provenance.case.case import Case
from provenance.checks.ancestry.lost import line_to_add
from provenance.lineage import own_names
from provenance.verdict import Finding, failed


def undeclared(case: Case, kin: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each model of `kin`, by its name, that is nowhere above the model; the words
    say what was found, as a sentence without its stop that names it."""
    known = lineage(case)
    for name, words in sorted(kin.items()):
        if case.claimed.canonical(name) not in known:
            message = (
                f"{words}, and nothing names it as an ancestor: ask the publisher; if it comes "
                f"from there, say it: {line_to_add(name)}"
            )
            yield failed("ancestry/undeclared-parent", message, name)


def own(case: Case) -> frozenset[str]:
    """The names of the model itself, and of what it is a mirror of."""
    return own_names(case.origin) | own_names(case.evidence)


def lineage(case: Case) -> frozenset[str]:
    """The model itself, and everything that what is claimed or attested leads up to."""
    return named(case, lambda _: True)


def named(case: Case, leads_on: Callable[[str], bool]) -> frozenset[str]:
    """The model itself, all that it names or is attested to come from, and above those of them
    that lead on what they name."""
    met = set(own(case))
    waiting = [case.claimed.own, *_further(case)]
    while waiting:
        for name in _parents_of(case, waiting.pop()):
            if name not in met:
                met.add(name)
                waiting += [name] if leads_on(name) else []
    return frozenset(met)


def _further(case: Case) -> set[str]:
    """The repositories of whose parents the model's own files speak."""
    canonical = case.claimed.canonical
    return {canonical(claim.of) for claim in case.claimed.parent_claims if claim.of}


def _parents_of(case: Case, name: str) -> Iterator[str]:
    yield from case.claimed.parents_of(name)
    for edge in case.graph.above.get(name, ()):
        yield case.graph.by_key[edge.parent].repo or edge.parent
