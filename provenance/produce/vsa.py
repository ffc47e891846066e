"""A SLSA Verification Summary Attestation of a verdict, for whoever admits a model elsewhere.

Predicate https://slsa.dev/verification_summary/v1 (SLSA 1.2). It is written of measured bytes only:
what the Hub declares, or somebody wrote down, is nothing to put a name to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from provenance.errors import ConfigError
from provenance.formats.json import compact
from provenance.judgement import Evaluation
from provenance.lineage import Tier
from provenance.model import Basis, Evidence
from provenance.policy.levels import profile_named
from provenance.policy.required import VSA
from provenance.produce.sign import refuse_strange
from provenance.verdict import Outcome, Result, Verdict
from provenance.wire.intoto import MOMENT, written
from provenance.wire.training import PURL

RESULTS = {Result.PASS: "PASSED", Result.FAIL: "FAILED"}
TOOL = "hf-provenance"
FILE = "pkg:generic/"
VERIFIER = f"pkg:pypi/{TOOL}"
"""Who verified, the same over all releases."""
ANCESTRY = "ancestry"
LEVEL = "PROVENANCE_"
EXCEPTED = "_WITH_EXCEPTIONS"
MIRROR_OF = "provenance_mirrorOf"
"""The model whose bytes these are, by its package URL: a field that the form leaves free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what a verdict was reached: a URI, and the SHA-256 of its file or, of a profile that is
    built in, of what it asks for."""

    uri: str
    sha256: str

    @classmethod
    def of_file(cls, file: Path, profile: str | None) -> Rules:
        """The policy of a file, or the profile that stands before the file's own.

        The URI is a package URL of the file's name alone: in which folder it lies is nobody else's
        business, and which file it was says the digest.
        """
        uri = f"{FILE}{quote(file.name, safe='')}" + (f"#{profile}" if profile else "")
        return cls(uri=uri, sha256=sha256(file.read_bytes()).hexdigest())

    @classmethod
    def built_in(cls, profile: str) -> Rules:
        """A profile as this release of the tool has it: the same digest over all releases in which
        it asks for the same."""
        found = profile_named(profile)
        asked = {
            "profile": found.name,
            "checks": list(found.checks),
            "signature": found.signature,
            "levels": dict(sorted(found.levels)),
        }
        uri = f"{VERIFIER}#{profile}"
        return cls(uri=uri, sha256=sha256(compact(asked)).hexdigest())

    @property
    def descriptor(self) -> dict[str, object]:
        """As in-toto's ResourceDescriptor."""
        return {"uri": self.uri, "digest": {"sha256": self.sha256}}


def statement(
    evaluation: Evaluation, *, rules: Rules, at: datetime, artifact: tuple[str, str] | None = None
) -> bytes:
    """The in-toto statement: subjects are all files of the selection, and their manifest; where
    the model came from a registry of artifacts also `artifact`, the repository there and the
    SHA-256 of the artifact's manifest, by which admission controllers know it.

    ConfigError for a verdict that is not of measured bytes, or is incomplete: neither passed nor
    failed.
    """
    case, verdict = evaluation.case, evaluation.verdict
    evidence = case.evidence
    if verdict.basis is not Basis.MEASURED:
        message = f"is judged by {verdict.basis} digests: verify the directory that is deployed"
        raise ConfigError(message, path=verdict.name)
    if verdict.result not in RESULTS:
        raise ConfigError("is incomplete, neither passed nor failed", path=verdict.name)
    refuse_strange(evidence)
    passed = verdict.result is Result.PASS
    predicate = {
        "verifier": {"id": VERIFIER, "version": {TOOL: version(TOOL)}},
        "timeVerified": at.strftime(MOMENT),
        "resourceUri": _uri(evidence),
        "policy": rules.descriptor,
        "inputAttestations": [
            {"uri": uri, "digest": {"sha256": sha256(data).hexdigest()}}
            for uri, data in _attestations(evaluation)
        ],
        "verificationResult": RESULTS[verdict.result],
        "verifiedLevels": [_level(verdict) if passed else RESULTS[verdict.result]],
        **_dependencies(evaluation),
        "slsaVersion": "1.2",
        **({MIRROR_OF: f"{PURL}{verdict.mirror_of}"} if verdict.mirror_of else {}),
    }
    subjects = [*_subjects(evidence), *((artifact,) if artifact else ())]
    return written(subjects, VSA, predicate)


def _level(verdict: Verdict) -> str:
    """What was passed; an exception of the verifier's own makes it another level."""
    return f"{LEVEL}{verdict.profile.upper()}{EXCEPTED if verdict.excepted else ''}"


def _attestations(evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    """Where each bundle lies that was read for the verdict, and its bytes: beside the model, its
    ancestors, and what loaders fetch for it.

    SLSA 1.2: where `inputAttestations` names any, it names all that were used.
    """
    origin = evaluation.case.origin
    yield from ((document.path, document.data) for document in origin.bundles)
    for ancestor in origin.ancestors:
        for document in ancestor.evidence.bundles if ancestor.evidence else ():
            yield f"{ancestor.claimed}/{document.path}", document.data
    for member in evaluation.members:
        name = member.case.evidence.ref.repo or member.verdict.name
        yield from ((f"{name}/{path}", data) for path, data in _attestations(member))


def _dependencies(evaluation: Evaluation) -> dict[str, object]:
    """How many models it descends from, by how well that is known, and how many models and files
    of code it brings along, by what they passed; nothing where ancestors were not asked about, or
    not all of them are known.

    SLSA 1.2: no `dependencyLevels` says nothing of dependencies, an empty one that there are none.
    """
    if dict(evaluation.verdict.checks).get(ANCESTRY) is not Outcome.PASS:
        return {}
    graph = evaluation.case.graph
    tiers: dict[str, Tier] = {}
    for edge in graph.edges:
        known = tiers.get(edge.parent, edge.tier)
        tiers[edge.parent] = max(known, edge.tier, key=lambda tier: tier.rank)
    levels = [f"{LEVEL}{tier.upper()}" for tier in tiers.values()]
    members = (each.verdict for each in evaluation.members)
    levels += [_level(verdict) for verdict in members if verdict.result is Result.PASS]
    return {"dependencyLevels": dict(sorted(Counter(levels).items()))}


def _subjects(evidence: Evidence) -> list[tuple[str, str]]:
    files = [(file.path, file.sha256) for file in evidence.manifest.files]
    return [*files, (_uri(evidence), evidence.manifest.digest.removeprefix("sha256:"))]


def _uri(evidence: Evidence) -> str:
    """What was verified: the repository at its commit, or the files by their digest alone."""
    ref = evidence.ref
    at = f"@{ref.commit}" if ref.commit else ""
    return f"{PURL}{ref.repo}{at}" if ref.repo else evidence.manifest.digest
