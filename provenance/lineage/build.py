"""From claims and statements to the graph."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from provenance.claims.files import ModelFiles
from provenance.lineage.attested import Walk
from provenance.lineage.claimed import Claimed
from provenance.lineage.consistency import Agreement, compare
from provenance.lineage.graph import Edge, Graph, Node, Problem, Tier, Unresolved
from provenance.lineage.steps import Index, TrainingStep, Unusable
from provenance.lineage.walks import reached
from provenance.trust import Registry


def build(
    claimed: Claimed,
    files: ModelFiles,
    registry: Registry,
    said: Sequence[TrainingStep | Unusable],
    *,
    vouched: Collection[str] = (),
) -> Graph:
    """The graph of the ancestors of the model that has `files`; `vouched` are those that their
    publishers signed."""
    steps = [one for one in said if isinstance(one, TrainingStep)]
    walk = Walk(
        claimed=claimed,
        files=files,
        registry=registry,
        index=Index(steps),
        at=claimed.evidence.at,
    )
    walk.run()
    drawn = _Drawing(claimed=claimed, registry=registry, walk=walk, vouched=frozenset(vouched))
    unusable = [
        Problem(slug="malformed", where=one.bundle, message=one.message)
        for one in said
        if isinstance(one, Unusable)
    ]
    return Graph(
        model=claimed.own,
        nodes=drawn.nodes,
        edges=drawn.edges,
        problems=(*walk.problems, *drawn.left_out(), *drawn.contradicted(), *unusable),
        unresolved=tuple(_unresolved(claimed)),
    )


def _unresolved(claimed: Claimed) -> Iterator[Unresolved]:
    """What the model states of its parents and nobody can follow, each text once."""
    seen: set[str] = set()
    for claim in claimed.lost:
        if claim.text not in seen:
            seen.add(claim.text)
            place = f"{claim.place} ({claim.key})"
            yield Unresolved(text=claim.text, place=place, reason=claim.reason)


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """What is claimed and what is attested, as one graph."""

    claimed: Claimed
    registry: Registry
    walk: Walk
    vouched: frozenset[str]

    @cached_property
    def attested(self) -> dict[tuple[str, str], Edge]:
        return {(edge.child, edge.parent): edge for edge in self.walk.edges}

    @cached_property
    def claims(self) -> dict[tuple[str, str], Edge]:
        """The edges that claims make, each once with every place that speaks of it."""
        places: dict[tuple[str, str], dict[str, str | None]] = {}
        for child in (self.claimed.own, *self.claimed.by_name):
            for claim in self.claimed.claims_of(child):
                parent = self.claimed.canonical(claim.repo or "")
                if not claim.repo or parent == child:
                    continue
                said = places.setdefault((child, parent), {})
                place = f"{claim.place} ({claim.key})"
                said[place] = said.get(place) or claim.relation
        return {
            (child, parent): Edge(
                child=child,
                parent=parent,
                tier=Tier.DECLARED,
                relation=next(filter(None, said.values()), None),
                claims=tuple(said),
            )
            for (child, parent), said in places.items()
        }

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge that can be reached from the model, in the order of a walk by breadth."""
        merged = dict(self.claims)
        for pair, edge in self.attested.items():
            said = merged.get(pair)
            merged[pair] = replace(edge, claims=said.claims) if said else edge
        above: dict[str, list[Edge]] = {}
        for edge in merged.values():
            above.setdefault(edge.child, []).append(edge)
        ordered: list[Edge] = []
        waiting, met = [self.claimed.own], {self.claimed.own}
        for child in waiting:
            for edge in sorted(above.get(child, ()), key=lambda edge: edge.parent):
                ordered.append(self._weighed(edge))
                if edge.parent not in met:
                    met.add(edge.parent)
                    waiting.append(edge.parent)
        return tuple(ordered)

    def _weighed(self, edge: Edge) -> Edge:
        """The edge at its tier: contradicted whatever was attested, anchored where both hold."""
        agreement = self._agreement(edge)
        detail = "; ".join(filter(None, (edge.detail, agreement.detail)))
        if agreement.holds is False:
            return replace(edge, tier=Tier.CONTRADICTED, detail=detail)
        if edge.tier is Tier.ATTESTED:
            tier = Tier.ANCHORED if edge.parent in self.sound else Tier.ATTESTED
            return replace(edge, tier=tier, detail=detail)
        return replace(edge, tier=Tier.CONSISTENT, detail=detail) if agreement.holds else edge

    def _agreement(self, edge: Edge) -> Agreement:
        """What the headers of both say of an edge of the model itself."""
        parents = self.claimed.by_name.get(edge.parent, ())
        evidence = next((a.evidence for a in parents if a.evidence), None)
        if edge.child != self.claimed.own or evidence is None:
            return Agreement()
        files = self.walk.files
        return compare(files, files.of(evidence), edge.relation)

    @cached_property
    def sound(self) -> frozenset[str]:
        """The nodes of whom all paths end in roots, roots included, and that hold by themselves:
        signed by their publishers, or never published."""
        bad = {problem.where for problem in self.walk.problems}
        below: dict[str, set[str]] = {}
        for edge in self.walk.edges:
            below.setdefault(edge.parent, set()).add(edge.child)
        lost = reached(below, bad) | bad
        return frozenset(
            key
            for key, node in self.walk.nodes.items()
            if key not in lost
            and (node.root or node.repo in self.vouched or node.repo not in self.claimed.by_name)
        )

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The model, then its ancestors in the order of the edges."""
        keys = dict.fromkeys([self.claimed.own, *(edge.parent for edge in self.edges)])
        return tuple(self.walk.nodes.get(key) or self._claimed_node(key) for key in keys)

    def _claimed_node(self, key: str) -> Node:
        known = self.claimed.by_name.get(key, ())
        asked = self.claimed.by_claim.get(key)
        owner = self.registry.owner(key)
        return Node(
            key=key,
            repo=key,
            commit=known[0].commit if known else None,
            manifest=known[0].manifest if known else None,
            publisher=owner.name if owner else "",
            missing=asked.missing if asked else "",
        )

    def left_out(self) -> Iterator[Problem]:
        """The claimed parents that no statement leads to, where the model is attested at all."""
        own = self.claimed.own
        if not any(edge.child == own for edge in self.walk.edges):
            return
        known = {node.repo for node in self.walk.nodes.values()}
        for claim in self.claimed.parent_claims:
            if claim.repo and self.claimed.canonical(claim.repo) not in known:
                message = (
                    f"{claim.place} ({claim.key}) names it, and no statement has it as a parent"
                )
                yield Problem(slug="claimed-not-attested", where=claim.repo, message=message)

    def contradicted(self) -> Iterator[Problem]:
        """The attested edges that the weights' own headers speak against."""
        for edge in self.edges:
            if edge.tier is Tier.CONTRADICTED and edge.attested:
                yield Problem(slug="contradicted", where=edge.parent, message=edge.detail)
