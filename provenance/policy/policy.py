"""What is asked of one model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from provenance.errors import ConfigError
from provenance.model import check_aware
from provenance.policy import levels
from provenance.policy.allowances import CodeAllowance, Exemption, Waiver
from provenance.policy.document import Model, Settings
from provenance.policy.levels import Demand, Levels
from provenance.policy.required import RequiredAttestation
from provenance.policy.table import (
    ATTESTATION,
    BASELINE,
    CHECKS,
    CLOSURE,
    LINEAGE,
    SIGNATURE,
    WEIGHTS,
)
from provenance.policy.training import NO_DEMANDS, TrainingDemands
from provenance.verdict import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The checks that must say pass, what each finding does, and what the caller lets pass.

    `parents` are those the caller states for the model, each `org/name` or `org/name@<commit>`;
    `members` pin what a loader fetches by name, each `org/name@<commit>`; `min_age` is in days.
    `lenient_expiry` lets what has run out count on, with a warning: for a host that serves what was
    locked, where nobody can renew it. `registry_max_age` is in days. `fingerprints` are the digests
    of the caller's own, `sha256:<hex>`: weights are compared with no others but the registry's.
    ConfigError for a policy that requires nothing: its pass would say nothing.
    """

    profile: str
    checks: tuple[str, ...]
    signature: Demand
    levels: Levels = ()
    required: tuple[RequiredAttestation, ...] = ()
    training: TrainingDemands = NO_DEMANDS
    code: tuple[CodeAllowance, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    parents: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    min_age: int = 0
    exclude_newer: datetime | None = None
    once_signed_must_stay_signed: bool = True
    lenient_expiry: bool = False
    registry_max_age: int | None = None
    fingerprints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """It asks for something, and for nothing that this version cannot check."""
        strange = [name for name in self.checks if name not in CHECKS]
        if strange:
            known = ", ".join(CHECKS)
            raise ConfigError(f"expected some of {known}; found {strange[0]!r}", path="checks")
        if not levels.requires_something(self.levels, self.checks):
            raise ConfigError(levels.NOTHING_REQUIRED, path="checks")
        if self.exclude_newer:
            check_aware(self.exclude_newer, "exclude_newer")

    @classmethod
    def of(
        cls, settings: Settings, model: Model | None = None, *, profile: str | None = None
    ) -> Policy:
        """The policy for `model`; `profile` stands before the model's own and the file's.

        Where none of them names one it is `baseline` for a model whose repository, or the one that
        it is a mirror of, is said, else `files`. ConfigError for a profile this version does not
        have, or if no check is required.
        """
        chosen = levels.profile_named(profile or _profile(settings, model))
        asked_of_steps = _of_steps(settings)
        combined = tuple(
            sorted((dict(chosen.levels) | asked_of_steps | dict(settings.levels)).items())
        )
        asked = {ATTESTATION.name} if settings.required else set()
        asked |= {LINEAGE} if settings.training.names else set()
        own = levels.checks_of(chosen, settings.levels)
        checks = tuple(check for check in CHECKS if check in own or check in asked)
        if not levels.requires_something(combined, checks):
            raise ConfigError(levels.NOTHING_REQUIRED, path="policy.rules")
        return cls(
            profile=chosen.name,
            checks=checks,
            signature=chosen.signature,
            levels=combined,
            required=settings.required,
            training=settings.training,
            code=settings.code,
            exemptions=settings.exemptions,
            waivers=settings.waivers,
            parents=model.parents if model else (),
            members=model.members if model else (),
            min_age=settings.min_age,
            once_signed_must_stay_signed=settings.once_signed_must_stay_signed,
            registry_max_age=settings.registry_max_age,
            fingerprints=settings.weighing.digests,
        )

    @property
    def asks_for_weights(self) -> bool:
        """Whether the weights themselves are judged."""
        return WEIGHTS in self.checks and self.level(WEIGHTS) is not Level.OFF

    @property
    def asks_for_closure(self) -> bool:
        """Whether what a loader fetches by name is judged."""
        return CLOSURE in self.checks and self.level(CLOSURE) is not Level.OFF

    @property
    def demands_weights(self) -> bool:
        """Whether the caller asks for the check of weights by name: then what cannot be compared is
        unknown, and not skipped."""
        return WEIGHTS in self.checks and dict(self.levels).get(WEIGHTS) is Level.REQUIRE

    def for_member(self) -> Policy:
        """What is asked of whatever a loader fetches for this model: the same, but for what is said
        of the model alone. Its own members are the model's, and are judged with them."""
        checks = tuple(check for check in self.checks if check != CLOSURE)
        if not levels.requires_something(self.levels, checks):
            checks = levels.profile_named(BASELINE).checks
        return replace(self, checks=checks, parents=(), members=(), required=())

    def for_unpublished(self) -> Policy:
        """What is asked of a model that nobody published, as the parent of one that is attested:
        the same, but that a whole lineage, which is over every file that a loader reads, stands for
        a publisher's signature. What is fetched by name when it is loaded was here already, since a
        folder of this machine is named in it: an adapter's base is a parent of the step too."""
        asked = {*self.checks, LINEAGE} - {SIGNATURE, CLOSURE, ATTESTATION.name}
        kept = {rule: level for rule, level in self.levels if rule.partition("/")[0] != LINEAGE}
        return replace(
            self,
            checks=tuple(check for check in CHECKS if check in asked),
            levels=tuple(sorted((kept | {"integrity/no-reference": Level.WARN}).items())),
            required=(),
        )

    def level(self, rule: str) -> Level:
        """What a finding of `rule` does to the verdict: the longer key wins."""
        return levels.level_in(self.levels, rule)


def _of_steps(settings: Settings) -> dict[str, Level]:
    """The levels that `[policy.training]` raises; one of the whole check is the caller's own."""
    raised = settings.training.verified_parents and LINEAGE not in dict(settings.levels)
    return {levels.UNVERIFIED_PARENT: Level.REQUIRE} if raised else {}


def _profile(settings: Settings, model: Model | None) -> str:
    named = (model.profile if model else None) or settings.profile
    said = model and (model.repo or model.mirror_of)
    return named or ("baseline" if said else "files")
