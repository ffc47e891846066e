"""The one list of checks: their names, in the order in which they are made, and who asks for each.

A row is all that a check needs beside its file: `provenance/checks/<name>.py`, or `check.py` in
the folder of that name, holds the function `check`, and its docstring is the manual page.
Profiles, settings, `explain`, the manual and the tests derive from these rows; a row without a
file is an error of every start.
"""

from __future__ import annotations

from dataclasses import dataclass

FILES, BASELINE, SIGNED, ATTESTED = "files", "baseline", "signed", "attested"
OF_EVERY_PROFILE = (FILES, BASELINE, SIGNED, ATTESTED)
OF_MODELS = (BASELINE, SIGNED, ATTESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A check: `profiles` ask for it by name, and `always` says that nobody may leave it out.

    One of neither is made where the caller's settings ask for it.
    """

    name: str
    profiles: tuple[str, ...] = ()
    always: bool = False


REGISTRY = Row(name="registry", always=True)
POLICY = Row(name="policy", always=True)
CLOSURE = "closure"
WEIGHTS = "weights"
"""The check of what the bytes say of a stated parent; skipped where nothing can be compared."""
LINEAGE = "lineage"
"""The check of every training step; `[policy.training]` asks for it in any profile."""
SIGNATURE = "signature"
ATTESTATION = Row(name="attestation")
"""The check of what `[[policy.require_attestation]]` asks for; it is in no profile."""

TABLE = (
    REGISTRY,
    POLICY,
    Row(name="integrity", profiles=OF_EVERY_PROFILE),
    Row(name="format", profiles=OF_EVERY_PROFILE),
    Row(name="code", profiles=OF_EVERY_PROFILE),
    Row(name="identity", profiles=OF_MODELS),
    Row(name=SIGNATURE, profiles=OF_EVERY_PROFILE),
    Row(name="ancestry", profiles=OF_MODELS),
    Row(name=CLOSURE, profiles=OF_MODELS),
    Row(name=WEIGHTS, profiles=OF_MODELS),
    Row(name="drift", profiles=OF_MODELS),
    Row(name=LINEAGE, profiles=(ATTESTED,)),
    ATTESTATION,
)
"""Revocation first (`registry`), then the rules themselves, then what is judged."""

CHECKS = tuple(row.name for row in TABLE if not row.always)
"""What a policy can ask for."""
ALWAYS = tuple(row.name for row in TABLE if row.always)
"""Findings about revocation and the caller's own files: made whatever the policy asks for."""


def asked_by(profile: str) -> tuple[str, ...]:
    """The checks that the profile of this name asks for, in their order."""
    return tuple(row.name for row in TABLE if profile in row.profiles)
