"""Everybody who speaks in the matter of one model is heard: each bundle, each claim, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provenance import signature
from provenance.case.publisher import vouches
from provenance.claims.files import ModelFiles
from provenance.lineage import Claimed, Graph, Told, Unusable, build, told
from provenance.model import Ancestor, Evidence
from provenance.signature import Opinion
from provenance.trust import Registry


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the bundles of a model that are no training statements turned out to be, what is
    claimed, and the graph that claims and statements make."""

    opinions: tuple[Opinion, ...]
    claimed: Claimed
    graph: Graph


def hear(files: ModelFiles, registry: Registry, parents: Sequence[str]) -> Heard:
    """Verifies every bundle of the model and its ancestors; `parents` are what the user states."""
    evidence, claimed = files.evidence, Claimed.of(files, tuple(parents))
    opinions, tellings = _sorted(files, registry)
    vouched = set()
    for ancestor in evidence.ancestors:
        if ancestor.evidence and ancestor.evidence.bundles:
            own, more = _sorted(files.of(ancestor.evidence), registry)
            tellings += (replace(one, bundle=f"{ancestor.claimed}/{one.bundle}") for one in more)
            vouched |= _vouched(ancestor, ancestor.evidence, registry, own)
    graph = build(claimed, files, registry, tellings, vouched=vouched)
    return Heard(opinions=opinions, claimed=claimed, graph=graph)


def _sorted(
    files: ModelFiles, registry: Registry
) -> tuple[tuple[Opinion, ...], list[Told | Unusable]]:
    """The bundles by what they mean to be: signatures and the like, and training statements."""
    opinions: list[Opinion] = []
    tellings: list[Told | Unusable] = []
    evidence = files.evidence
    for opened in files.bundles:
        opinion = signature.weigh(opened, registry, evidence.at, evidence.ref.repo)
        telling = told(opened, opinion)
        if telling is None:
            opinions.append(opinion)
        else:
            tellings.append(telling)
    return tuple(opinions), tellings


def _vouched(
    ancestor: Ancestor, evidence: Evidence, registry: Registry, opinions: Sequence[Opinion]
) -> set[str]:
    """The ancestor's name, if its publisher signed what is known of it."""
    holds = any(vouch.comparison.holds for vouch in vouches(evidence, registry, opinions))
    return {ancestor.facts.id} if holds and ancestor.facts else set()
