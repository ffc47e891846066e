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
from provenance.checks.ancestry.undeclared import lineage, named, own
from provenance.errors import Malformed
from provenance.lineage import identical_weights
from provenance.lock import Entry
from provenance.lock.sketch import marks, openings_in, sketch_of
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
        message = f"the weight files are those of {name} {_open(name)}"
        yield unknown("ancestry/identical", message, name)
    met = survey.same | survey.undated
    for name in sorted(survey.begun(older=True) - met):
        message = f"the tensors begin as those of {name} in the lockfile, and it is not named"
        yield failed("ancestry/identical", f"{message} as a parent", name)
    for name in sorted(survey.begun(older=None) - met):
        message = f"the tensors begin as those of {name} {_open(name)}"
        yield unknown("ancestry/identical", message, name)


def _open(name: str) -> str:
    return (
        "in the lockfile, it is not named as a parent, and which of the two was first is not "
        f"known: ask the publisher; if it comes from there, say it: {line_to_add(name)}"
    )


@dataclass(frozen=True, kw_only=True)
class _Copies:
    case: Case

    @cached_property
    def same(self) -> frozenset[str]:
        """The models that are known, and were there before it, and have these very weights."""
        locked = {name: entry.files for name, entry in self._locked(older=True).items()}
        return self._alike({**locked, **self._ancestors})

    @cached_property
    def undated(self) -> frozenset[str]:
        """The locked models that have these very weights, where no date says which was first."""
        locked = self._locked(older=None) if own(self.case) else {}
        return self._alike({name: entry.files for name, entry in locked.items()})

    def begun(self, *, older: bool | None) -> frozenset[str]:
        """The locked models whose tensors begin as the model's own, and to which nothing leads.

        All of them do, or those that stand in the lockfile do and the two have no ancestor in
        common: what was made of one base may have left the same tensors as they were.
        """
        tensors = self.case.evidence.weights.tensors
        if not (tensors and own(self.case)):
            return frozenset()
        sketch, found = sketch_of(tensors), marks(tensors)
        above = lineage(self.case)
        return frozenset(
            name
            for name, entry in self._locked(older=older).items()
            if entry.tensors and name not in above
            if entry.tensors == sketch
            or (openings_in(entry.tensors) <= found and not self._is_kin(entry, above))
        )

    def _is_kin(self, entry: Entry, names: frozenset[str]) -> bool:
        """Whether a locked model names one of these as a parent."""
        return any(self.case.claimed.canonical(parent.repo) in names for parent in entry.parents)

    def _alike(self, others: Mapping[str, Manifest]) -> frozenset[str]:
        files = self.case.files
        return frozenset(name for name, held in others.items() if identical_weights(files, held))

    @property
    def _ancestors(self) -> Mapping[str, Manifest]:
        """The files of the ancestors that are known."""
        return {
            ancestor.facts.id: ancestor.evidence.listing
            for ancestor in self.case.claimed.evidence.ancestors
            if ancestor.evidence and ancestor.facts
        }

    def _locked(self, *, older: bool | None) -> dict[str, Entry]:
        """The locked models that are older, or of which that is not known.

        One that says itself that it came of this one convicts nobody but itself.
        """
        found: dict[str, Entry] = {}
        names = own(self.case)
        for entry in self.case.lock.models() if self.case.lock else ():
            came_of_this = any(parent.repo in names for parent in entry.parents)
            if entry == self.case.locked or entry.origin in names or came_of_this:
                continue
            if entry.repo and is_older(entry.facts, self.case.origin.facts) is older:
                found.setdefault(self.case.claimed.canonical(entry.repo), entry)
        return found

    @cached_property
    def named(self) -> frozenset[str]:
        """The model itself, all that it names or is attested to come from, and above any of those
        that have the same weights what they name."""
        return named(self.case, lambda name: name in self.same | self.undated)


def is_older(other: Facts | None, own: Facts | None) -> bool | None:
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
