"""Evidence as people read it, without a judgement."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.model import Evidence
from provenance.report.common import printable
from provenance.report.human import DIM, DOUBT, Line, Span

UNSTATED = "no digest is stated"


def evidence_lines(evidence: Evidence) -> tuple[Line, ...]:
    """What was found, file by file, with digests."""
    return tuple(_lines(evidence))


def _lines(evidence: Evidence) -> Iterator[Line]:
    ref = evidence.ref
    yield Span(printable(ref.repo or ref.text)), Span(f"  {evidence.basis} {evidence.at:%F %T} UTC")
    yield (Span(f"  {evidence.manifest.digest}", DIM),)
    for file in evidence.manifest.files:
        content = evidence.by_path.get(file.path)
        kind = content.kind if content else "unread"
        about = f"{file.size:>14,}  {kind:<18}  {printable(file.path)}"
        yield (Span(f"  {file.digest or UNSTATED:<64}  {about}"),)
    yield from _known(evidence)
    for document in evidence.bundles:
        text = f"  bundle  {printable(document.path)}  {len(document.data):,} bytes, unverified"
        yield (Span(text),)
    for seen in evidence.observations:
        text = f"  {seen.code}  {printable(seen.path)}  {printable(seen.detail)}"
        yield (Span(text, DOUBT),)


def _known(evidence: Evidence) -> Iterator[Line]:
    """What a Hub says of the repository and of its ancestors."""
    facts = evidence.facts
    if facts:
        text = (
            f"  repository  {facts.id}  id {facts.repo_id}, owner {facts.owner}, by {facts.reach}"
        )
        yield (Span(printable(text)),)
    for ancestor in evidence.ancestors:
        found = ancestor.facts.id if ancestor.facts else ancestor.missing
        yield (
            Span(printable(f"  ancestor  {ancestor.claimed}  {found}  {ancestor.commit or ''}")),
        )
