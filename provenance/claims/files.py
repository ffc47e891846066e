"""The files of a model for everybody who judges it: each parsed once, whoever asks for what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from provenance.claims.choices import Choice, choices
from provenance.claims.claim import Claim, CodeClaim
from provenance.claims.code import code_claims
from provenance.claims.left import left_beside
from provenance.claims.loader import loader_reads, why_read
from provenance.claims.parents import parent_claims, places_read
from provenance.formats.parsed import Parsed, parsed
from provenance.model import Evidence
from provenance.wire.bundle import Opened, opened


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """What the files of one model say, found out when somebody first asks, and once.

    It holds what was parsed for as long as it lives, which is as long as a judgement.
    `known` is what somebody parsed of them before, `above` are those of its ancestors, or of others
    beside it, in the same way.
    """

    evidence: Evidence
    known: dict[str, Parsed] | None = None
    above: tuple[ModelFiles, ...] = ()

    @cached_property
    def by_path(self) -> dict[str, Parsed]:
        """The selected files that were looked into, by their path."""
        return parsed(self.evidence) if self.known is None else self.known

    @cached_property
    def read(self) -> frozenset[str]:
        """The selected files that a loader reads."""
        return loader_reads(self.evidence, self.by_path)

    @cached_property
    def left(self) -> frozenset[str]:
        """Those of `read` that trainers leave beside a model: no loader opens one by itself."""
        return self.read & left_beside(self.evidence, self.by_path, self.read)

    def why_read(self, path: str) -> str:
        """Why one of `read` counts as read, as a sentence without its stop."""
        return why_read(path, self.evidence)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Which of them make a loader use other weights or code than it would without them."""
        return choices(self.evidence, self.by_path)

    @cached_property
    def parent_claims(self) -> tuple[Claim, ...]:
        """What they, and the Hub, say of parents and methods."""
        return parent_claims(self.evidence, self.by_path)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The places that were read for what they may say of parents."""
        return places_read(self.evidence, self.by_path)

    @cached_property
    def code_claims(self) -> tuple[CodeClaim, ...]:
        """What in them a loader would run."""
        return code_claims(self.evidence, self.by_path)

    @cached_property
    def bundles(self) -> tuple[Opened, ...]:
        """The evidence files beside them, in their order, unverified."""
        return opened(self.evidence.bundles)

    def of(self, evidence: Evidence) -> ModelFiles:
        """The files of that very evidence: the model's own, or those of what stands beside it."""
        if evidence is self.evidence:
            return self
        return self._beside.get(id(evidence)) or ModelFiles(evidence=evidence)

    def seen(self, evidence: Evidence) -> ModelFiles:
        """The same files with other evidence around them: what was parsed serves both."""
        beside = tuple(self._beside.values())
        return ModelFiles(evidence=evidence, known=self.by_path, above=beside)

    @cached_property
    def _beside(self) -> dict[int, ModelFiles]:
        """Those of its ancestors, of what loaders fetch for it, and of what it is a mirror of."""
        known = {id(one.evidence): one for one in self.above}
        held = (*self.evidence.ancestors, *self.evidence.members, self.evidence.origin)
        every = (one.evidence for one in held if one)
        return {id(one): known.get(id(one)) or ModelFiles(evidence=one) for one in every if one}
