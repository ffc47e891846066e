"""A walk up the training statements, from a model to where the registry says to stop.

1. A model that the registry has as a root, with these very digests, ends its path.
2. Else a statement must speak of it: its subjects are every file of it that a loader reads, with
   their digests, and a trainer of its organisation signed it. In which order statements stand means
   nothing, and what trainers leave beside a model may come later.
3. Each parent in it is named by digest. It is a repository that has these files, a root, or a
   model that was never published, of which another statement then speaks: that is known by what a
   loader reads of it.
4. No walk comes back, and no step ended before the step it builds on: by what the statements say,
   or else by the validity of the certificates. A stamp says nothing of an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from provenance.claims.files import ModelFiles
from provenance.lineage.claimed import Claimed
from provenance.lineage.contradiction import contradiction, same_weights
from provenance.lineage.graph import Edge, Made, Node, Problem
from provenance.lineage.met import Model, unpublished
from provenance.lineage.naming import is_named, names_weights
from provenance.lineage.noted import is_unchanged, notes
from provenance.lineage.steps import Index, TrainingStep
from provenance.lineage.tier import Tier
from provenance.lineage.walks import circles
from provenance.model import Evidence
from provenance.signature import Moments, Party
from provenance.trust import Registry
from provenance.wire.training import Method, Parent

SHOWN = 5


@dataclass(kw_only=True)
class Walk:
    """What the walk has met so far; `nodes`, `edges`, `problems`, `notes`, `made` are its result.

    `models` and `steps` are, by the keys of the nodes, what each is and the statement about it.
    """

    claimed: Claimed
    files: ModelFiles
    registry: Registry
    index: Index
    at: datetime
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    models: dict[str, Model] = field(default_factory=dict)
    steps: dict[str, TrainingStep] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    met: dict[tuple[str | None, str | None], Model] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=dict)

    def run(self) -> None:
        """Everything that statements lead to from the model is known, or why it is not."""
        evidence, origin = self.claimed.evidence, self.claimed.origin
        ref, manifest = evidence.ref, (origin and origin.manifest) or evidence.manifest.digest
        own = self._key(self.claimed.own, ref.commit, manifest)
        waiting = [self._published(own, ref.repo, ref.commit, evidence, manifest)]
        while waiting:
            model = waiting.pop()
            if model.node.key not in self.nodes:
                self.nodes[model.node.key] = model.node
                self.models[model.node.key] = model
                self.met[model.node.repo, model.node.manifest] = model
                waiting.extend(reversed(list(self._above(model))))
        self._check_circles()
        self._check_times()

    def _key(self, name: str, commit: str | None, manifest: str | None) -> str:
        """A key for these files alone: the name, unless other files of that name have it."""
        for key in (name, f"{name}@{commit}"):
            if self.keys.setdefault(key, manifest) == manifest:
                return key
        return f"{name}@{manifest}"

    def _published(
        self,
        key: str,
        repo: str | None,
        commit: str | None,
        evidence: Evidence,
        manifest: str | None = None,
    ) -> Model:
        """A model that is there; a mirror by the `manifest` of its origin, whose root it may be."""
        listed, left = evidence.manifest.by_path, self.files.of(evidence).left
        return Model(
            node=self._node(key, repo, commit, manifest or evidence.manifest.digest),
            files={path: listed[path].sha256 for path in sorted(self._opened(evidence))},
            speaks=repo or "",
            beside={path: listed[path].sha256 for path in sorted(left)},
            evidence=evidence,
        )

    def _opened(self, evidence: Evidence) -> AbstractSet[str]:
        """What a loader reads of a model that is there, and its trainer did not leave beside it."""
        own = self.files.of(evidence)
        return (own.read or evidence.manifest.by_path.keys()) - own.left

    def _node(self, key: str, repo: str | None, commit: str | None, manifest: str | None) -> Node:
        owner = self.registry.owner(repo) if repo else None
        root = any(
            root.manifest == manifest is not None
            and (root.commit is None or commit is None or root.commit == commit)
            for root in self.registry.roots(repo)
        )
        return Node(
            key=key,
            repo=repo,
            commit=commit,
            manifest=manifest,
            publisher=owner.name if owner else "",
            root=root,
            mirrors=self.claimed.mirrors(repo or "", commit),
        )

    def _above(self, model: Model) -> Iterator[Model]:
        """1 and 2: the parents by a statement, or by claims where there is none; none of a root."""
        key = model.node.key
        if model.node.root:
            return
        if model.evidence is None and not names_weights(model.files):
            reason = "whoever names it lists no whole weights of it, and many may have the rest"
            self._unattested(model, [reason])
            return
        if not (found := self._speaking(model)):
            yield from self._claimed(key)
            return
        self.made += (one.made(key, party) for one, party in found)
        step_of, party = found[0]
        self.steps[key] = step_of
        self.moments[key] = step_of.attestation.moments if step_of.attestation else Moments()
        if step_of.step.method is Method.PRETRAIN:
            who = f"{party.org.name} ({party.signer.name})"
            message = (
                f"{who} attests that it was made from nothing, and the registry has no such root"
            )
            self._problem("no-root", key, f"{message}: add it to the registry, or ask who that is")
        for parent in step_of.step.parents:
            yield from self._parent(model, step_of, party, parent)

    def _speaking(self, model: Model) -> list[tuple[TrainingStep, Party]]:
        """2: the statements about all these files by trainers who may say so."""
        self._contradictions(model)
        reasons: dict[str, None] = {}
        partial: dict[str, str] = {}
        whole: list[tuple[TrainingStep, Party]] = []
        for step_of in self.index.about(model.files):
            stated = step_of.step.model
            party, reason = step_of.speaker(model.speaks, self.registry, self.at)
            lacking = [path for path in model.files if path not in step_of.step.subjects]
            if model.node.repo and stated and stated != model.node.repo:
                reasons[f"{step_of.bundle} speaks of {stated}"] = None
            elif party is None:
                reasons[reason] = None
            elif lacking:
                partial[step_of.bundle] = ", ".join(lacking[:SHOWN])
            else:
                whole.append((step_of, party))
        if whole:
            self.notes += notes(model.node.key, model.beside, whole[0][0], partial)
        elif partial:
            bundle, shown = next(iter(partial.items()))
            message = f"a loader reads {shown}, which {bundle} leaves out"
            self._problem("uncovered-file", model.node.key, message)
        else:
            self._unattested(model, list(reasons))
        return sorted(whole, key=lambda one: bool(one[0].step.unverified))

    def _contradictions(self, model: Model) -> None:
        """What those who may speak say of the very same weights, and cannot all be true."""
        heard = [
            (step_of, party)
            for step_of in self.index.sharing(model.files)
            if same_weights(model.files, step_of.step)
            if (party := step_of.speaker(model.speaks, self.registry, self.at)[0])
        ]
        if message := contradiction(heard, self.claimed.canonical):
            self._problem("contradictory", model.node.key, f"{message}: ask which is true")

    def _unattested(self, model: Model, reasons: Sequence[str]) -> None:
        node = model.node
        why = "; ".join(reasons[:SHOWN]) or "no statement speaks of these files"
        roots = self.registry.roots(node.repo)
        if any(root.manifest is None for root in roots):
            why += "; the registry has it as a root without a manifest"
        elif roots:
            why += "; the registry has it as a root with other bytes"
        made = ", ".join(sorted(self.claimed.parents_of(node.key))[:SHOWN])
        by = ", ".join(self.claimed.methods_of(node.key))
        how = (f" by {by}" if by else "") + (f" from {made}" if made else "")
        message = (
            f"no trainer of its organisation attests how it was made{how}; {why}: ask its "
            "organisation for `provenance attest`, or register the model as a root"
        )
        self._problem("unattested-step", node.key, message)

    def _claimed(self, key: str) -> Iterator[Model]:
        """Where the path is broken already: the parents that the node names, as they are."""
        for name in sorted(self.claimed.parents_of(key)):
            for ancestor in self.claimed.by_name.get(name, ()):
                if ancestor.evidence:
                    own = self._key(name, ancestor.commit, ancestor.manifest)
                    manifest = ancestor.manifest
                    yield self._published(own, name, ancestor.commit, ancestor.evidence, manifest)

    def _parent(
        self, child: Model, step_of: TrainingStep, party: Party, parent: Parent
    ) -> Iterator[Model]:
        if parent.manifest is None:
            called = parent.repo or "a parent that it does not name"
            message = f"{step_of.bundle} names {called} without a digest"
            self._problem("parent-without-digest", child.node.key, message)
            return
        model = self._found(child, parent)
        if model is None:
            return
        method = step_of.step.method
        self.edges.append(
            Edge(
                child=child.node.key,
                parent=model.node.key,
                tier=Tier.ATTESTED,
                relation=step_of.step.relation,
                method=method.value,
                attested=f"{party.org.name} ({party.signer.name})",
                bundle=step_of.bundle,
                unverified=parent.unverified,
                unchanged=is_unchanged(step_of.step, parent),
            )
        )
        yield model

    def _found(self, child: Model, parent: Parent) -> Model | None:
        """3: the parent as the repository it is, or by its digests alone."""
        name = self._named(parent)
        if again := self.met.get((name, parent.manifest)):
            return again
        earlier = name in (child.node.repo, self.claimed.evidence.ref.repo)
        known = [a for a in self.claimed.by_name.get(name or "", ()) if a.evidence and not earlier]
        for ancestor in known:
            evidence = ancestor.evidence
            if evidence and is_named(parent, ancestor, evidence, self._opened(evidence)):
                there, commit = ancestor.manifest, ancestor.commit
                key = self._key(name or "", commit, there)
                return self._published(key, name, commit, evidence, there)
        key = self._key(name or parent.manifest or "", parent.commit, parent.manifest)
        node = self._node(key, name, parent.commit, parent.manifest)
        if known and not node.root:
            there = ", ".join(sorted({ancestor.manifest or "" for ancestor in known}))
            message = f"attested with manifest {parent.manifest}, and what is there has {there}"
            self._problem("parent-mismatch", node.key, message)
            return None
        return unpublished(node, parent, speaks=name or child.speaks)

    def _named(self, parent: Parent) -> str | None:
        """The name of a parent; of one that was not named that of the root that has its files."""
        if parent.repo:
            return self.claimed.canonical(parent.repo)
        roots = sorted(root.repo for root in self.registry.roots_with(parent.manifest))
        return roots[0] if roots else None

    def _check_circles(self) -> None:
        """4: no walk comes back."""
        parents: dict[str, list[str]] = {}
        for edge in self.edges:
            parents.setdefault(edge.child, []).append(edge.parent)
        for key in sorted(circles(parents)):
            self._problem("cycle", key, "statements lead from it back to itself")

    def _check_times(self) -> None:
        """4: no step ended before the step it builds on, as far as what was signed tells."""
        for edge in self.edges:
            child, parent = (self.moments.get(key, Moments()) for key in (edge.child, edge.parent))
            ended = when = None
            if child.said and parent.said:
                ended, when = child.said, parent.said
            elif child.validity and parent.validity:
                ended, when = child.validity.latest, parent.validity.earliest
            if ended and when and ended < when:
                message = f"ended on {ended:%Y-%m-%d}, its parent only on {when:%Y-%m-%d}"
                self._problem("out-of-order", edge.child, message)

    def _problem(self, slug: str, where: str, message: str) -> None:
        self.problems.append(Problem(slug=slug, where=where, message=message))
