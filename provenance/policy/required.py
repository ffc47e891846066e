"""`[[policy.require_attestation]]`: what somebody else must have found out about a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from provenance.formats.fields import Fields
from provenance.trust import Role, reading
from provenance.wire import results

SHA256 = "sha256:"
DIGEST = re.compile(f"{SHA256}[0-9a-f]{{64}}")
TEST_RESULT = results.PREDICATE_TYPE
VSA = "https://slsa.dev/verification_summary/v1"
SPOKEN: Mapping[str, Role] = {TEST_RESULT: Role.EVALUATOR, VSA: Role.VERIFIER}
"""Whose word each predicate is; no other role's counts for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredAttestation:
    """A statement with this predicate, by somebody in this role, not older than `max_age`.

    Where `suite` is not None, a test result of that suite alone: by its name, or by its digest,
    `sha256:<hex>`.
    """

    predicate: str
    role: Role
    max_age: timedelta | None = None
    suite: str | None = None


def read_required(fields: Fields) -> RequiredAttestation:
    """One entry; `max_age` is in days."""
    predicate = fields.choice("predicate", tuple(SPOKEN))
    role = Role(fields.choice("role", tuple(Role)))
    if role is not SPOKEN[predicate]:
        raise fields.wrong("role", f"{predicate} is what {SPOKEN[predicate]}s say; found {role}")
    days = fields.whole("max_age", least=1) if "max_age" in fields else None
    suite = _suite(fields, predicate)
    fields.end()
    age = None if days is None else timedelta(days=min(days, 1_000_000))
    return RequiredAttestation(predicate=predicate, role=role, max_age=age, suite=suite)


def _suite(fields: Fields, predicate: str) -> str | None:
    """The suite whose results count, if one is named."""
    suite = reading.optional_line(fields, "suite")
    if suite is None:
        return None
    if predicate != TEST_RESULT:
        raise fields.wrong(
            "suite", f"{predicate} has no suites: leave it out, or ask for test results"
        )
    if suite.startswith(SHA256) and not DIGEST.fullmatch(suite):
        message = f"expected a name, or {SHA256}<64 lower-case hex digits>; found {suite[:80]!r}"
        raise fields.wrong("suite", message)
    return suite
