"""SLSA Provenance v1, of whatever build type."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.errors import Malformed
from provenance.wire.intoto import Statement

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
SHOWN = 80


def is_built_by(statement: Statement, build_type: str) -> bool:
    """Whether a statement means to be one of this build type, however badly."""
    predicate = statement.predicate
    definition = predicate.get("buildDefinition") if isinstance(predicate, dict) else None
    kind = definition.get("buildType") if isinstance(definition, dict) else None
    return statement.predicate_type == PREDICATE_TYPE and kind == build_type


def files_of(statement: Statement) -> Mapping[str, str]:
    """The SHA-256 of every subject by its name, each a file; Malformed for what is none."""
    found: dict[str, str] = {}
    for subject in statement.subjects:
        if not (subject.name and subject.sha256):
            raise Malformed("a subject without a name or a SHA-256 digest")
        if found.setdefault(subject.name, subject.sha256) != subject.sha256:
            raise Malformed(f"the subject {subject.name[:SHOWN]!r} stands twice")
    return found
