"""From claims and statements to the graph."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from provenance.claims.claim import ParentClaim
from provenance.claims.files import ModelFiles
from provenance.claims.reference import ANSWERABLE
from provenance.lineage.attested import Walk
from provenance.lineage.claimed import Claimed
from provenance.lineage.consistency import Agreement, compare
from provenance.lineage.declared import declared
from provenance.lineage.graph import Edge, Graph, Node, Pinned, Problem, Unresolved
from provenance.lineage.kin import NO_KIN, Kin
from provenance.lineage.lies import doubts, lies
from provenance.lineage.noted import in_order
from provenance.lineage.steps import Index, TrainingStep, Unusable
from provenance.lineage.tier import Tier
from provenance.lineage.unnamed import may_be_folder
from provenance.lineage.walks import reached
from provenance.lineage.wanted import named_in
from provenance.trust import Registry


def build(
    claimed: Claimed,
    files: ModelFiles,
    registry: Registry,
    said: Sequence[TrainingStep | Unusable],
    *,
    vouched: Collection[Pinned] = (),
    kin: Kin = NO_KIN,
) -> Graph:
    """The graph of the ancestors of the model that has `files`; `vouched` are those that their
    publishers signed, and no other commit of theirs, and `kin` what the weights say of any."""
    steps = [one for one in said if isinstance(one, TrainingStep)]
    walk = Walk(
        claimed=claimed,
        files=files,
        registry=registry,
        index=Index(steps),
        at=claimed.evidence.at,
    )
    walk.run()
    drawn = _Drawing(
        claimed=claimed, registry=registry, walk=walk, vouched=frozenset(vouched), kin=kin
    )
    unusable = [
        Problem(slug="malformed", where=one.bundle, message=one.message)
        for one in said
        if isinstance(one, Unusable)
    ]
    return Graph(
        model=claimed.own,
        nodes=drawn.nodes,
        edges=drawn.edges,
        problems=(
            *walk.problems,
            *drawn.left_out(),
            *drawn.contradicted(),
            *drawn.lies,
            *unusable,
        ),
        unresolved=drawn.unresolved(),
        made=in_order(walk.made, [node.key for node in drawn.nodes]),
        notes=(*walk.notes, *drawn.taken_for_folders(), *doubts(walk)),
        folders=drawn.folders_alone,
        kin=kin,
    )


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """What is claimed and what is attested, as one graph."""

    claimed: Claimed
    registry: Registry
    walk: Walk
    vouched: frozenset[Pinned]
    kin: Kin

    @cached_property
    def lies(self) -> tuple[Problem, ...]:
        return tuple(lies(self.walk))

    @cached_property
    def attested(self) -> dict[tuple[str, str], Edge]:
        return {(edge.child, edge.parent): edge for edge in self.walk.edges}

    @cached_property
    def claims(self) -> dict[tuple[str, str], Edge]:
        """The edges that claims make, each once with every place that speaks of it."""
        said: dict[tuple[str, str], list[ParentClaim]] = {}
        for child in self.claimed.parents:
            for claim in self.claimed.claims_of(child):
                parent = self.claimed.canonical(claim.repo or "")
                if parent != child and (child, parent) not in self.folders:
                    said.setdefault((child, parent), []).append(claim)
        return {pair: declared(*pair, claims) for pair, claims in said.items()}

    @cached_property
    def folders(self) -> frozenset[tuple[str, str]]:
        """The names that claims give to parents and no Hub has, each with whose claim it is: where
        it may be a folder on some machine, who attests the step says what was meant."""
        attested = {child for child, _ in self.attested}
        return frozenset(
            (child, name)
            for child in attested & self.claimed.parents.keys()
            for name in self.claimed.parents_of(child)
            if may_be_folder(name) and name not in self.claimed.by_name
        )

    def taken_for_folders(self) -> Iterator[str]:
        """The names with an owner that may be those of repositories: nobody asked a Hub."""
        for child, name in sorted(self.folders):
            if "/" in name and name not in self.claimed.by_claim:
                yield f"{child} names {name}, which counts as a folder: no Hub was asked for it"

    @property
    def folders_alone(self) -> frozenset[str]:
        """Those that nobody else names, whose step is not attested."""
        named = {(c, name) for c, names in self.claimed.parents.items() for name in names}
        others = {name for _, name in named - self.folders}
        return frozenset(name for _, name in self.folders) - others

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge that can be reached from the model, in the order of a walk by breadth."""
        merged = dict(self.claims)
        for pair, edge in self.attested.items():
            said = merged.get(pair)
            merged[pair] = replace(edge, claims=said.claims, parts=said.parts) if said else edge
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
        agreement, (by_weights, words) = self._agreement(edge), self._by_weights(edge)
        detail = "; ".join(filter(None, (edge.detail, agreement.detail, words)))
        if agreement.holds is False or by_weights is Tier.CONTRADICTED:
            return replace(edge, tier=Tier.CONTRADICTED, detail=detail)
        if edge.tier is Tier.ATTESTED:
            tier = Tier.ANCHORED if self._is_anchored(edge) else Tier.ATTESTED
            return replace(edge, tier=tier, detail=detail)
        by_headers = Tier.CONSISTENT if agreement.holds else edge.tier
        tier = max(by_headers, by_weights or edge.tier, key=lambda tier: tier.rank)
        return replace(edge, tier=tier, detail=detail)

    def _by_weights(self, edge: Edge) -> tuple[Tier | None, str]:
        """What the weights make of an edge of the model itself, as a whole, and in which words."""
        node = self.walk.nodes.get(edge.parent)
        found = self.kin.of(edge.parent, node.manifest if node else None)
        if found is None or edge.child != self.claimed.own or not edge.passes_weights_on:
            return None, ""
        return self.kin.tier(found, edge.relation, foreign=self._is_foreign), found.words

    @cached_property
    def _is_foreign(self) -> bool:
        """Whether the weights are another model's than that of any ancestor, by anybody's word."""
        nodes = self.walk.nodes.items()
        attested = {self.kin.known_as(node.repo or key, node.manifest) for key, node in nodes}
        return self.kin.foreign(self.claimed.above(self.claimed.own) | attested) is not None

    def _agreement(self, edge: Edge) -> Agreement:
        """What the headers of both say of an edge of the model itself, as a whole."""
        parents = self.claimed.by_name.get(edge.parent, ())
        evidence = next((a.evidence for a in parents if a.evidence), None)
        if edge.child != self.claimed.own or edge.parts or evidence is None:
            return Agreement()
        files = self.walk.files
        return compare(files, files.of(evidence), edge.relation)

    def _is_anchored(self, edge: Edge) -> bool:
        """Whether the parent of an attested edge holds by itself: it is a root, or its publisher
        signed it, or it was never published and a trainer of the child's organisation attests it.
        """
        lied = {problem.where for problem in self.lies}
        if edge.unverified or edge.child in lied or edge.parent not in self.complete:
            return False
        node = self.walk.nodes[edge.parent]
        if node.root or (node.repo, node.manifest) in self.vouched:
            return True
        return self._is_unpublished(node) and self._speaks_for_both(edge)

    def _is_unpublished(self, node: Node) -> bool:
        """Whether a model is nowhere to be had: nobody named it, or a Hub was asked in vain."""
        asked = self.claimed.by_claim.get(node.repo or "")
        gone = asked is not None and bool(asked.missing) and node.repo not in self.claimed.by_name
        return node.repo is None or gone

    def _speaks_for_both(self, edge: Edge) -> bool:
        speaks = (self.walk.models[key].speaks for key in (edge.child, edge.parent))
        child, parent = map(self.registry.owner, speaks)
        return child is not None and child == parent

    @cached_property
    def complete(self) -> frozenset[str]:
        """The nodes of whom all paths end in roots, roots included, and no step on them was
        recorded with an unverified parent."""
        bad = {problem.where for problem in (*self.walk.problems, *self.lies)}
        bad |= {edge.child for edge in self.walk.edges if edge.unverified}
        below: dict[str, set[str]] = {}
        for edge in self.walk.edges:
            below.setdefault(edge.parent, set()).add(edge.child)
        return frozenset(self.walk.nodes.keys() - (reached(below, bad) | bad))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The model, then its ancestors in the order of the edges."""
        keys = dict.fromkeys([self.claimed.own, *(edge.parent for edge in self.edges)])
        return tuple(self._walked_node(key) or self._claimed_node(key) for key in keys)

    def _walked_node(self, key: str) -> Node | None:
        node = self.walk.nodes.get(key)
        return node and replace(node, called=self._called(node))

    def _called(self, node: Node) -> str:
        """What the statement about a model that has no name calls it, where nobody published
        anything under that name."""
        told = self.walk.steps.get(node.key)
        if node.repo or told is None or not told.step.model:
            return ""
        name = self.claimed.canonical(told.step.model)
        return "" if name in self.claimed.by_name or name == self.claimed.own else name

    def _claimed_node(self, key: str) -> Node:
        known = self.claimed.by_name.get(key, ())
        asked = self.claimed.by_claim.get(key)
        owner, commit = self.registry.owner(key), known[0].commit if known else None
        return Node(
            key=key,
            repo=key,
            commit=commit,
            manifest=known[0].manifest if known else None,
            publisher=owner.name if owner else "",
            missing=asked.missing.removeprefix(f"{asked.claimed}: ") if asked else "",
            mirrors=self.claimed.mirrors(key, commit),
        )

    def unresolved(self) -> tuple[Unresolved, ...]:
        """The stated parents that lead nowhere; who attests a step says which parent it had."""
        attested = {child for child, _ in self.attested}
        return tuple(
            one
            for one in self.claimed.unresolved
            if not (one.reason in ANSWERABLE and one.child in attested)
        )

    def left_out(self) -> Iterator[Problem]:
        """The claimed parents that no statement leads to, of the whole model and of each published
        ancestor, where that is attested at all."""
        known = {node.repo or self._called(node) for node in self.walk.nodes.values()}
        for key, claims in self._claims_of_attested():
            own = key == self.claimed.own
            for claim in claims:
                name = self.claimed.canonical(claim.repo or "")
                if not claim.part and name not in known and (key, name) not in self.folders:
                    of = "" if own else f" as a parent of {key}"
                    message = (
                        f"{claim.place} ({claim.key}) names it{of}, and no statement has it as a "
                        "parent"
                    )
                    yield Problem(
                        slug="claimed-not-attested", where=claim.repo or "", message=message
                    )

    def _claims_of_attested(self) -> Iterator[tuple[str, Sequence[ParentClaim]]]:
        """What is said of the parents of each model of which a statement tells: of an ancestor what
        its own files state and declare."""
        for key in dict.fromkeys(edge.child for edge in self.walk.edges):
            evidence = self.walk.models[key].evidence
            if key == self.claimed.own:
                yield key, self.claimed.claims_of(key)
            elif evidence:
                said = named_in(self.walk.files.of(evidence).parent_claims)
                yield key, [c for c in said if not (c.in_passing or c.of)]

    def contradicted(self) -> Iterator[Problem]:
        """The attested edges that the weights' own headers speak against."""
        for edge in self.edges:
            if edge.tier is Tier.CONTRADICTED and edge.attested:
                yield Problem(slug="contradicted", where=edge.parent, message=edge.detail)
