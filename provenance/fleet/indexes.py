"""What is derived from the evidence on a model, so that a question opens no evidence."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.claims.files import ModelFiles
from provenance.fleet.judging import every
from provenance.fleet.tables import Row
from provenance.lineage.steps import unverified_steps
from provenance.model import Evidence
from provenance.policy import Policy
from provenance.trust import Registry

MIRROR, LOADS, STATED = "mirror of", "loads", "in a statement"
"""Relations beside those that a graph knows."""


def edges(ref: str, evidence: Evidence, policy: Policy, registry: Registry) -> list[Row]:
    """Every step to a parent that anybody speaks of, each once: who says less than nothing of it
    convicts all the same."""
    case = Case.heard(evidence, policy, registry)
    found = dict.fromkeys((*_of_graph(ref, case), *_stated(ref, case.files), *_beside(ref, case)))
    names = ("child", "parent", "relation", "word")
    return [{"ref": ref, **dict(zip(names, one, strict=True))} for one in found if one[0] != one[1]]


def files(ref: str, evidence: Evidence) -> list[Row]:
    """Every file of a model, with its digest where it is known."""
    return [
        {"ref": ref, "path": file.path, "size": file.size, "sha256": file.sha256}
        for file in evidence.listing.files
    ]


Step = tuple[str, str, str, str]
"""Child, parent, relation and by whose word."""


def own_name(ref: str, evidence: Evidence) -> str:
    """What a model is called as a child: its repository, or as it was asked for."""
    return evidence.ref.repo or ref


def _of_graph(ref: str, case: Case) -> Iterator[Step]:
    nodes = case.graph.nodes
    names = {node.key: node.repo or node.key for node in nodes}
    names[nodes[0].key] = own_name(ref, case.evidence)
    for edge in case.graph.edges:
        child, parent = (names.get(key, key) for key in (edge.child, edge.parent))
        yield child, parent, edge.relation or "", str(edge.tier)
        for node in nodes[1:]:
            if node.key == edge.parent:
                yield from ((child, name, edge.relation or "", MIRROR) for name in node.mirrors)


def _stated(ref: str, files: ModelFiles) -> Iterator[Step]:
    """The parents in every training statement at hand, whoever signed it, and in claims."""
    known = (one.evidence for one in files.evidence.ancestors)
    for evidence in (files.evidence, *filter(None, known)):
        child = own_name(ref, evidence)
        for step in unverified_steps(files.of(evidence).bundles):
            yield from ((child, one.repo, "", STATED) for one in step.parents if one.repo)


def _beside(ref: str, case: Case) -> Iterator[Step]:
    for evidence in every(case.evidence):
        child = own_name(ref, evidence)
        if evidence.origin:
            yield child, evidence.origin.claimed, MIRROR, MIRROR
        yield from ((child, member.repo, LOADS, LOADS) for member in evidence.members)
    child = own_name(ref, case.evidence)
    for claim in case.claimed.parent_claims:
        if claim.repo and not any(edge.parent == claim.repo for edge in case.graph.edges):
            yield child, claim.repo, claim.relation or "", "claimed"
