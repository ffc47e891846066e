"""`verify --format vsa`: the verdicts, signed, for whoever admits models elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from provenance.cli.hand import Hand
from provenance.cli.subjects import Bench
from provenance.errors import ConfigError
from provenance.formats.json import on_one_line
from provenance.judgement import Trial
from provenance.produce.sign import Signer
from provenance.produce.vsa import statement

VSA = "vsa"


@dataclass(frozen=True, slots=True)
class Summariser:
    """Signs a summary of each verdict."""

    signer: Signer
    now: datetime

    def bundles(self, setting: Bench, trials: Iterable[Trial]) -> str:
        """A bundle a line for each model, or ConfigError for one of which there can be none."""
        file = setting.settings_path
        digest = sha256(file.read_bytes() if file else b"").hexdigest()
        verifier = f"pkg:pypi/hf-provenance@{version('hf-provenance')}"
        statements = [
            statement(
                trial,
                verifier=verifier,
                policy=setting.policy_source,
                digest=digest,
                at=self.now,
            )
            for trial in trials
        ]
        return "\n".join(on_one_line(self.signer.sign(text)).decode() for text in statements)


def summariser(form: str, key: Path | None) -> Summariser | None:
    """What signs the summaries, if they were asked for, or ConfigError."""
    if (form == VSA) is not (key is not None):
        raise ConfigError("--format vsa and --sign-key go together")
    if key is None:
        return None
    now = datetime.now(UTC)
    hand = Hand(key=key, certificate=None, issuers=None, identity_token=None, trust_config=None)
    return Summariser(hand.signer(now), now)
