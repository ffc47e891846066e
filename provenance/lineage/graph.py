"""The graph of a model's ancestors: who descends from whom, and by whose word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from provenance.claims.named import DISTILLED
from provenance.lineage.kin import NO_KIN, Kin
from provenance.lineage.tier import Tier
from provenance.lineage.walks import paths
from provenance.wire.training import Step

if TYPE_CHECKING:
    from provenance.weights.kinship import Kinship

Pinned = tuple[str, str]
"""A model by its name and its manifest: other bytes of the name are another."""
UNVERIFIED = "recorded with an unverified parent"
UNCHANGED = "leaves the weights as they were"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A model in the graph: a repository, or files that were never published, by their digest.

    `root` says that the registry lets lineages end here. `missing` is why nothing is known of it.
    `mirrors` are the names of its mirrors by which it is an ancestor. `called` is what the
    statement about it calls a model that nobody named otherwise. `by_digest` says that it was not
    there to look at: its digests in statements are all that is known.
    """

    key: str
    repo: str | None = None
    commit: str | None = None
    manifest: str | None = None
    publisher: str = ""
    root: bool = False
    missing: str = ""
    mirrors: tuple[str, ...] = ()
    called: str = ""
    by_digest: bool = False

    @property
    def named(self) -> str:
        """Its name; where a mirror stands for it, both names."""
        return mirrored(self.repo or self.key, self.commit, self.mirrors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One step from a child to a parent; `claims` are the places that speak of it.

    `attested` is who vouches for it in which bundle, `unverified` that whoever did had not verified
    the parent, `unchanged` that the step left the weights as they were. `detail` is what agrees or
    contradicts. `parts` are what of the child comes from there, none where it is the whole.
    """

    child: str
    parent: str
    tier: Tier
    relation: str | None = None
    method: str = ""
    claims: tuple[str, ...] = ()
    attested: str = ""
    bundle: str = ""
    detail: str = ""
    parts: tuple[str, ...] = ()
    unverified: bool = False
    unchanged: bool = False

    @property
    def passes_weights_on(self) -> bool:
        """Whether the whole child is said to have begun with the weights of the parent."""
        return not self.parts and self.relation != DISTILLED

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the step wherever it is shown, as halves of sentences."""
        return tuple(
            words
            for words, holds in ((UNVERIFIED, self.unverified), (UNCHANGED, self.unchanged))
            if holds
        )


@dataclass(frozen=True, kw_only=True)
class Made:
    """How the node `child` was made, by the word of somebody who may speak of it: never a claim.

    `step` is what that statement says, `attested` whose it is, and `bundle` where it lies.
    `stamped` is the earliest moment at which somebody else vouches that it existed, None for none.
    """

    child: str
    step: Step
    attested: str
    bundle: str
    stamped: datetime | None = None

    @property
    def facts(self) -> int:
        """How much it says beyond who was made from whom."""
        said = (self.step.parameters, self.step.environment, self.step.trainer, self.stamped)
        return sum(map(bool, said)) + sum(one.pinned for one in self.step.materials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the lineage is not complete; `slug` is the rule's, `where` what it is about."""

    slug: str
    where: str
    message: str
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A parent that `child` states and that leads nowhere: its words, their places, and why.

    `text` is empty where it only says that there was one. `path` is the file of the first place;
    `likely` the name that was probably meant; a `hint` is what a program left behind; `part` is
    what of the child comes from there, empty for the whole.
    """

    child: str
    text: str
    reason: str
    places: tuple[str, ...]
    path: str
    likely: str = ""
    hint: bool = False
    part: str = ""

    @property
    def place(self) -> str:
        """Where it is said, as a sentence begins with it."""
        return ", ".join(self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way up from a model: its steps, and the parent that leads nowhere if it ends at one."""

    edges: tuple[Edge, ...] = ()
    lost: Unresolved | None = None


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The ancestors of `model`, in a fixed order, and what is missing for a complete lineage.

    `unresolved` are parents that are stated and are no node, for nobody knows who they are. `notes`
    are what else is to be said of an attested lineage, and counts for nothing. `folders` are names
    that claims give and no Hub has, in place of which an attested step names a parent by digest.
    `kin` is what the weights say of the models at hand.
    `made` has every attested statement of how a node was made, in the order of the nodes; of
    several about one the first is that which says most.
    """

    model: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    problems: tuple[Problem, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    notes: tuple[str, ...] = ()
    folders: frozenset[str] = frozenset()
    made: tuple[Made, ...] = ()
    kin: Kin = NO_KIN

    @cached_property
    def foreign(self) -> Kinship | None:
        """The model whose weights these are, where neither it nor any kin of it is an ancestor."""
        return self.kin.foreign(self._known)

    @cached_property
    def unnamed(self) -> tuple[Kinship, ...]:
        """The models of which the weights have something, and that are no ancestors."""
        return self.kin.unnamed(self._known)

    @property
    def is_kin_explained(self) -> bool:
        """Whether the weights have something of an ancestor at hand."""
        return self.kin.explains(self._known)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The names by which its nodes are at hand."""
        return frozenset(self.kin.known_as(n.repo or n.key, n.manifest) for n in self.nodes)

    def kinship(self, key: str) -> Kinship | None:
        """What the model is by its weights to one of the nodes, if that is at hand."""
        return self.kin.of(key, self.by_key[key].manifest)

    def is_refuted(self, edge: Edge) -> bool:
        """Whether the model's weights have nothing of a parent's, and are another model's."""
        own = edge.child == self.model and edge.passes_weights_on
        found = self.kinship(edge.parent) if own and self.foreign else None
        tier = self.kin.tier(found, edge.relation, foreign=True) if found else None
        return tier is Tier.CONTRADICTED

    @cached_property
    def by_key(self) -> Mapping[str, Node]:
        """The nodes by their keys."""
        return {node.key: node for node in self.nodes}

    @cached_property
    def made_of(self) -> Mapping[str, tuple[Made, ...]]:
        """The statements of how each node was made, by its key; a node without any is left out."""
        found: dict[str, list[Made]] = {}
        for made in self.made:
            found.setdefault(made.child, []).append(made)
        return {key: tuple(statements) for key, statements in found.items()}

    @cached_property
    def above(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges to the parents of each node."""
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.child, []).append(edge)
        return {key: tuple(edges) for key, edges in found.items()}

    @cached_property
    def known_by_digest(self) -> frozenset[str]:
        """The names of the ancestors that an attested step names by digest, and of which another
        attested step tells how they were made, or the registry that they are roots."""
        attested = [edge for edge in self.edges if edge.attested]
        roots = {node.key for node in self.nodes if node.root}
        made = {edge.parent for edge in attested} & ({edge.child for edge in attested} | roots)
        bad = {problem.where for problem in self.problems}
        known = (self.by_key[key] for key in made - bad)
        return frozenset(name for node in known if (name := node.repo or node.called))

    def paths(self, ancestor: str, most: int = 64) -> tuple[tuple[Edge, ...], ...]:
        """Each way from the model up to an ancestor, the shortest first."""
        steps = {key: [edge.parent for edge in edges] for key, edges in self.above.items()}
        by_ends = {(edge.child, edge.parent): edge for edge in reversed(self.edges)}
        return tuple(
            tuple(by_ends[pair] for pair in pairwise(path))
            for path in paths(steps, self.model, ancestor, most)
        )

    def ways(self, ancestor: str, most: int = 64) -> tuple[Way, ...]:
        """The same as ways."""
        return tuple(Way(edges=edges) for edges in self.paths(ancestor, most))

    def ways_nowhere(self, one: Unresolved, most: int = 64) -> tuple[Way, ...]:
        """Each way up to a parent that leads nowhere: it stands above the model itself where who
        states it is no node."""
        if one.child == self.model or one.child not in self.by_key:
            return (Way(lost=one),)
        return tuple(Way(edges=edges, lost=one) for edges in self.paths(one.child, most))


def mirrored(name: str, commit: str | None, mirrors: Sequence[str]) -> str:
    """What a model is called, which is an ancestor by the names of these mirrors."""
    if not mirrors:
        return name
    at = f"@{commit}" if commit else ""
    are = "mirrors" if len(mirrors) > 1 else "a mirror"
    return f"{' and '.join(mirrors)}, {are} of {name}{at}"


def weakest(edges: tuple[Edge, ...]) -> Tier:
    """The tier of a path: that of its weakest link."""
    return min((edge.tier for edge in edges), key=lambda tier: tier.rank)
