"""Evidence as a row of the store, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from provenance import replay
from provenance.fleet.heads import Heads
from provenance.fleet.tables import Row
from provenance.model import NOT_GATHERED_NOW, Basis, Evidence

BASES = {str(basis): basis for basis in Basis if basis not in NOT_GATHERED_NOW}
VERSION = version("hf-provenance")


def gathered(ref: str, name: str, evidence: Evidence, heads: Heads) -> Row:
    """The row of a model that was gathered; its large contents are kept by then."""
    table = json.loads(replay.dumps(evidence))
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    return {
        "ref": ref,
        "name": name,
        "repo": evidence.ref.repo,
        "commit": evidence.ref.commit,
        "manifest": evidence.manifest.digest,
        "gathered_at": evidence.at.isoformat(),
        "basis": str(evidence.basis),
        "version": VERSION,
        "missing": "",
        "evidence": heads.apart(text),
    }


def not_gathered(ref: str, reason: str) -> Row:
    """The row of a model that could not be gathered, and why."""
    at = datetime.now(UTC).isoformat()
    row = {"ref": ref, "name": ref, "gathered_at": at, "version": VERSION}
    return {**row, "missing": reason or "unknown"}


def stored(row: Row, heads: Heads, now: datetime) -> Evidence:
    """The evidence of a row, as stored: judged by what holds `now`, and never admitted.

    Malformed, ConfigError for a text that is no evidence, SourceError for contents that are gone.
    """
    data = heads.whole(row["evidence"]).encode("utf-8", "surrogatepass")
    basis = BASES.get(row["basis"])
    found = replay.loads(data, now=now)
    return as_stored(found, basis) if basis else found


def as_stored(found: Evidence, basis: Basis) -> Evidence:
    """Evidence that was replayed, as what its owner gathered with this basis: all of it."""

    def inner(one: Evidence | None) -> Evidence | None:
        return as_stored(one, basis) if one else None

    origin = found.origin
    return replace(
        found,
        basis=Basis.STORED,
        gathered=basis,
        ancestors=tuple(replace(one, evidence=inner(one.evidence)) for one in found.ancestors),
        members=tuple(replace(one, evidence=inner(one.evidence)) for one in found.members),
        origin=replace(origin, evidence=inner(origin.evidence)) if origin else None,
    )
