"""What a verifier with the caller's own rules will find amiss in a statement, before it is signed.

Nothing of it is an error: the registry and the rules may be changed later.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from provenance.checks.training import amiss
from provenance.lineage import TrainingStep, step_of
from provenance.model import Document
from provenance.names import namespace_of
from provenance.produce.sign import Signer, dates, unstamped
from provenance.signature import weigh
from provenance.signature.signing import KeylessSigner
from provenance.source.progress import Progress
from provenance.trust import Role
from provenance.wire import training
from provenance.wire.bundle import Opened
from provenance.wire.training import Method, Step
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session

STAMPED = "timestamp"
PROBE = Step(
    model="", method=Method.PRETRAIN, subjects={"nothing": "0" * 64}, parents=(), builder="urn:none"
)
"""A step that never was: it is signed to learn whose the signature is, and thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What may be noted of a statement about `model` by the rules of the session, each thing once.

    Without a `signer` nothing is said of who signs.
    """

    session: Session
    model: str
    at: datetime
    progress: Progress
    signer: Signer | None = None
    _told: set[str] = field(default_factory=set)

    def tell_signer(self) -> None:
        """What to do about a key or certificate that is no trainer's of the model was noted.

        An identity is known by its token alone, which is left for the statement. Raises TrustError.
        """
        if self.signer is None or isinstance(self.signer, KeylessSigner):
            return
        data = unstamped(self.signer).sign(training.statement(PROBE)).encode()
        opened = Opened(document=Document(path="statement", data=data))
        step = step_of(opened, weigh(opened, self.session.registry, self.at))
        if isinstance(step, TrainingStep):
            party, why = step.speaker(self.model, self.session.registry, self.at)
            if party is None:
                said = self._unknown(step, why)
                self._tell(f"{said}: `verify` will not count the statement; {self._adds} adds it")

    def tell_unmet(self, step: Step, *, later: Collection[str] = ()) -> None:
        """What `[policy.training]` asks for and the step does not state was noted.

        Nothing is said of the demands of `later`.
        """
        asked = self.session.settings.training.names - set(later)
        for name, words in amiss(asked, step, stamped=self.signer is None or dates(self.signer)):
            alone = ": a key alone gives none, and --timestamp URL does" if name == STAMPED else ""
            if name in asked:
                self._tell(f"the statement {words}{alone}")

    def _tell(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self.progress.note(words)

    def _unknown(self, step: TrainingStep, why: str) -> str:
        parties = step.attestation.parties if step.attestation else ()
        if any(party.signer.may(Role.TRAINER, self.model) for party in parties):
            return why
        registry = self.session.registry_source or "there is none"
        return f"this key is no trainer's of {self.model} in the registry ({registry})"

    @property
    def _adds(self) -> str:
        """The command that makes the key a trainer's."""
        owner, namespace = self.session.registry.owner(self.model), namespace_of(self.model)
        whose = f"add-org NAME --namespace {namespace}"
        if owner:
            whose = f"add-signer {shlex.quote(owner.name)} NAME"
        return f"`provenance registry {whose} --key PUBLIC.pem --role trainer`"


def foreseen_by(gathering: Gathering, model: str, signer: Signer | None) -> Foreseen:
    """What may be noted of a statement about `model` now; of the signer it was, or TrustError."""
    found = Foreseen(
        session=gathering.session,
        model=model,
        at=gathering.at,
        progress=gathering.progress,
        signer=signer,
    )
    found.tell_signer()
    return found
