"""One model before the judge: what a check is given, and what a check is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from provenance.case.imports import Import, imports_of
from provenance.case.members import Closure, JudgedMember
from provenance.case.mirror import Mirror, Unproved
from provenance.case.publisher import PublisherSignature, publisher_signatures
from provenance.case.verified import verify_bundles
from provenance.claims.files import ModelFiles
from provenance.closure.members import Claims
from provenance.lineage import Claimed, Graph
from provenance.lock import Entry, Lock, is_of
from provenance.lock.memory import known_as
from provenance.model import Basis, Evidence
from provenance.policy import Exemption, Policy, Waiver
from provenance.policy.binding import Rests, rests_of
from provenance.signature import VerificationResult
from provenance.trust import Registry
from provenance.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The evidence on one model, what is asked of it, and what its bundles turned out to be.

    `verifications` has one entry for each of `evidence.bundles` that tells of no training and no
    import, in their order; `publisher_signatures` are those of them that count as the publisher's
    word, `imports` what the others say of where the model was copied from.
    `files` are what the evidence holds, parsed for all checks together. `claimed` and `graph` are
    what is said of its ancestors, by anybody and by those who may; `closure` is what a loader
    fetches by name, each judged. `lock` is the caller's
    lockfile, `locked` its entry for the model; `exact` asks for the very files of that entry, where
    otherwise it is only what was known before. `remembered` are the entries of its repository,
    whatever their names. `mirror` is what became of
    the saying that it is one. `rests` has what is left of the files by each `ignore` of the policy.
    """

    evidence: Evidence
    policy: Policy
    registry: Registry
    files: ModelFiles
    verifications: tuple[VerificationResult, ...]
    publisher_signatures: tuple[PublisherSignature, ...]
    claimed: Claimed
    graph: Graph
    closure: Closure
    lock: Lock | None = None
    locked: Entry | None = None
    remembered: tuple[Entry, ...] = ()
    exact: bool = False
    mirror: Mirror | Unproved | None = None
    imports: tuple[Import, ...] = ()
    rests: Rests = field(default_factory=dict)

    @classmethod
    def heard(
        cls,
        evidence: Evidence,
        policy: Policy,
        registry: Registry,
        members: tuple[JudgedMember, ...] = (),
        mirror: Mirror | Unproved | None = None,
        files: ModelFiles | None = None,
        lock: Lock | None = None,
    ) -> Case:
        """The case of a model once every bundle and claim was heard.

        `members` are those of its closure, each with the verdict on it. `files` are those of the
        evidence, if somebody has begun to parse them.
        """
        files = by_origin = files or ModelFiles(evidence=evidence)
        origin = None
        if isinstance(mirror, Mirror):
            by_origin, origin = files.seen(mirror.evidence), mirror.origin
        heard = verify_bundles(
            by_origin, registry, policy.parents, origin, lock, policy.fingerprints
        )
        return cls(
            evidence=evidence,
            policy=policy,
            registry=registry,
            files=files,
            verifications=heard.verifications,
            publisher_signatures=publisher_signatures(
                by_origin.evidence, registry, heard.verifications
            ),
            claimed=heard.claimed,
            graph=heard.graph,
            closure=Closure.of(Claims.of(files), members, policy.members),
            lock=lock,
            rests=rests_of(evidence, policy),
            mirror=mirror,
            imports=imports_of(files, registry),
        )

    @property
    def origin(self) -> Evidence:
        """The evidence by the name that identity, signatures and lineage go by: of a mirror that
        is proved, its origin's; else the model's own."""
        return self.mirror.evidence if isinstance(self.mirror, Mirror) else self.evidence

    @property
    def at_origin(self) -> Case | None:
        """Of a mirror that is proved the case of its origin, with all that is locked of that."""
        repo = self.origin.ref.repo
        if self.origin is self.evidence or repo is None:
            return None
        past = known_as(self.lock, repo)
        return replace(self, evidence=self.origin, locked=None, remembered=past, mirror=None)

    @property
    def subject(self) -> str:
        """What a finding about the whole model is about: its name, so that a waiver can say it."""
        return self.evidence.ref.repo or self.evidence.ref.text

    @property
    def is_locked(self) -> bool:
        """Whether the files are those of `locked`: its selection alone where it was measured, else
        its whole listing and of that its selection."""
        locked, evidence = self.locked, self.evidence
        if locked is None:
            return False
        if evidence.judged_as is Basis.MEASURED and evidence.listing.digest == locked.selected:
            return True
        same = evidence.listing.digest == locked.manifest
        return same and evidence.manifest.digest == locked.selected

    @property
    def past(self) -> tuple[Entry, ...]:
        """The entries that the model must not fall behind: every one of its repository.

        Where the very bytes are meant that its own entry has, only that one: they are no change,
        whatever else of the repository is locked beside them.
        """
        own = self.locked
        if own is None or not is_of(own, self.evidence.ref.repo):
            return self.remembered
        if self.exact or own.selected == self.evidence.manifest.digest:
            return (own,)
        return (own, *(entry for entry in self.remembered if entry != own))

    def accepting(self, rule: str) -> str:
        """What to do about a change against the lockfile: the command takes the very commit that
        was judged, and not the one that is locked."""
        locked, commit = self.locked, self.evidence.ref.commit
        moved = locked and locked.commit and commit and commit != locked.commit
        follow = ("--upgrade-model", locked.name) if locked and moved else ()
        line = shlex.join(["provenance", "lock", *follow, "--accept", f"{rule}@{self.subject}"])
        return f"find out why, then `{line}`"

    def in_force(self, expires: datetime) -> bool:
        """Whether what expires then counts: until then, or on, where that is only warned of."""
        return expires > self.evidence.today or self.policy.lenient_expiry

    def is_meant_by(self, entry: Exemption | Waiver) -> bool:
        """Whether it was written for this repository and these very bytes, or for any."""
        if entry.repo != self.evidence.ref.repo:
            return False
        return entry.manifest is None or self.rests[entry.ignore].is_meant_by(entry.manifest)

    @property
    def exemption(self) -> Exemption | None:
        """What exempts exactly these bytes under this name today, if anything does."""
        for entry in self.policy.exemptions:
            if self.is_meant_by(entry) and self.in_force(entry.expires):
                return entry
        return None

    def meant_by(self, exemption: Exemption) -> str:
        """Which bytes it admits, as its scope is told."""
        ignored = self.rests[exemption.ignore].ignored
        if not ignored:
            return "exactly these bytes"
        return f"these bytes but for {ignored} ignored file{'s' * (ignored > 1)}"


Check = Callable[[Case], Iterator[Finding]]
