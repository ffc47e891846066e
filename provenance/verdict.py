"""What judging yields: findings, the outcome of each check, and the verdict they fold into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from provenance.errors import ConfigError, ProvenanceError
from provenance.model import Basis

BY_STRANGERS = frozenset({"signature/unregistered-signer", "signature/wrong-signer"})
"""What is found of a signature by somebody who has no word in this."""

OF_THE_CALLER = frozenset(
    {
        "policy/changed",
        "policy/changed-by-owners",
        "policy/removed-model",
        "policy/foreign-settings",
    }
)
"""What is found of the caller's own files and of no model: said of every verdict of a run."""


class Outcome(StrEnum):
    """What one finding, or one check, says.

    EXCEPTED is of checks alone: they pass because the caller exempted or waived something.
    """

    PASS = "pass"
    EXCEPTED = "excepted"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Level(StrEnum):
    """What a finding does to the verdict; it is printed whatever the level."""

    REQUIRE = "require"
    WARN = "warn"
    OFF = "off"


class Result(StrEnum):
    """The verdict on one model, or on all that were asked about."""

    PASS = "pass"
    FAIL = "fail"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a check found: `rule` is `check/slug`, `where` the file or party it is about.

    `waived` is why the caller set it aside, `exempted` why the caller lets these bytes pass.
    `accepted` has the old and the new value of a change that the caller accepted by name.
    `count` is of how many alike this one speaks, `names` what the first of them are about.
    `left_open` is the part of a pass's message that says what was not looked at.
    """

    rule: str
    outcome: Outcome
    message: str
    where: str = ""
    level: Level = Level.REQUIRE
    waived: str = ""
    exempted: str = ""
    accepted: tuple[str, str] | None = None
    count: int = 1
    names: tuple[str, ...] = ()
    left_open: str = ""

    @property
    def check(self) -> str:
        """The check that found it."""
        return self.rule.partition("/")[0]

    @property
    def in_one_line(self) -> str:
        """The message where there is room for one line: the lines to copy stand behind it, of a
        table only its name."""
        said, *lines = self.message.split("\n")
        if not lines:
            return said
        if lines[0].startswith("["):
            return f"{said.rstrip(':')} ({lines[0]})"
        return f"{said.rstrip(':')}: {' or '.join(lines)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSeen:
    """A party whose signature over this model was verified, as reports name it.

    `kind` is sigstore, key or certificate, of a party that the registry knows.
    """

    kind: str = ""
    name: str
    organisation: str
    identity: str
    bundle: str
    times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one model; `checks` has an outcome for every check of the profile.

    `commit` is 40 hex digits, `manifest` the `sha256:<hex>` of the files that were judged, `basis`
    who states their digests, `mirror_of` as `org/name@<commit>` whose bytes they are found to be,
    by whose name identity, signature and lineage then go. `reason` is one line: what decided, or
    who signed. It is neither true nor false, and asking raises TypeError.
    """

    name: str
    ref: str
    commit: str | None
    result: Result
    reason: str
    manifest: str
    basis: Basis
    profile: str
    checks: tuple[tuple[str, Outcome], ...]
    signers: tuple[SignerSeen, ...]
    findings: tuple[Finding, ...]
    mirror_of: str = ""

    def __bool__(self) -> bool:
        """Refused: every verdict would be true, one that failed too."""
        raise TypeError("a verdict is neither true nor false: ask `verdict.result is Result.PASS`")

    @property
    def excepted(self) -> bool:
        """Whether a check passes only because the caller exempted or waived something."""
        return any(outcome is Outcome.EXCEPTED for _, outcome in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A model that was asked for and could not be judged, and why: no verdict, and no pass.

    `usage` says that the caller's own words are the reason, and not the model or the way to it.
    """

    name: str
    ref: str
    reason: str
    usage: bool = False

    @classmethod
    def because(cls, name: str, ref: str, error: ProvenanceError) -> Unjudged:
        """The model that could not be judged because of `error`."""
        reason = str(error).removeprefix(f"{name}: ")
        return cls(name=name, ref=ref, reason=reason, usage=isinstance(error, ConfigError))


def passed(rule: str, message: str, where: str = "", *, left_open: str = "") -> Finding:
    """The finding by which a check says that it is satisfied, over what scope, and what it leaves
    open."""
    return Finding(
        rule=rule, outcome=Outcome.PASS, message=message, where=where, left_open=left_open
    )


def exempt(rule: str, message: str, reason: str) -> Finding:
    """A check is satisfied because the caller exempted exactly these bytes, for this reason."""
    return replace(passed(rule, message), exempted=reason)


def failed(rule: str, message: str, where: str = "") -> Finding:
    """Something that must not be: the actual value, the expected one, what to do next."""
    return Finding(rule=rule, outcome=Outcome.FAIL, message=message, where=where)


def unknown(rule: str, message: str, where: str = "") -> Finding:
    """Something that could not be established."""
    return Finding(rule=rule, outcome=Outcome.UNKNOWN, message=message, where=where)


def skipped(rule: str, message: str, where: str = "") -> Finding:
    """Something that was not judged, because of what the caller has at hand or asked for."""
    return Finding(rule=rule, outcome=Outcome.SKIPPED, message=message, where=where)


def nobody(findings: Iterable[Finding]) -> str:
    """That nobody signed, or nobody in the registry."""
    strange = any(finding.rule in BY_STRANGERS for finding in findings)
    return f"nobody{' in the registry' * strange} signed these bytes"
