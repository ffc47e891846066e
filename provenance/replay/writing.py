"""Evidence to JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from provenance.model import (
    NO_WEIGHTS,
    Ancestor,
    Content,
    Document,
    Evidence,
    Facts,
    File,
    Member,
    WeightFacts,
)

VERSION = 1
FACTS = ("id", "repo_id", "owner", "owner_id", "gated", "private", "reach", "relation")
MEMBER = ("repo", "revision", "commit", "manifest", "missing")
ANCESTOR = ("claimed", "revision", "commit", "manifest", "missing")


def dumps(evidence: Evidence) -> str:
    """The evidence as one JSON document, the same bytes for the same evidence."""
    return json.dumps({"version": VERSION, **_table(evidence)}, indent=1)


def _table(evidence: Evidence) -> dict[str, object]:
    return {
        "ref": {
            "text": evidence.ref.text,
            "repo": evidence.ref.repo,
            "revision": evidence.ref.revision,
            "commit": evidence.ref.commit,
            **({"source": evidence.ref.source} if evidence.ref.source else {}),
        },
        "at": evidence.at.isoformat(),
        "basis": evidence.basis,
        "manifest": evidence.manifest.digest,
        "include": list(evidence.include),
        "exclude": list(evidence.exclude),
        "files": [_file(file, evidence) for file in evidence.listing.files],
        "parts": [
            {
                "path": part.path,
                "algorithm": part.algorithm,
                "start": part.start,
                "end": part.end,
                "digest": part.hex,
            }
            for part in evidence.parts
        ],
        "bundles": _documents(evidence.bundles),
        "observations": [
            {"code": seen.code, "path": seen.path, "detail": seen.detail}
            for seen in evidence.observations
        ],
        "facts": _facts(evidence.facts),
        "ancestors": [_ancestor(ancestor) for ancestor in evidence.ancestors],
        "members": [_member(member) for member in evidence.members],
        **({"origin": _ancestor(evidence.origin)} if evidence.origin else {}),
        **({"weights": _weights(evidence.weights)} if evidence.weights != NO_WEIGHTS else {}),
    }


def _file(file: File, evidence: Evidence) -> dict[str, object]:
    row: dict[str, object] = {"path": file.path, "size": file.size, "digest": file.digest}
    content = evidence.by_path.get(file.path)
    if content:
        row |= _content(content)
    return row | {"selected": file.path in evidence.manifest.by_path}


def _content(content: Content) -> dict[str, object]:
    row: dict[str, object] = {"kind": content.kind, "head": _base64(content.head)}
    if content.inside:
        row["inside"] = [{"path": one.path} | _content(one) for one in content.inside]
    return row


def _facts(facts: Facts | None) -> dict[str, object] | None:
    if facts is None:
        return None
    flags = [{"path": flag.path, "level": flag.level} for flag in facts.flags]
    row = {name: getattr(facts, name) for name in FACTS}
    return {**row, "parents": list(facts.parents), "flags": flags}


def _ancestor(ancestor: Ancestor) -> dict[str, object]:
    row = {name: getattr(ancestor, name) for name in ANCESTOR}
    inner = _table(ancestor.evidence) if ancestor.evidence else None
    return {**row, "facts": _facts(ancestor.facts), "evidence": inner}


def _member(member: Member) -> dict[str, object]:
    row = {name: getattr(member, name) for name in MEMBER}
    return {**row, "evidence": _table(member.evidence) if member.evidence else None}


def _weights(facts: WeightFacts) -> dict[str, object]:
    """Only what there is of it."""
    tensors = [
        {
            "path": one.path,
            "name": one.name,
            "dtype": one.dtype,
            "shape": list(one.shape),
            "opening": one.opening,
            "digest": one.digest,
        }
        for one in facts.tensors
    ]
    table = {
        "tensors": tensors,
        "own": _documents(facts.own),
        "bases": _documents(facts.bases),
        "changes": _documents(facts.changes),
        "skipped": facts.skipped,
        "unread": facts.unread,
    }
    return {name: value for name, value in table.items() if value}


def _documents(documents: Iterable[Document]) -> list[dict[str, object]]:
    return [{"path": one.path, "data": _base64(one.data)} for one in documents]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
