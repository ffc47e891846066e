"""Who evaluated or verified this model, and what each of them said of it.

Shared by the check of attestations and the lockfile, which remembers every FAILED.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from provenance.checks.case import Case
from provenance.claims.loader import loader_reads
from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.intoto import Statement
from provenance.lock import LockedFailure
from provenance.policy.required import TEST_RESULT, RequiredAttestation
from provenance.signature import Attestation, Party, distrust
from provenance.verdict import Finding, failed

PASSED, WARNED, FAILED = "PASSED", "WARNED", "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one party said of this model: `missing` are files of a loader that it left out."""

    organisation: str
    name: str
    bundle: str
    result: str
    time: datetime | None
    missing: tuple[str, ...]

    @property
    def speaker(self) -> str:
        """Who said it."""
        return f"{self.organisation}/{self.name}"


def failures(case: Case) -> Iterator[LockedFailure]:
    """Every FAILED that counts for this model, for the lockfile to remember."""
    for required in case.policy.required:
        for word in newest(said(case, required)):
            if word.result == FAILED:
                yield LockedFailure(
                    repo=case.evidence.ref.repo or "",
                    manifest=case.evidence.manifest.digest,
                    predicate=required.predicate,
                    organisation=word.organisation,
                    name=word.name,
                    time=word.time,
                )


def said(case: Case, required: RequiredAttestation) -> tuple[Word, ...]:
    """What those who may said of this model by statements of the required kind."""
    return tuple(word for word in heard(case, required) if isinstance(word, Word))


def heard(case: Case, required: RequiredAttestation) -> Iterator[Word | Finding]:
    """The same, and a finding for each statement of theirs that cannot be read."""
    for opinion in case.opinions:
        if not isinstance(opinion, Attestation):
            continue
        if opinion.statement.predicate_type == required.predicate:
            for party in opinion.parties:
                if _may(case, opinion, party, required):
                    yield from _word(case, opinion, party)


def newest(words: Iterable[Word]) -> tuple[Word, ...]:
    """The word of each party that counts: the newest, and before others what nobody can date
    and says FAILED."""
    found: dict[str, Word] = {}
    for word in words:
        other = found.get(word.speaker)
        if other is None or _rank(word) > _rank(other):
            found[word.speaker] = word
    return tuple(found.values())


def _rank(word: Word) -> tuple[bool, float, bool]:
    when = word.time.timestamp() if word.time else float("-inf")
    return (word.time is None and word.result == FAILED, when, word.result == FAILED)


def _may(case: Case, attestation: Attestation, party: Party, required: RequiredAttestation) -> bool:
    """Whether this party's word counts for this model, today and at the time it was given."""
    speaks = party.signer.may(required.role, case.evidence.ref.repo or "")
    return speaks and not distrust(case.registry, attestation, party, case.evidence.at)


def _word(case: Case, attestation: Attestation, party: Party) -> Iterator[Word | Finding]:
    """What the statement says, if it is of this model at all."""
    try:
        result = _result(attestation.statement)
    except Malformed as error:
        yield failed("attestation/malformed", str(error), attestation.bundle)
        return
    covered = _covered(case, attestation.statement)
    if covered is None:
        return
    needed = loader_reads(case.evidence) or case.evidence.manifest.by_path.keys()
    yield Word(
        organisation=party.org.name,
        name=party.signer.name,
        bundle=attestation.bundle,
        result=result,
        time=attestation.times[-1] if attestation.times else None,
        missing=tuple(sorted(needed - covered)),
    )


def _result(statement: Statement) -> str:
    fields = Fields(statement.predicate, "predicate")
    if statement.predicate_type == TEST_RESULT:
        return fields.choice("result", (PASSED, WARNED, FAILED))
    return fields.choice("verificationResult", (PASSED, FAILED))


def _covered(case: Case, statement: Statement) -> frozenset[str] | None:
    """The files that are subjects, with these very digests; None if it is of another model.

    A subject that is the digest of a manifest stands for every file of it.
    """
    manifest, listing = case.evidence.manifest, case.evidence.listing
    digests = {subject.sha256 for subject in statement.subjects}
    if digests & {one.digest.removeprefix("sha256:") for one in (manifest, listing)}:
        return frozenset(manifest.by_path)
    named = {(subject.name, subject.sha256) for subject in statement.subjects}
    covered = frozenset(f.path for f in manifest.files if (f.path, f.sha256) in named)
    return covered or None
