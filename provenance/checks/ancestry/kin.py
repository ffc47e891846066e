"""Whether the weights are another model's at hand, which nothing names as an ancestor.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.checks.ancestry.lost import line_to_add
from provenance.checks.weights.parents import parents_of
from provenance.model import Facts
from provenance.verdict import Finding, failed, unknown


def undeclared_kin(case: Case) -> Iterator[Finding]:
    """The model at hand whose weights these are, where neither it nor kin of it is an ancestor.

    Of a root of the registry nothing is asked, and what was there later is no parent. Whoever's
    weights have no trace of what is stated is convicted by the check of weights.
    """
    other, graph = case.graph.foreign, case.graph
    if other is None or case.registry.roots(case.origin.ref.repo) or _came_later(case, other.base):
        return
    if any(parent.is_without_trace for parent in parents_of(graph)):
        return
    said = f"{other.words}, and nothing names it as a parent"
    to_add = f"if it comes from there, say it: {line_to_add(other.base)}"
    stated = ", ".join(edge.parent for edge in graph.above.get(graph.model, ()))
    if stated:
        message = f"{said}; whether {stated} is kin of it is not known: {to_add}"
        yield unknown("ancestry/undeclared-parent", message, other.base)
    elif other.base in graph.kin.roots and not _originates(case):
        yield failed("ancestry/undeclared-parent", f"{said}: {to_add}", other.base)
    else:
        message = f"{said}; which of the two was first is not known: {to_add}"
        yield unknown("ancestry/undeclared-parent", message, other.base)


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
