"""Whether the weights or signatures are another model's, which nothing names as a parent.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provenance.case.case import Case
from provenance.case.likely import mirror_advice
from provenance.checks.ancestry.lost import line_to_add
from provenance.errors import Malformed
from provenance.lineage import identical_weights, own_names
from provenance.model import Facts, Manifest
from provenance.signature import Attestation
from provenance.verdict import Finding, failed, unknown


def copies(case: Case) -> Iterator[Finding]:
    """Models whose very weights these are, and that nothing names as a parent."""
    survey = _Copies(case=case)
    for name in sorted(survey.same - survey.named):
        message = "the weight files are that model's own, and it is not named as a parent"
        yield failed("ancestry/identical", message, name)
    for name in sorted(survey.undated - survey.same - survey.named):
        message = (
            f"the weight files are those of {name} in the lockfile, it is not named as a parent, "
            "and which of the two was first is not known: ask the publisher; if it comes from "
            f"there, say it: {line_to_add(name)}"
        )
        yield unknown("ancestry/identical", message, name)


@dataclass(frozen=True, kw_only=True)
class _Copies:
    case: Case

    @cached_property
    def own(self) -> frozenset[str]:
        return own_names(self.case.origin) | own_names(self.case.evidence)

    @cached_property
    def same(self) -> frozenset[str]:
        """The models that are known, and were there before it, and have these very weights."""
        return self._alike(self._others)

    @cached_property
    def undated(self) -> frozenset[str]:
        """The locked models that have these very weights, where no date says which was first."""
        return self._alike(self._locked(is_older=None)) if self.own else frozenset()

    def _alike(self, others: Mapping[str, Manifest]) -> frozenset[str]:
        files = self.case.files
        return frozenset(name for name, held in others.items() if identical_weights(files, held))

    @property
    def _others(self) -> Mapping[str, Manifest]:
        """The ancestors that are known, and older models in the lockfile."""
        others = {
            ancestor.facts.id: ancestor.evidence.listing
            for ancestor in self.case.claimed.evidence.ancestors
            if ancestor.evidence and ancestor.facts
        }
        return {**self._locked(is_older=True), **others}

    def _locked(self, *, is_older: bool | None) -> dict[str, Manifest]:
        """The locked models that are older, or of which that is not known.

        One that says itself that it came of this one convicts nobody but itself.
        """
        found: dict[str, Manifest] = {}
        for entry in self.case.lock.models() if self.case.lock else ():
            came_of_this = any(parent.repo in self.own for parent in entry.parents)
            if entry == self.case.locked or entry.origin in self.own or came_of_this:
                continue
            if entry.repo and _is_older(entry.facts, self.case.origin.facts) is is_older:
                found.setdefault(self.case.claimed.canonical(entry.repo), entry.files)
        return found

    @cached_property
    def named(self) -> frozenset[str]:
        """The model itself, all that it names or is attested to come from, and above any of those
        that have the same weights what they name."""
        met = set(self.own)
        waiting = [self.case.claimed.own, *self._further]
        while waiting:
            for name in self._parents_of(waiting.pop()):
                if name not in met:
                    met.add(name)
                    waiting += [name] if name in self.same | self.undated else []
        return frozenset(met)

    @property
    def _further(self) -> set[str]:
        """The repositories of whose parents the model's own files speak."""
        canonical = self.case.claimed.canonical
        return {canonical(claim.of) for claim in self.case.claimed.parent_claims if claim.of}

    def _parents_of(self, name: str) -> Iterator[str]:
        yield from self.case.claimed.parents_of(name)
        graph = self.case.graph
        for edge in graph.above.get(name, ()):
            yield graph.by_key[edge.parent].repo or edge.parent


def _is_older(other: Facts | None, own: Facts | None) -> bool | None:
    """Whether a repository was made before the model's own: of two copies the younger is one.
    None where no date is known of either, as of what lies on disk."""
    theirs, ours = (facts.created if facts else None for facts in (other, own))
    return None if theirs is None or ours is None else theirs < ours


def signatures(case: Case) -> Iterator[Finding]:
    """Signatures by organisations that neither claims nor statements lead to."""
    repo = case.origin.ref.repo
    attested = [node.repo for node in case.graph.nodes if node.repo]
    own = (repo or "", case.evidence.ref.repo or "")
    known = [*own, *case.claimed.above(case.claimed.own), *attested]
    owners = {owner.key for name in known if (owner := case.registry.owner(name))}
    for verification in case.verifications:
        if repo and isinstance(verification, Attestation) and _is_oms(verification):
            signed = {party.org.key for party in verification.parties}
            if not signed & owners:
                message = f"{min(signed)[1]} signed it, and no stated ancestor is of theirs"
                message = ": ".join(filter(None, (message, mirror_advice(case))))
                yield failed("ancestry/copied-signature", message, verification.bundle)


def _is_oms(attestation: Attestation) -> bool:
    return not isinstance(attestation.manifest, Malformed)
