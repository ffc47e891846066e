"""What is in a release, before any of its weights move.

What is stated of large files is taken as declared; small ones are fetched and held against what is
stated; of weights only what a check reads is fetched, by range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.model import Basis, Evidence, Facts, Observation, Ref
from provenance.selection import selected
from provenance.source.assemble import assemble
from provenance.source.evidence_files import Found
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Measured
from provenance.source.remote.listed import Listed
from provenance.source.remote.reader import rows
from provenance.source.remote.release import Release
from provenance.source.remote.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was read of a release, and of which selection."""

    found: Found
    chosen: frozenset[str]
    rows: tuple[Measured, ...]
    seen: tuple[Observation, ...]
    include: Sequence[str]
    exclude: Sequence[str]


def read(
    release: Release,
    entries: Sequence[Listed],
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    given: Found | None = None,
    headers: bool = True,
    whole: bool = True,
    limits: Limits = DEFAULT,
) -> Contents:
    """What is in the listed files, some kilobytes of them read.

    `given` are the signatures that count in place of the release's own; `headers` says whether
    weights are looked into, `whole` whether the listing is. Unselected where the patterns leave no
    file.
    """
    snapshot = Snapshot(
        release=release,
        limits=limits,
        entries={entry.path: entry for entry in entries},
        headers=headers,
    )
    found = snapshot.evidence()
    if given:
        found = replace(found, documents=given.documents, observations=given.observations)
    own = [entry.path for entry in entries if entry.path not in found.paths]
    chosen = selected(own, include, exclude, whole=whole)
    return Contents(
        found=found,
        chosen=chosen,
        rows=rows(snapshot, chosen, found),
        seen=(*snapshot.odd(found.paths), *(() if whole else (_over(limits),))),
        include=include,
        exclude=exclude,
    )


def assembled(contents: Contents, *, ref: Ref, at: datetime, facts: Facts | None) -> Evidence:
    """The evidence of what was read, as declared."""
    return assemble(
        ref=ref,
        at=at,
        basis=Basis.DECLARED,
        rows=contents.rows,
        found=contents.found,
        seen=contents.seen,
        chosen=contents.chosen,
        include=contents.include,
        exclude=contents.exclude,
        facts=facts,
    )


def _over(limits: Limits) -> Observation:
    detail = f"more than {limits.entries} files: the rest is not known"
    return Observation(code="limit", path="", detail=detail)
