"""Where the places that speak of a model's parents and its making contradict each other.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

from provenance.case.case import Case
from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.methods import titles, trained_for
from provenance.claims.named import DISTILLED
from provenance.lineage import Tier, own_names
from provenance.verdict import Finding, failed, unknown

DECLARED = frozenset({"base_model", "tags"})
RECIPES = frozenset({"recipe", "merge of"})
ONE_LIST = {"as a base": "merge of", "extracted from": "merge of"}
"""What mergekit's cards say in two places of one recipe: the base, and the other models."""

OF_GGUF = "general.base_model."
STORED = re.compile(
    r"(?:[-_.](?:unsloth|bnb|[2348]-?bit|awq|gptq|gguf|mlx|fp8|int[48]|hqq|bf16|fp16|dynamic))+$",
    re.IGNORECASE,
)
PRUNED = (
    "ask the publisher; if its width was pruned or its attention heads were merged, waive this "
    "after a look"
)
"""What is left to do with shapes that no other step of training gives."""
SHOWN = 20
NAMED = 5
"""So many places are named of those that say the same."""


def conflicts(case: Case) -> Iterator[Finding]:
    """Everything that is said and cannot be true together."""
    yield from _conflicts(case)
    yield from _under_declared(case)
    yield from _methods(case)
    yield from _contradicted(case)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One key of one file, and where exactly each parent of the whole model is named there."""

    path: str
    key: str
    names: dict[str, str]

    @property
    def said(self) -> str:
        """The place as a sentence names it."""
        return f"{next(iter(self.names.values()))} ({self.key})"


def whole_claims(case: Case) -> Iterator[tuple[str, ParentClaim]]:
    """What is said of the model's own parents, as a whole, each by its canonical name.

    A part of it may come from elsewhere, what it learnt from is an ancestor beside the one whose
    weights it has, and what is said in passing of a mirror's own name says nothing. What a GGUF
    calls its base may be the base of its parent: where nobody was asked, that is not known.
    """
    mirror, asked = own_names(case.evidence), bool(case.evidence.ancestors)
    for claim in case.claimed.parent_claims:
        name = case.claimed.canonical(claim.repo) if claim.repo else None
        beside = claim.part or claim.of or claim.relation == DISTILLED
        beside = beside or (claim.key.startswith(OF_GGUF) and not asked)
        beside = beside or name in case.graph.folders
        if name and not beside and not (claim.in_passing and name in mirror):
            yield name, claim


def _places(case: Case) -> tuple[_Place, ...]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, claim in whole_claims(case):
        key = ONE_LIST.get(claim.key, claim.key)
        found.setdefault((claim.path, key), {}).setdefault(name, claim.place)
    return tuple(_Place(path=p, key=k, names=names) for (p, k), names in sorted(found.items()))


Group = tuple[frozenset[str], list[_Place]]


def _conflicts(case: Case) -> Iterator[Finding]:
    """Each two sets of parents that are named in different places, once; of very many the first."""
    pairs = _contrary(case)
    for one, other in islice(pairs, SHOWN):
        message = f"{_said(*one)}; {_said(*other)}: ask which is true"
        yield failed("ancestry/conflict", message, one[1][0].path)
    if next(pairs, None):
        message = f"more than {SHOWN} sets of places name different parents: ask which is true"
        yield failed("ancestry/conflict", message, case.subject)


def _contrary(case: Case) -> Iterator[tuple[Group, Group]]:
    """The groups of places of which neither leads to what the other names."""
    groups: dict[frozenset[str], list[_Place]] = {}
    for place in _places(case):
        groups.setdefault(frozenset(place.names), []).append(place)
    reach = {names: _stems(names | case.claimed.above(*names)) for names in groups}
    for one, other in combinations(groups.items(), 2):
        if not (_stems(one[0]) <= reach[other[0]] or _stems(other[0]) <= reach[one[0]]):
            yield one, other


def _stems(names: frozenset[str]) -> frozenset[str]:
    """The names without what says how their weights are stored: a publisher's own quantisation of
    a model (`unsloth/x-bnb-4bit`) and the model are one to trainers, which load either."""
    return frozenset(STORED.sub("", name).lower() for name in names)


def _said(names: frozenset[str], places: list[_Place]) -> str:
    shown = ", ".join(place.said for place in places[:NAMED])
    more = f" and {len(places) - NAMED} more places" if len(places) > NAMED else ""
    verb = "name" if len(places) > 1 else "names"
    return f"{shown}{more} {verb} {', '.join(sorted(names))[:300]}"


def _under_declared(case: Case) -> Iterator[Finding]:
    """The models of a recipe that the card leaves out, where it names any; each set of them once,
    wherever the recipe stands."""
    places = _places(case)
    card = {name for place in places if place.key in DECLARED for name in place.names}
    known = card | case.claimed.above(*card)
    left_out: dict[tuple[str, ...], list[_Place]] = {}
    for place in places:
        missing = tuple(sorted(place.names.keys() - known))
        if card and place.key in RECIPES and missing:
            left_out.setdefault(missing, []).append(place)
    for missing, found in left_out.items():
        where = ", ".join(place.said for place in found[:NAMED])
        message = f"{where} has {', '.join(missing)[:300]}, which base_model leaves out"
        yield failed("ancestry/under-declared", message, found[0].path)


def _methods(case: Case) -> Iterator[Finding]:
    """What trainers left at the top beside what the card says; those in folders speak of others."""
    found = [claim for claim in case.claimed.all if isinstance(claim, MethodClaim)]
    said = [claim for claim in found if not claim.trace]
    stated = frozenset[str]().union(*(claim.methods for claim in said))
    for claim in found:
        if not claim.trace or "/" in claim.path or not stated or claim.methods & stated:
            continue
        places = list(dict.fromkeys(one.place for one in said))[:SHOWN]
        verb = "say" if len(places) > 1 else "says"
        message = f"{', '.join(places)} {verb} {titles(stated)}; {_left(claim)}"
        if claim.known:
            yield failed("ancestry/method", message, claim.path)
        else:
            why = "what that trainer does is not known: ask the publisher"
            yield unknown("ancestry/method", f"{message}; {why}", claim.path)


def _left(claim: MethodClaim) -> str:
    """What a program left behind, as half a sentence."""
    if claim.line:
        return f"{claim.place} ({claim.key}) says {titles(claim.methods)}"
    return f"{claim.path} was written by a trainer for {trained_for(claim.key, claim.methods)}"


def _contradicted(case: Case) -> Iterator[Finding]:
    for edge in case.graph.edges:
        contradicted = edge.tier is Tier.CONTRADICTED and edge.child == case.graph.model
        if contradicted and not case.graph.is_refuted(edge):
            where = f"{edge.claims[0]}: " if edge.claims else ""
            message = f"{where}it cannot come from there: {edge.detail}: {PRUNED}"
            yield failed("ancestry/contradicted", message, edge.parent)
