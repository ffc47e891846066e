"""What a profile asks for, what a finding does to the verdict, and what nobody may lower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.policy.table import (
    ALWAYS,
    ATTESTED,
    BASELINE,
    CHECKS,
    FILES,
    SIGNED,
    asked_by,
)
from provenance.trust.reading import is_rule
from provenance.verdict import Level

NEVER_LOWERED = (
    "registry",
    "policy",
    "identity/replaced",
    "identity/namespace-replaced",
    "integrity/mismatch",
    "integrity/missing",
    "integrity/import-mismatch",
    "integrity/extra",
    "integrity/contradiction",
    "integrity/not-locked",
    "signature/wrong-signer",
    "signature/wrong-namespace",
    "attestation/failed",
    "attestation/withheld",
    "signature/revoked",
    "signature/compromised",
)
"""Rules, and checks with every rule of theirs, that are never off, warned of or waived."""

LOWERED_BY_NATURE = (
    "policy/changed-by-owners",
    "policy/no-fingerprint",
    "policy/removed-model",
    "policy/unused-exclude",
    "policy/unused-waiver",
)

NOTHING_REQUIRED = "no check is left at require: a pass would say nothing"

UNVERIFIED_PARENT = "lineage/unverified-parent"
"""Said of every step, and required where `[policy.training]` asks for `verified_parents`."""

Levels = tuple[tuple[str, Level], ...]

DEFAULT_LEVELS: Levels = (
    ("ancestry/bare-digest", Level.WARN),
    ("ancestry/loaded-from-path", Level.WARN),
    ("ancestry/no-origin", Level.WARN),
    ("attestation/shared-file", Level.WARN),
    ("attestation/warned", Level.WARN),
    ("closure/circumstance", Level.WARN),
    ("closure/unused-pin", Level.WARN),
    ("code/library-class", Level.WARN),
    ("code/pickle-by-product", Level.WARN),
    ("code/hub-caution", Level.WARN),
    ("drift/other-template", Level.WARN),
    ("drift/template", Level.WARN),
    ("drift/tokens", Level.WARN),
    ("format/beside-safetensors", Level.WARN),
    ("format/loader-choice", Level.WARN),
    ("format/pickle-beside-safetensors", Level.WARN),
    ("format/several-gguf", Level.WARN),
    ("identity/near-miss", Level.WARN),
    ("integrity/foreign-signature", Level.WARN),
    ("integrity/import-unverified", Level.WARN),
    ("integrity/unusual-space", Level.WARN),
    (UNVERIFIED_PARENT, Level.WARN),
    ("policy/changed-by-owners", Level.WARN),
    ("policy/no-fingerprint", Level.WARN),
    ("policy/removed-model", Level.WARN),
    ("policy/unused-exclude", Level.WARN),
    ("policy/unused-waiver", Level.WARN),
    ("signature/not-demanded", Level.WARN),
    ("signature/other-bundle", Level.WARN),
    ("signature/pieced-together", Level.WARN),
    ("signature/unsigned-other", Level.WARN),
    ("weights/inconclusive", Level.WARN),
)
REQUIRED_WHEN_SIGNED = (
    "ancestry/no-origin",
    "code/pickle-by-product",
    "drift/other-template",
    "format/pickle-beside-safetensors",
    "signature/pieced-together",
)


class Demand(StrEnum):
    """When a signature must be there; one that is there is always judged."""

    ASKED = "an unsigned model is unknown, and any registered publisher may have signed"
    REGISTERED = "where the registry has a publisher for the repository"
    ALWAYS = "always, by a publisher for the repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named set of checks, when it demands a signature, and its levels before the caller's."""

    name: str
    signature: Demand
    levels: Levels

    @property
    def checks(self) -> tuple[str, ...]:
        """What it asks for, in the order of the table."""
        return asked_by(self.name)


LEVELS_WHEN_SIGNED = tuple(row for row in DEFAULT_LEVELS if row[0] not in REQUIRED_WHEN_SIGNED)

PROFILES = (
    Profile(name=FILES, signature=Demand.ASKED, levels=DEFAULT_LEVELS),
    Profile(name=BASELINE, signature=Demand.REGISTERED, levels=DEFAULT_LEVELS),
    Profile(name=SIGNED, signature=Demand.ALWAYS, levels=LEVELS_WHEN_SIGNED),
    Profile(name=ATTESTED, signature=Demand.ALWAYS, levels=LEVELS_WHEN_SIGNED),
)


def profile_named(name: str) -> Profile:
    """The profile of this name, or ConfigError."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in PROFILES)
    raise ConfigError(f"expected a profile, one of {known}; found {name[:80]!r}")


def checks_of(profile: Profile, levels: Levels) -> tuple[str, ...]:
    """The checks of a profile, and those that the caller asks for by name."""
    asked = {rule for rule, level in levels if level is not Level.OFF}
    return tuple(check for check in CHECKS if check in profile.checks or check in asked)


def read_profile(fields: Fields) -> str | None:
    """The name of a profile that exists, or None where none is named."""
    if "profile" not in fields:
        return None
    name = fields.text("profile")
    try:
        return profile_named(name).name
    except ConfigError as error:
        raise fields.wrong("profile", str(error)) from None


def may_lower(rule: str) -> bool:
    """Whether `rule`, a check or `check/slug`, may be off, warned of or waived."""
    if rule in LOWERED_BY_NATURE:
        return True
    return rule not in NEVER_LOWERED and rule.partition("/")[0] not in NEVER_LOWERED


def level_in(levels: Levels, rule: str) -> Level:
    """What a finding of `rule` does: its own entry, else its check's, else require."""
    if not may_lower(rule):
        return Level.REQUIRE
    table = dict(levels)
    return table.get(rule) or table.get(rule.partition("/")[0]) or Level.REQUIRE


def read_levels(fields: Fields) -> Levels:
    """The entries of `[policy.rules]`, sorted."""
    return tuple(sorted(_level(fields, rule, value) for rule, value in fields.items()))


def check_rule(fields: Fields, name: str, rule: str) -> None:
    """`rule` has the form `check` or `check/slug`, and the check is known, or ConfigError."""
    check = rule.partition("/")[0]
    if not is_rule(rule):
        raise fields.wrong(name, f"expected a check or check/rule, found {rule[:80]!r}")
    if check not in (*CHECKS, *ALWAYS):
        raise fields.wrong(name, f"there is no check {check!r}; there are {', '.join(CHECKS)}")


def _level(fields: Fields, rule: str, value: object) -> tuple[str, Level]:
    name = repr(rule[:80])
    check_rule(fields, name, rule)
    if not isinstance(value, str) or value not in tuple(Level):
        raise fields.wrong(name, f"expected one of {', '.join(Level)}")
    level = Level(value)
    if level is not Level.REQUIRE and not may_lower(rule):
        raise fields.wrong(name, "may not be lowered")
    return rule, level


def requires_something(levels: Levels, checks: Sequence[str]) -> bool:
    """Whether at least one of `checks` is required: a pass of nothing says nothing."""
    return any(level_in(levels, check) is Level.REQUIRE for check in checks)
