"""Who evaluated or verified this model, and what each of them said of it.

Shared by the check of attestations and the lockfile, which remembers every FAILED. A statement is
of this model by the digests of its subjects, whatever they are called: it names a weight file, or
every file that a loader reads, or stands for the whole. Who speaks is told by key or identity,
never by what a registry calls it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from provenance import oms
from provenance.checks.case import Case
from provenance.claims.loader import loader_reads
from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.formats.names import is_weight_name
from provenance.intoto import Statement
from provenance.lock import LockedFailure
from provenance.model import Evidence, File, Manifest
from provenance.policy.required import TEST_RESULT, RequiredAttestation
from provenance.signature import Attestation, Party, Window, distrust
from provenance.trust import Authority, Identity, Material

PASSED, WARNED, FAILED, UNREADABLE = "PASSED", "WARNED", "FAILED", "unreadable"
NEVER = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one party said, if it named any file of this model.

    `key` is what the party is recognised by. `named` are the digests of weights and of what a
    loader reads that the statement names, `shared` the paths of all files. `is_of_this` says that
    it is of this model, and not of another that shares a file. `missing` are files of a loader
    that it left out, by path and digest. `signed` is when it says that it was, and `problem` why
    its result cannot be read.
    """

    organisation: str
    name: str
    key: str
    bundle: str
    result: str
    problem: str
    signed: Window | None
    is_of_this: bool
    named: frozenset[str]
    shared: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def speaker(self) -> str:
        """Who said it, as the registry calls it today."""
        return f"{self.organisation}/{self.name}"

    @property
    def convicts(self) -> bool:
        """Whether it says of this model that it failed, or something that nobody can read."""
        return self.is_of_this and self.result in (FAILED, UNREADABLE)

    def is_answered_by(self, other: Word) -> bool:
        """Whether the same party later said PASSED of the same files."""
        return (
            (other.key, other.result) == (self.key, PASSED)
            and other.named >= self.named
            and is_after(other, self.signed)
        )


def is_after(word: Word, signed: Window | None) -> bool:
    """Whether a word was given after something else, as far as what was signed tells."""
    return bool(word.signed and signed and word.signed.is_after(signed))


def words(case: Case, required: RequiredAttestation) -> tuple[Word, ...]:
    """What those who may said of files of this model, by statements of the required kind."""
    found = {(word.bundle, word.key): word for word in _words(case, required)}
    return tuple(found.values())


def convicting(said: Sequence[Word]) -> tuple[Word, ...]:
    """The words against this model that their party has not taken back."""
    against = (word for word in said if word.convicts)
    return tuple(w for w in against if not any(w.is_answered_by(other) for other in said))


def counting(said: Sequence[Word]) -> tuple[Word, ...]:
    """The good word of each party that has none against this model: of this model, over every
    file that a loader reads, the newest, as far as there are such."""
    against = {word.key for word in convicting(said)}
    found: dict[str, Word] = {}
    for word in said:
        other = found.get(word.key)
        good = word.result in (PASSED, WARNED) and word.key not in against
        if good and (other is None or _rank(word) > _rank(other)):
            found[word.key] = word
    return tuple(found.values())


def _rank(word: Word) -> tuple[bool, bool, float, bool]:
    when = word.signed.earliest.timestamp() if word.signed else NEVER
    return (word.is_of_this, not word.missing, when, word.result == WARNED)


def failures(case: Case) -> Iterator[LockedFailure]:
    """Every FAILED that counts for this model, for the lockfile to remember."""
    weights = _weights(case.evidence)
    for required in case.policy.required:
        for word in convicting(words(case, required)):
            if word.result == FAILED:
                yield LockedFailure(
                    repo=case.evidence.ref.repo or "",
                    manifest=case.evidence.manifest.digest,
                    predicate=required.predicate,
                    organisation=word.organisation,
                    name=word.name,
                    key=word.key,
                    files=tuple(sorted(word.named & weights or word.named)),
                    time=word.signed.latest if word.signed else None,
                )


def remembered(case: Case, failure: LockedFailure) -> bool:
    """Whether a failure in the lockfile is of this model: by its weights, whoever has them now."""
    evidence = case.evidence
    if not failure.files:
        return failure.manifest in (evidence.manifest.digest, evidence.listing.digest)
    return is_of(evidence, frozenset(failure.files))


def is_of(evidence: Evidence, digests: Collection[str]) -> bool:
    """Whether files with these digests are this model: a weight of it, or all a loader reads."""
    needed = _read(evidence)
    return bool(_weights(evidence) & set(digests)) or (bool(needed) and needed <= set(digests))


def _files(evidence: Evidence) -> tuple[File, ...]:
    return (*evidence.listing.files, *evidence.manifest.files)


