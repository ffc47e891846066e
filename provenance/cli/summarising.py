"""`verify --format vsa`: the verdicts, signed, for whoever admits models elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.cli.hand import Hand
from provenance.cli.subjects import Bench
from provenance.errors import ConfigError
from provenance.formats.json import on_one_line
from provenance.judgement import Trial
from provenance.produce.sign import Signer
from provenance.produce.vsa import Rules, statement

VSA = "vsa"


@dataclass(frozen=True, slots=True)
class Summariser:
    """Signs a summary of each verdict."""

    signer: Signer
    now: datetime

    def bundles(self, setting: Bench, trials: Iterable[Trial]) -> str:
        """A bundle a line for each model, or ConfigError for one of which there can be none."""
        if setting.base:
            raise ConfigError("judges a pull request, which is nothing to sign", path="--base")
        statements = [
            statement(trial, rules=_rules(setting, trial), at=self.now) for trial in trials
        ]
        return "\n".join(on_one_line(self.signer.sign(text)).decode() for text in statements)


def _rules(setting: Bench, trial: Trial) -> Rules:
    """By what a model was judged, so that others find it."""
    if setting.policy_path is None:
        return Rules.built_in(trial.verdict.profile)
    return Rules.of_file(setting.policy_path, setting.profile)


def summariser(form: str, key: Path | None) -> Summariser | None:
    """What signs the summaries, if they were asked for, or ConfigError."""
    if (form == VSA) is not (key is not None):
        raise ConfigError("--format vsa and --sign-key go together")
    if key is None:
        return None
    now = datetime.now(UTC)
    hand = Hand(key=key, certificate=None, issuers=None, identity_token=None, trust_config=None)
    return Summariser(hand.signer(now), now)
