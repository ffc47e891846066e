"""What an attested step says of itself, beside what else tells of it: where both cannot be true.

Its own parameters speak of its parents and its method, the class that trained of its method. What
lies in the repository speaks too, and may be older than the step: a leftover or a card that an
earlier step explains, or that is a parent's own file, contradicts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.configuration import values
from provenance.claims.methods import titles, trained_for
from provenance.claims.parameters import ADAPTER, of_parameters
from provenance.claims.reference import COMMIT
from provenance.errors import Malformed
from provenance.lineage.attested import Walk
from provenance.lineage.families import compatible, of_setting, of_trainer, says_nothing
from provenance.lineage.graph import Problem
from provenance.lineage.met import Model
from provenance.lineage.steps import TrainingStep
from provenance.lineage.unnamed import may_be_folder, unexplained
from provenance.lineage.walks import reached
from provenance.wire.training import Method, Step

SHOWN = 5
RECIPES = ("mergekit_config.yml", "mergekit_moe_config.yml")
RANKS = ("r", "lora_r", "lora_rank")


def lies(walk: Walk) -> Iterator[Problem]:
    """Each step that is contradicted, by what, once a walk has met all that it can."""
    above = _above(walk)
    for key in walk.steps:
        model = walk.models[key]
        for step_of in _whole(walk, model):
            heard = _Heard(walk=walk, model=model, step_of=step_of, above=above)
            for message in dict.fromkeys((*heard.by_parameters(), *heard.by_files())):
                said = f"{message}: ask its trainer which is true"
                yield Problem(slug="contradicted", where=key, message=said)


def doubts(walk: Walk) -> Iterator[str]:
    """The models that a step's own parameters name beside its parents, by names that may be those
    of repositories or of folders: nobody knows which."""
    above = _above(walk)
    for key, step_of in walk.steps.items():
        heard = _Heard(walk=walk, model=walk.models[key], step_of=step_of, above=above)
        if names := heard.named_beside():
            yield f"the parameters in {heard.bundle} name {names}, {heard.parents_told}"


def _above(walk: Walk) -> dict[str, list[str]]:
    above: dict[str, list[str]] = {}
    for edge in walk.edges:
        above.setdefault(edge.child, []).append(edge.parent)
    return above


def _whole(walk: Walk, model: Model) -> Iterator[TrainingStep]:
    """Every statement about all the files of a model by a trainer who may speak of it, wherever it
    stands."""
    for step_of in walk.index.about(model.files):
        party, _ = step_of.speaker(model.speaks, walk.registry, walk.at)
        of_it = not model.node.repo or step_of.step.model in ("", model.node.repo)
        if party and of_it and model.files.keys() <= step_of.step.subjects.keys():
            yield step_of


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """One step, and everybody who tells of it."""

    walk: Walk
    model: Model
    step_of: TrainingStep
    above: Mapping[str, list[str]]

    @property
    def step(self) -> Step:
        return self.step_of.step

    @property
    def bundle(self) -> str:
        return self.step_of.bundle

    @cached_property
    def ancestors(self) -> frozenset[str]:
        """The keys of the nodes that statements lead to from here."""
        return reached(self.above, [self.model.node.key])

    @property
    def _is_untrained(self) -> bool:
        """Whether the step made its model without any training."""
        return self.step.method in (Method.MERGE, Method.QUANTIZE, Method.CONVERT)

    def by_parameters(self) -> Iterator[str]:
        """What the statement says twice, and differently. Programs merge and quantise by the very
        settings of the run before."""
        claims = of_parameters(self.step.parameters)
        named = [claim for claim in claims if isinstance(claim, ParentClaim)]
        if lacking := self._lacking(named):
            yield f"{self.bundle}: its own parameters name {lacking}, {self.parents_told}"
        yield from self._other_commits(named)
        for claim in (c for c in claims if isinstance(c, MethodClaim)):
            reused = self._is_untrained and self._is_explained(claim)
            if not reused and not compatible(self.step.method, of_setting(claim)):
                yield (
                    f"{self.bundle} attests {self.step.method}, and its own parameters "
                    f"({claim.key}) say {titles(claim.methods)}"
                )
        trained = of_trainer(self.step.trainer)
        if trained and not compatible(self.step.method, trained):
            yield (
                f"{self.bundle} attests {self.step.method}, and its own trainer "
                f"{self.step.trainer[:80]} is for {titles(trained)}"
            )

    def _other_commits(self, claims: Iterable[ParentClaim]) -> Iterator[str]:
        """The parents that the parameters pin to another commit than the statement."""
        pinned: dict[str, set[str]] = {}
        for parent in self.step.parents:
            if parent.repo and parent.commit:
                pinned.setdefault(self._name(parent.repo), set()).add(parent.commit)
        for claim in claims:
            commits = pinned.get(self._name(claim.repo or ""), set())
            stated = claim.revision or ""
            if COMMIT.fullmatch(stated) and commits and stated not in commits:
                named = f"{self.bundle}: its own parameters name {claim.repo} at {stated}"
                yield f"{named}, and its parent is at {', '.join(sorted(commits))}"

    def _lacking(self, claims: Iterable[ParentClaim]) -> str:
        """The models that are named and are no parents of the step, nor above any."""
        own = {self.model.node.repo, self.step.model}
        named = dict.fromkeys(self._name(claim.repo) for claim in claims if claim.repo)
        if named.keys() <= own:
            return ""
        known = own | self._further(self.step)
        open_ = [p for p in self.step.parents if not p.repo or self._name(p.repo) not in named]
        found = unexplained([n for n in named if n not in known], open_, self._is_certain)
        return ", ".join(found[:SHOWN])

    def named_beside(self) -> str:
        """The names in the parameters that may be a repository's, and no parent's or ancestor's."""
        claims = of_parameters(self.step.parameters)
        names = dict.fromkeys(
            self._name(c.repo) for c in claims if isinstance(c, ParentClaim) and c.repo
        )
        known = {self.model.node.repo, self.step.model} | self._further(self.step)
        if any(not parent.repo for parent in self.step.parents):
            return ""
        found = [one for one in names if one not in known and not may_be_folder(one)]
        return ", ".join(found[:SHOWN])

    def _name(self, repo: str) -> str:
        return self.walk.claimed.canonical(repo)

    def _further(self, step: Step) -> frozenset[str]:
        """The parents, by name, and whatever statements or claims lead to from there."""
        named = {self._name(parent.repo) for parent in step.parents if parent.repo}
        attested = {self.walk.nodes[key].repo for key in self.ancestors} - {None}
        names = named | {name for name in attested if name}
        return frozenset(names | self.walk.claimed.above(*names))

    def _is_certain(self, name: str) -> bool:
        """Whether a name is known to be that of a repository, and no folder's."""
        claimed, registry = self.walk.claimed, self.walk.registry
        return name in claimed.by_name or registry.owner(name) is not None

    @property
    def parents_told(self) -> str:
        """Which parents the statement has, as half a sentence."""
        parents = [p.repo or p.manifest or "one without a name" for p in self.step.parents]
        verb = "its only parent is" if len(parents) == 1 else "its parents are"
        return f"and {verb} {', '.join(parents[:SHOWN]) or 'none'}"

    def by_files(self) -> Iterator[str]:
        """What lies in the repository and no step of the chain explains."""
        if self.model.evidence is None:
            return
        claims = self.walk.files.of(self.model.evidence).parent_claims
        named = [claim for claim in claims if isinstance(claim, ParentClaim)]
        yield from self._adapter(named)
        yield from self._recipe([claim for claim in named if claim.path in RECIPES])
        told = [c for c in claims if isinstance(c, MethodClaim) and c.known]
        for claim in told if self._are_all_here() or not self._is_untrained else ():
            if claim.trace and "/" not in claim.path and not self._is_explained(claim):
                yield (
                    f"{self.bundle} attests {self.step.method}, and {claim.place} ({claim.key}) "
                    f"was left by a trainer for {trained_for(claim.key, claim.methods)}"
                )
        yield from self._card([c for c in told if not c.trace and "/" not in c.path])

    def _adapter(self, claims: Iterable[ParentClaim]) -> Iterator[str]:
        """What the configuration of an adapter says of its base and its rank."""
        own = [c for c in claims if c.path == ADAPTER and not c.part]
        if lacking := self._lacking(own):
            yield f"{ADAPTER} names {lacking}, {self.parents_told} ({self.bundle})"
        if self.model.evidence is None:
            return
        held = self.walk.files.of(self.model.evidence).by_path.get(ADAPTER)
        try:
            rank = _rank(held.json(), ("r",)) if held else set()
            stated = _rank(json.loads(self.step.parameters or "null"), RANKS)
        except (Malformed, ValueError, RecursionError):
            return
        if rank and stated and not rank & stated:
            here, there = min(rank), ", ".join(map(str, sorted(stated)[:SHOWN]))
            yield f"{ADAPTER} has r = {here}, and {self.bundle} states {there} in its parameters"

    def _recipe(self, claims: Iterable[ParentClaim]) -> Iterator[str]:
        """What a recipe of mergekit names, where those are more than a merge is attested to have,
        folders of some machine included: which is which nobody can tell."""
        if self.step.method is not Method.MERGE:
            return
        repos = {self._name(claim.repo) for claim in claims if claim.repo}
        left = {repo: repo for repo in repos - self._further(self.step)}
        left |= {_folder(claim.text): claim.text for claim in claims if not claim.repo}
        open_ = [p for p in self.step.parents if not p.repo or self._name(p.repo) not in repos]
        if len(left) > len(open_):
            shown = ", ".join(sorted(left.values())[:SHOWN])
            yield f"its recipe names {shown}, {self.parents_told} ({self.bundle})"

    def _card(self, said: list[MethodClaim]) -> Iterator[str]:
        """What a card says, where all of it is otherwise; of a model that is made without training
        it tells how the parent was made."""
        methods = frozenset[str]().union(*(claim.methods for claim in said))
        if not said or self._is_untrained or compatible(self.step.method, methods):
            return
        if not any(map(self._is_explained, said)) and self._are_all_here():
            places = ", ".join(dict.fromkeys(claim.place for claim in said))
            yield f"{self.bundle} attests {self.step.method}, and {places} says {titles(methods)}"

    def _is_explained(self, claim: MethodClaim) -> bool:
        """Whether this step or one before it tells of the method, or the file is a parent's own. A
        step before it that leaves open how explains no file that a trainer left here alone."""
        steps = [self.walk.steps[key].step for key in self.ancestors if key in self.walk.steps]
        before = [step for step in steps if not (claim.trace and says_nothing(step.method))]
        return (
            any(compatible(step.method, claim.methods) for step in (self.step, *before))
            or any(says_nothing(step.method) for step in before)
            or self._is_theirs(claim.path)
            or self._is_told_above(claim)
        )

    def _is_theirs(self, path: str) -> bool:
        """Whether a file is one of those that a parent had, here or before."""
        steps = [self.walk.steps[key].step for key in self.ancestors if key in self.walk.steps]
        theirs = {f.sha256 for step in (self.step, *steps) for p in step.parents for f in p.files}
        held = self.model.evidence and self.model.evidence.listing.by_path.get(path)
        return bool(held and held.sha256 in theirs)

    def _is_told_above(self, claim: MethodClaim) -> bool:
        """Whether an ancestor's own repository says the same."""
        known = (self.walk.models[key].evidence for key in self.ancestors)
        return any(
            isinstance(other, MethodClaim) and other.methods & claim.methods
            for evidence in filter(None, known)
            for other in self.walk.files.of(evidence).parent_claims
        )

    def _are_all_here(self) -> bool:
        """Whether the repository of every ancestor was read, so that its card would tell."""
        return all(
            self.walk.models[key].evidence is not None or key in self.walk.steps
            for key in self.ancestors
        )


def _folder(text: str) -> str:
    """How a folder is called, however the path to it is written."""
    return text.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _rank(value: object, keys: tuple[str, ...]) -> set[int]:
    """The ranks of adapters that any table states."""
    tables = (node for node in values(value) if isinstance(node, dict))
    return {rank for table in tables for key in keys if isinstance(rank := table.get(key), int)}