def _weights(evidence: Evidence) -> frozenset[str]:
    """The digests of weights, of the whole listing: leaving one out undoes no word about it."""
    return frozenset(f.sha256 for f in _files(evidence) if f.sha256 and is_weight_name(f.path))


def _read(evidence: Evidence) -> frozenset[str]:
    listed = evidence.manifest.by_path
    return frozenset(listed[path].sha256 for path in loader_reads(evidence)) - {""}


def _words(case: Case, required: RequiredAttestation) -> Iterator[Word]:
    for opinion in case.opinions:
        if not isinstance(opinion, Attestation):
            continue
        if opinion.statement.predicate_type == required.predicate:
            for party in opinion.parties:
                if _may(case, opinion, party, required):
                    yield from _word(case, opinion, party)


def _may(case: Case, attestation: Attestation, party: Party, required: RequiredAttestation) -> bool:
    """Whether this party's word counts for this model, today and at the time it was given."""
    speaks = party.signer.may(required.role, case.evidence.ref.repo or "")
    return speaks and not distrust(case.registry, attestation, party, case.evidence.at)


def _word(case: Case, attestation: Attestation, party: Party) -> Iterator[Word]:
    """What the statement says, if it names any file of this model."""
    evidence, statement = case.evidence, attestation.statement
    result, problem = _result(statement)
    said = _named(case, statement, whole=result in (FAILED, UNREADABLE))
    shared = {file.path for file in _files(evidence) if file.sha256 in said}
    if not shared:
        return
    needed = loader_reads(evidence) or evidence.manifest.by_path.keys()
    yield Word(
        organisation=party.org.name,
        name=party.signer.name,
        key=key_of(party.signer.material),
        bundle=attestation.bundle,
        result=result,
        problem=problem,
        signed=attestation.moments.signed,
        is_of_this=is_of(evidence, said),
        named=said & (_weights(evidence) | _read(evidence)) or said,
        shared=tuple(sorted(shared)),
        missing=tuple(sorted(needed - _covered(evidence, statement))),
    )


def key_of(material: Material) -> str:
    """What a signer of the registry is recognised by, whatever it is called."""
    match material:
        case Identity():
            return f"{material.identity} by {material.issuer}, {material.sigstore}"
        case Authority():
            roots = ", ".join(sorted(one.fingerprint for one in material.certificates))
            return f"{material.label} under {roots}"
    return material.label


def _result(statement: Statement) -> tuple[str, str]:
    """What is said, or why it cannot be read."""
    try:
        fields = Fields(statement.predicate, "predicate")
        if statement.predicate_type == TEST_RESULT:
            return fields.choice("result", (PASSED, WARNED, FAILED)), ""
        return fields.choice("verificationResult", (PASSED, FAILED)), ""
    except Malformed as error:
        return UNREADABLE, str(error)


def _named(case: Case, statement: Statement, *, whole: bool) -> frozenset[str]:
    """The digests of files of this model that a statement names.

    A digest of a manifest stands for every file, and with `whole` any digest of the whole that
    people use: against a model it counts whatever it leaves open.
    """
    evidence = case.evidence
    said = {subject.sha256 for subject in statement.subjects}
    for manifest in (evidence.listing, evidence.manifest):
        roots = {manifest.digest.removeprefix("sha256:")}
        if whole:
            roots |= {*_signed_roots(case), *_root(manifest)}
        if said & roots:
            said |= {file.sha256 for file in manifest.files}
    return frozenset(said & {file.sha256 for file in _files(evidence)}) - {""}


def _root(manifest: Manifest) -> Iterator[str]:
    """The OMS root digest of files whose digests are all known."""
    if all(file.sha256 for file in manifest.files):
        yield oms.root_digest(manifest.files)


def _signed_roots(case: Case) -> Iterator[str]:
    """The root digests under which the publisher signed these files, in their order."""
    for vouch in case.vouches:
        statement = vouch.attestation.statement
        if vouch.comparison.holds and statement.predicate_type == oms.PREDICATE_TYPE:
            yield from (subject.sha256 for subject in statement.subjects)


def _covered(evidence: Evidence, statement: Statement) -> frozenset[str]:
    """The files that are subjects, by path and digest; all where the whole is one."""
    manifest = evidence.manifest
    digests = {subject.sha256 for subject in statement.subjects}
    if digests & {one.digest.removeprefix("sha256:") for one in (manifest, evidence.listing)}:
        return frozenset(manifest.by_path)
    named = {(subject.name, subject.sha256) for subject in statement.subjects}
    return frozenset(f.path for f in manifest.files if (f.path, f.sha256) in named)
