"""Who evaluated or verified this model, and what each of them said of it.

Shared by the check of attestations and the lockfile, which remembers every FAILED. A statement is
of this model by the digests of its subjects, whatever they are called: it names a weight file, or
every file that a loader reads, or stands for the whole. Who speaks is told by key or identity,
never by what a registry calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.formats.names import is_weight_name
from provenance.lock import LockedFailure
from provenance.model import File, Manifest
from provenance.policy.required import RequiredAttestation
from provenance.signature import Attestation, Party, Window, distrust
from provenance.trust import Authority, Identity, Material
from provenance.wire import oms, results
from provenance.wire.intoto import Statement
from provenance.wire.results import TestOutcome, TestResult

PASSED, WARNED, FAILED = TestOutcome
UNREADABLE = "unreadable"
NEVER = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What one party said, if it named any file of this model.

    `key` is what the party is recognised by. `named` are the digests of weights and of what a
    loader reads that the statement names, `shared` the paths of all files. `is_of_this` says that
    it is of this model, and not of another that shares a file. `missing` are files of a loader
    that it left out, by path and digest. `signed` is when it says that it was. `tested` is the
    whole of a test result, and `problem` why that, or the result itself, cannot be read.
    """

    organisation: str
    name: str
    key: str
    bundle: str
    result: str
    tested: TestResult | None
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
    def labels(self) -> frozenset[str]:
        """By what suites and settings its tests were made, as far as it can be read."""
        return self.tested.labels if self.tested else frozenset()

    def is_of(self, suite: str | None) -> bool:
        """Whether it is a result of this suite, or of any where none is asked for."""
        return suite is None or bool(self.tested and self.tested.names(suite))

    @property
    def convicts(self) -> bool:
        """Whether it says of this model that it failed, or something that nobody can read."""
        return self.is_of_this and self.result in (FAILED, UNREADABLE)

    def is_answered_by(self, other: Assessment) -> bool:
        """Whether the same party later said PASSED of the same files, by the same suites."""
        return (
            (other.key, other.result) == (self.key, PASSED)
            and other.named >= self.named
            and other.labels >= self.labels
            and is_after(other, self.signed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a model as statements name them, by SHA-256.

    `weights` are those of the whole listing: leaving one out undoes no word about it. `read` are
    what a loader reads of the selection, `needed` their paths. `whole` has the digests of all files
    by that of their manifest, `roots` by the other digests of a whole that people use: those leave
    the names open, and count against a model alone.
    """

    by_digest: Mapping[str, str]
    weights: frozenset[str]
    read: frozenset[str]
    needed: frozenset[str]
    whole: Mapping[str, frozenset[str]]
    roots: Mapping[str, frozenset[str]]

    def named_by(self, statement: Statement, *, against: bool) -> frozenset[str]:
        """The digests of these files that a statement names, one by one or as a whole."""
        said = frozenset(subject.sha256 for subject in statement.subjects)
        wholes = [self.whole, self.roots] if against else [self.whole]
        named = said.union(*(one[root] for one in wholes for root in said & one.keys()))
        return named & self.by_digest.keys()

    def are_told_by(self, digests: frozenset[str]) -> bool:
        """Whether these digests mean this model: a weight file of it, or all a loader reads."""
        return bool(self.weights & digests or (self.read and self.read <= digests))


def is_after(word: Assessment, signed: Window | None) -> bool:
    """Whether a word was given after something else, as far as what was signed tells."""
    return bool(word.signed and signed and word.signed.is_after(signed))


def words(case: Case, required: RequiredAttestation, files: Files) -> tuple[Assessment, ...]:
    """What those who may said of files of this model, by statements of the required kind."""
    found = {(word.bundle, word.key): word for word in _words(case, required, files)}
    return tuple(found.values())


def convicting(said: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """The words against this model that their party has not taken back."""
    against = (word for word in said if word.convicts)
    return tuple(w for w in against if not any(w.is_answered_by(other) for other in said))


def counting(said: Sequence[Assessment], suite: str | None = None) -> tuple[Assessment, ...]:
    """The good word of each party that has none against this model: of this model, over every
    file that a loader reads, the newest, as far as there are such. Where a suite is named, good
    words by others do not count; those against the model do."""
    against = {word.key for word in convicting(said)}
    found: dict[str, Assessment] = {}
    for word in said:
        other = found.get(word.key)
        good = word.result in (PASSED, WARNED) and word.key not in against and word.is_of(suite)
        if good and (other is None or _rank(word) > _rank(other)):
            found[word.key] = word
    return tuple(found.values())


def _rank(word: Assessment) -> tuple[bool, bool, float, bool]:
    when = word.signed.earliest.timestamp() if word.signed else NEVER
    return (word.is_of_this, not word.missing, when, word.result == WARNED)


def failures(case: Case) -> Iterator[LockedFailure]:
    """Every FAILED that counts for this model, for the lockfile to remember."""
    files = files_of(case)
    for required in case.policy.required:
        for word in convicting(words(case, required, files)):
            if word.result == FAILED:
                yield LockedFailure(
                    repo=case.origin.ref.repo or "",
                    manifest=case.evidence.manifest.digest,
                    predicate=required.predicate,
                    organisation=word.organisation,
                    name=word.name,
                    key=word.key,
                    files=tuple(sorted(word.named & files.weights or word.named)),
                    suites=tuple(sorted(word.labels)),
                    time=word.signed.latest if word.signed else None,
                )


def remembered(case: Case, failure: LockedFailure, files: Files) -> bool:
    """Whether a failure in the lockfile is of this model: by its weights, whoever has them now.

    The very bytes are of it whatever counted as read when it was written.
    """
    if failure.manifest in (case.evidence.manifest.digest, case.evidence.listing.digest):
        return True
    return files.are_told_by(frozenset(failure.files))


def files_of(case: Case) -> Files:
    """The files of a model as statements may name them."""
    listing, manifest = case.evidence.listing, case.evidence.manifest
    every = {file.path: file for file in (*listing.files, *manifest.files)}
    read = case.files.read
    whole = {one.digest.removeprefix("sha256:"): _digests(one.files) for one in (listing, manifest)}
    roots = {root: _digests(one.files) for one in (listing, manifest) for root in _root(one)}
    signed = dict.fromkeys(_signed_roots(case), _digests(manifest.files))
    return Files(
        by_digest={file.sha256: path for path, file in every.items() if file.sha256},
        weights=_digests(file for path, file in every.items() if is_weight_name(path)),
        read=_digests(file for file in manifest.files if file.path in read),
        needed=read or frozenset(manifest.by_path),
        whole=whole,
        roots={**roots, **signed},
    )


def _digests(files: Iterable[File]) -> frozenset[str]:
    return frozenset(file.sha256 for file in files) - {""}


def _words(case: Case, required: RequiredAttestation, files: Files) -> Iterator[Assessment]:
    for verification in case.verifications:
        if not isinstance(verification, Attestation):
            continue
        if verification.statement.predicate_type == required.predicate:
            for party in verification.parties:
                if _may(case, verification, party, required):
                    yield from _word(case, verification, party, files)


def _may(case: Case, attestation: Attestation, party: Party, required: RequiredAttestation) -> bool:
    """Whether this party's word counts for this model, today and at the time it was given."""
    speaks = party.signer.may(required.role, case.origin.ref.repo or "")
    return speaks and not distrust(case.registry, attestation, party, case.evidence.at)


def _word(case: Case, attestation: Attestation, party: Party, files: Files) -> Iterator[Assessment]:
    """What the statement says, if it names any file of this model."""
    statement = attestation.statement
    result, tested, problem = _result(statement)
    said = files.named_by(statement, against=result in (FAILED, UNREADABLE))
    if not said:
        return
    covered = _covered(case.evidence.manifest, statement, files)
    yield Assessment(
        organisation=party.org.name,
        name=party.signer.name,
        key=key_of(party.signer.material),
        bundle=attestation.bundle,
        result=result,
        tested=tested,
        problem=problem,
        signed=attestation.moments.signed,
        is_of_this=files.are_told_by(said),
        named=said & (files.weights | files.read) or said,
        shared=tuple(sorted(files.by_digest[digest] for digest in said)),
        missing=tuple(sorted(files.needed - covered)),
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


def _result(statement: Statement) -> tuple[str, TestResult | None, str]:
    """What is said, the whole of it where it is of tests, and why something cannot be read."""
    said: str = UNREADABLE
    try:
        if statement.predicate_type != results.PREDICATE_TYPE:
            fields = Fields(statement.predicate, "predicate")
            return fields.choice("verificationResult", (PASSED, FAILED)), None, ""
        said = results.outcome(statement.predicate)
        return said, TestResult.read(statement.predicate), ""
    except Malformed as error:
        return said, None, str(error)


def _root(manifest: Manifest) -> Iterator[str]:
    """The OMS root digest of files whose digests are all known."""
    if all(file.sha256 for file in manifest.files):
        yield oms.root_digest(manifest.files)


def _signed_roots(case: Case) -> Iterator[str]:
    """The root digests under which the publisher signed these files, in their order."""
    for vouch in case.publisher_signatures:
        statement = vouch.attestation.statement
        if vouch.comparison.holds and statement.predicate_type == oms.PREDICATE_TYPE:
            yield from (subject.sha256 for subject in statement.subjects)


def _covered(manifest: Manifest, statement: Statement, files: Files) -> frozenset[str]:
    """The files that are subjects, by path and digest; all where the whole is one."""
    if any(subject.sha256 in files.whole for subject in statement.subjects):
        return frozenset(manifest.by_path)
    named = {(subject.name, subject.sha256) for subject in statement.subjects}
    return frozenset(f.path for f in manifest.files if (f.path, f.sha256) in named)
