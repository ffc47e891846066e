"""`[[policy.require_attestation]]`: what somebody else must have found out about a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from provenance.formats.fields import Fields
from provenance.trust import Role
from provenance.wire import results

TEST_RESULT = results.PREDICATE_TYPE
VSA = "https://slsa.dev/verification_summary/v1"
SPOKEN: Mapping[str, Role] = {TEST_RESULT: Role.EVALUATOR, VSA: Role.VERIFIER}
"""Whose word each predicate is; no other role's counts for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredAttestation:
    """A statement with this predicate, by somebody in this role, not older than `max_age`."""

    predicate: str
    role: Role
    max_age: timedelta | None = None


def read_required(fields: Fields) -> RequiredAttestation:
    """One entry; `max_age` is in days."""
    predicate = fields.choice("predicate", tuple(SPOKEN))
    role = Role(fields.choice("role", tuple(Role)))
    if role is not SPOKEN[predicate]:
        raise fields.wrong("role", f"{predicate} is what {SPOKEN[predicate]}s say; found {role}")
    days = fields.whole("max_age", least=1) if "max_age" in fields else None
    fields.end()
    age = None if days is None else timedelta(days=min(days, 1_000_000))
    return RequiredAttestation(predicate=predicate, role=role, max_age=age)
