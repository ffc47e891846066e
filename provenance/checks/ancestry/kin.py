"""Whether the weights are another model's at hand, which nothing names as an ancestor.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.case.case import Case
from provenance.checks.ancestry.lost import line_to_add
from provenance.checks.weights.parents import parents_of
from provenance.model import Facts
from provenance.verdict import Finding, failed, unknown
from provenance.weights.kind import Kind

if TYPE_CHECKING:
    from provenance.weights.kinship import Kinship

SHOWN = 3
ORDER = tuple(Kind)


def undeclared_kin(case: Case) -> Iterator[Finding]:
    """The model at hand that these weights have, in whole or in part, where neither it nor kin of
    it is an ancestor.

    Of a root of the registry nothing is asked, and what was there later is no parent. A model whose
    weights are another's than the stated parent's is left to the check of weights.
    """
    other, graph = _unnamed(case), case.graph
    if other is None or case.registry.roots(case.origin.ref.repo) or _came_later(case, other.base):
        return
    if graph.foreign and any(parent.is_without_trace for parent in parents_of(graph)):
        return
    said = f"{other.words}, and nothing names {other.base} as a parent"
    to_add = f"if it comes from there, say it: {line_to_add(other.base)}"
    stated = ", ".join(edge.parent for edge in graph.above.get(graph.model, ()))
    if stated:
        message = f"{said}; whether {stated} is kin of it is not known: {to_add}"
        yield unknown("ancestry/undeclared-parent", message, other.base)
    elif other.kind is Kind.WEAK:
        message = f"{said}; whether it comes from there or from a relative is not known: {to_add}"
        yield unknown("ancestry/undeclared-parent", message, other.base)
    elif other.base in graph.kin.roots and not _originates(case):
        yield failed("ancestry/undeclared-parent", f"{said}: {to_add}", other.base)
    else:
        message = f"{said}; which of the two was first is not known: {to_add}"
        yield unknown("ancestry/undeclared-parent", message, other.base)


def relatives(case: Case) -> str:
    """Of which models at hand the weights have something too, beside what an ancestor explains."""
    some = [f"{one.base} ({one.kind})" for one in case.graph.unnamed]
    more = f" and {len(some) - SHOWN} more" * (len(some) > SHOWN)
    return f"; by the weights it is kin of {', '.join(some[:SHOWN])}{more} too" if some else ""


def _unnamed(case: Case) -> Kinship | None:
    """The model whose weights these are, else the closest of which they have a part or a share;
    what an ancestor's weights may explain is left to that."""
    graph = case.graph
    if graph.foreign or graph.is_kin_explained:
        return graph.foreign
    return min(graph.unnamed, key=lambda one: ORDER.index(one.kind), default=None)


def _originates(case: Case) -> bool:
    """Whether the model's organisation makes models of its own: others may descend from it."""
    repo = case.origin.ref.repo
    owner = case.registry.owner(repo) if repo else None
    return bool(owner and owner.originates)


def _came_later(case: Case, repo: str) -> bool:
    """Whether the registry knows the repository of a root by an id that was given after that of the
    model's own."""
    own = case.origin.facts.created if case.origin.facts else None
    made = [Facts(id=repo, repo_id=root.repo_id).created for root in case.registry.roots(repo)]
    return own is not None and any(moment is not None and moment > own for moment in made)
