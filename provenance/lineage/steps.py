"""Training statements among bundles: as they say it, and as somebody's word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from provenance.errors import Malformed
from provenance.lineage.graph import Made
from provenance.signature import Attestation, Party, UnknownSigner, VerificationResult, distrust
from provenance.trust import Registry, Role
from provenance.wire import training
from provenance.wire.bundle import Opened
from provenance.wire.intoto import Statement
from provenance.wire.training import Step

Files = Mapping[str, str]
"""Files by their path, each with its SHA-256."""


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """A step that a training statement tells of; without an `attestation` it is nobody's word.

    `doubt` says why not.
    """

    bundle: str
    step: Step
    attestation: Attestation | None = None
    doubt: str = ""

    def speaks_of(self, files: Files) -> bool:
        """Whether it says nothing of these files but what they are; not whether it says enough."""
        return all(self.step.subjects.get(path, digest) == digest for path, digest in files.items())

    def speaker(self, repo: str, registry: Registry, at: datetime) -> tuple[Party | None, str]:
        """Who of its signers may speak of `repo` as its trainer, or None and why nobody may."""
        if self.attestation is None:
            return None, f"{self.bundle} ({self.step.method}): {self.doubt}"
        for party in self.attestation.parties:
            if party.signer.may(Role.TRAINER, repo):
                slug = distrust(registry, self.attestation, party, at)
                return (None, f"{_named(party)} attests it, {slug}") if slug else (party, "")
        who = _named(self.attestation.parties[0])
        said = f"{self.bundle} ({self.step.method})"
        if repo or not self.step.model:
            return None, f"{said}: attested by {who}, which is not a trainer of {repo or 'it'}"
        return None, f"{said}: {who} attests it for {self.step.model}: verify it --as that"

    def made(self, child: str, party: Party) -> Made:
        """How the node `child` was made, by the word of one of its signers."""
        return Made(
            child=child,
            step=self.step,
            attested=_named(party),
            bundle=self.bundle,
            stamped=self.attestation.moments.stamped if self.attestation else None,
        )


def _named(party: Party) -> str:
    return f"{party.org.name} ({party.signer.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A bundle that means to be a training statement and cannot be read as one."""

    bundle: str
    message: str


def statement_of(opened: Opened) -> Statement | None:
    """The training statement in a bundle, unverified; None where it holds another or none."""
    found = opened.statement
    return None if isinstance(found, Malformed) or not training.is_training(found) else found


def unverified_steps(bundles: Iterable[Opened]) -> Iterator[Step]:
    """What the training statements among bundles say, whoever signed them."""
    for opened in bundles:
        found = statement_of(opened)
        try:
            if found:
                yield training.step(found)
        except Malformed:
            continue


def step_of(opened: Opened, verification: VerificationResult) -> TrainingStep | Unusable | None:
    """What a bundle tells of a training step, and whose word it is; None if it means no such."""
    document, statement = opened.document, statement_of(opened)
    if statement is None:
        return None
    try:
        step = training.step(statement)
    except Malformed as error:
        return Unusable(bundle=document.path, message=str(error))
    match verification:
        case Attestation():
            return TrainingStep(bundle=document.path, step=step, attestation=verification)
        case UnknownSigner():
            doubt = f"signed by {verification.identity}, whom the registry does not know"
        case _:
            unknown = ", which the registry does not know" if verification.foreign else ""
            doubt = f"{verification.message}{unknown}"
    return TrainingStep(bundle=document.path, step=step, doubt=doubt)


class Index:
    """Steps by the files they are about."""

    def __init__(self, steps: Iterable[TrainingStep]) -> None:
        self._by_file: dict[tuple[str, str], list[TrainingStep]] = {}
        for one in steps:
            for pair in one.step.subjects.items():
                self._by_file.setdefault(pair, []).append(one)

    def about(self, files: Files) -> list[TrainingStep]:
        """The steps that have some of these files, and say nothing else of any of them."""
        return [one for one in self.sharing(files) if one.speaks_of(files)]

    def sharing(self, files: Files) -> list[TrainingStep]:
        """The steps that have some of these files, whatever they say of the others."""
        found = {id(one): one for pair in files.items() for one in self._by_file.get(pair, ())}
        return list(found.values())
