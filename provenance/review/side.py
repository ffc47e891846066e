"""What a model was before a bump and what it is to be: judged now, or as a lockfile has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from provenance.case.case import Case
from provenance.judgement import Evaluation
from provenance.lineage import Tier
from provenance.lock import Entry, Part
from provenance.model import Evidence, Facts, Manifest

ABSENT = Manifest(files=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A model as it was, or as it is to be.

    `ancestors` have their tiers. `tensors` are SHA-256 digests by name, where the bytes are here.
    """

    name: str
    commit: str = ""
    verdict: str = ""
    organisation: str = ""
    mirror_of: str = ""
    facts: Facts | None = None
    signers: tuple[str, ...] = ()
    ancestors: Mapping[str, str] = field(default_factory=dict)
    files: Manifest = ABSENT
    evidence: Evidence | None = None
    tensors: Mapping[str, str] = field(default_factory=dict)


def of_trial(evaluation: Evaluation, tensors: Mapping[str, str] | None = None) -> Side:
    """A model that was judged now."""
    verdict, case = evaluation.verdict, evaluation.case
    owner = case.registry.owner(case.origin.ref.repo or "")
    return Side(
        name=verdict.name,
        commit=verdict.commit or "",
        verdict=f"{verdict.result} ({verdict.profile}): {verdict.reason}",
        organisation=owner.name if owner else "",
        mirror_of=verdict.mirror_of,
        facts=case.evidence.facts,
        signers=tuple(sorted({f"{s.organisation}: {s.identity}" for s in verdict.signers})),
        ancestors=dict(_ancestors(case)),
        files=case.evidence.manifest,
        evidence=case.evidence,
        tensors=tensors or {},
    )


def of_entry(entry: Entry) -> Side:
    """A model as a lockfile has it."""
    return Side(
        name=entry.name,
        commit=entry.commit or "",
        verdict=f"{entry.verdict} ({entry.profile}), as the lockfile says",
        organisation=entry.organisation,
        mirror_of=entry.mirror_of or "",
        facts=entry.facts,
        signers=tuple(sorted({f"{s.organisation}: {s.identity}" for s in entry.signers})),
        ancestors={f"{p.repo}{f'@{p.commit}' if p.commit else ''}": p.tier for p in entry.parents},
        files=entry.files,
    )


def models_of(entries: tuple[Entry, ...]) -> Mapping[str, Entry]:
    """The models of a lockfile by their names."""
    return {entry.name: entry for entry in entries if entry.part is Part.MODEL}


def _ancestors(case: Case) -> Iterator[tuple[str, str]]:
    """Every ancestor with the strongest tier of the edges to it."""
    found: dict[str, list[Tier]] = {}
    for edge in case.graph.edges:
        found.setdefault(edge.parent, []).append(edge.tier)
    for key, tiers in found.items():
        node = case.graph.by_key[key]
        at = f"@{node.commit}" if node.commit else ""
        yield f"{node.repo or node.key}{at}", max(tiers, key=lambda tier: tier.rank)
