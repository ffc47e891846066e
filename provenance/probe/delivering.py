"""What comes of a probe is signed, and lies where the gate looks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.probe.admitting import Admitted, NotStarted
from provenance.probe.options import ProbeOptions
from provenance.probe.probing import Probe, probe
from provenance.produce.result import statement
from provenance.produce.sign import Signer
from provenance.report import probed as shown
from provenance.workspace import Request, Workspace
from provenance.workspace.attesting import CLAIMS, added, file_in
from provenance.workspace.signing import SignerOptions

ATTESTATIONS = "attestations"

__all__ = ["Delivery", "NotStarted", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where a signed result goes: `file`, else beside the model or into the own attestations."""

    workspace: Workspace
    signing: SignerOptions
    file: Path | None = None

    def signer(self, request: Request) -> Signer | None:
        """Who signs, None where nobody was named; ConfigError."""
        if not self.signing.is_given:
            if self.file is not None:
                raise ConfigError("nobody signs it: add --key FILE", path="--statement")
            return None
        return self.signing.signer(self.workspace, request)

    def probed(self, request: Request, options: ProbeOptions) -> Probe:
        """What came of it. Raises what `probe` does."""
        return probe(self.workspace, request, options)

    def stated(self, found: Probe, signer: Signer) -> Path | None:
        """The file that the result was added to; None where there is no result to state."""
        if found.result is None:
            return None
        made = signer.sign(statement(found.model.evidence, found.result)).encode()
        target = self.target(found.model)
        file_in(target.parent, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return added(target, [made])

    def target(self, model: Admitted) -> Path:
        """The file: what was fetched lies in a cache, where nothing may be added."""
        if self.file is not None:
            return self.file
        if model.repo and model.is_fetched:
            folder = self.workspace.options.attestations or self.workspace.folder / ATTESTATIONS
            return folder / model.repo / CLAIMS
        return model.place / CLAIMS
