"""Everybody who speaks in the matter of one model is heard: each bundle, each claim, once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from provenance import signature
from provenance.case.ancestors import by_origin
from provenance.case.imports import without_imports
from provenance.case.publisher import publisher_signatures
from provenance.claims.files import ModelFiles
from provenance.lineage import (
    Claimed,
    Graph,
    Pinned,
    TrainingStep,
    Unusable,
    build,
    kin_of,
    step_of,
)
from provenance.lock import Lock
from provenance.model import Ancestor
from provenance.signature import VerificationResult
from provenance.trust import Registry


@dataclass(frozen=True, kw_only=True)
class VerifiedBundles:
    """What the bundles of a model that are no training statements turned out to be, what is
    claimed, and the graph that claims and statements make."""

    verifications: tuple[VerificationResult, ...]
    claimed: Claimed
    graph: Graph


def verify_bundles(
    files: ModelFiles,
    registry: Registry,
    parents: Sequence[str],
    origin: Ancestor | None = None,
    lock: Lock | None = None,
    fingerprints: Collection[str] = (),
) -> VerifiedBundles:
    """Verifies every bundle of the model and its ancestors; `parents` are what the user states, and
    `fingerprints` the digests of those that the user's settings name.

    Of a mirror `origin` is what it is of, whose own card speaks too. An ancestor that is a mirror,
    by what is known or by the `lock`, counts as its origin.
    """
    known = by_origin(files, registry, lock)
    files, evidence = known.files, known.files.evidence
    claimed = Claimed.of(files, tuple(parents), origin, registry, known.origins)
    verifications, steps = _sorted(files, registry)
    vouched: set[Pinned] = set()
    for ancestor in evidence.ancestors:
        if ancestor.evidence and ancestor.evidence.bundles:
            own, more = _sorted(files.of(ancestor.evidence), registry)
            steps += (replace(one, bundle=f"{ancestor.claimed}/{one.bundle}") for one in more)
            vouched |= _vouched(ancestor, files.of(ancestor.evidence), registry, own)
    kin = kin_of(claimed, registry, fingerprints)
    graph = build(claimed, files, registry, steps, vouched=vouched, kin=kin)
    return VerifiedBundles(verifications=verifications, claimed=claimed, graph=graph)


def _sorted(
    files: ModelFiles, registry: Registry
) -> tuple[tuple[VerificationResult, ...], list[TrainingStep | Unusable]]:
    """The bundles by what they mean to be: signatures and the like, and training statements."""
    verifications: list[VerificationResult] = []
    steps: list[TrainingStep | Unusable] = []
    evidence = files.evidence
    for opened in without_imports(files.bundles):
        verification = signature.weigh(opened, registry, evidence.today, evidence.ref.repo)
        step = step_of(opened, verification)
        if step is None:
            verifications.append(verification)
        else:
            steps.append(step)
    return tuple(verifications), steps


def _vouched(
    ancestor: Ancestor,
    files: ModelFiles,
    registry: Registry,
    verifications: Sequence[VerificationResult],
) -> set[Pinned]:
    """The ancestor by its name and manifest, if its publisher signed every file of it that a loader
    reads."""
    signed = (
        vouch.comparison for vouch in publisher_signatures(files.evidence, registry, verifications)
    )
    holds = any(one.holds and files.read <= one.equal for one in signed)
    manifest = ancestor.manifest or files.evidence.manifest.digest
    return {(ancestor.facts.id, manifest)} if holds and ancestor.facts else set()
