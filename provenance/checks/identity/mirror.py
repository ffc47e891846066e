"""What became of the saying that a model is a mirror or a copy, where that does not hold.

A part of the identity check; its rules are on that check's page.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.case.case import Case
from provenance.case.likely import said_of
from provenance.case.mirror import Mirror, Unproved, named
from provenance.verdict import Finding, failed, unknown


def unproved(case: Case) -> Iterator[Finding]:
    """That the model is not what it is said to be a mirror of, or nobody can tell."""
    match case.mirror:
        case Unproved(origin=origin, different=different) if different:
            message = (
                f"{case.mirror.said}; it is judged by its own name: "
                "fetch the origin's files again, or if they are those of another commit, "
                f"{said_of(case.subject, origin.claimed)}"
            )
            yield failed("identity/mirror", message, case.subject)
        case Unproved(origin=origin):
            line = shlex.join(["provenance", "add", named(origin)])
            known = f"where a Hub has it, `{line}`, then `provenance lock`"
            other = f"if another one is meant, {said_of(case.subject, origin.claimed)}"
            message = f"{case.mirror.said}: {other if origin.missing else known}"
            yield unknown("identity/mirror-unknown", message, case.subject)


def other_name(case: Case) -> Iterator[Finding]:
    """That importers attested the very files, and all of them as another model's than is meant."""
    holding = [found for found in case.imports if found.said and found.holds]
    if isinstance(case.mirror, Mirror) or case.evidence.origin or not holding:
        return
    repo = case.evidence.ref.repo
    if any(found.may_be(repo) for found in holding):
        return
    for found in holding:
        origin = found.said.origin.named if found.said else ""
        message = (
            f"{found.speaker} attested these files as those of {origin}, and they go by the name "
            f"{repo}: verify --as {origin.partition('@')[0]} if you mean that model, else "
            f"{said_of(repo or '', *origin.split('@'))}"
        )
        yield failed("identity/import-name", message, case.subject)
