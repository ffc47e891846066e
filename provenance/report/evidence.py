"""Evidence as people read it, without a judgement."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.model import Evidence
from provenance.report.human import DIM, DOUBT, Line, Span, printable


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
        yield (Span(f"  {file.sha256}  {file.size:>14,}  {kind:<18}  {printable(file.path)}"),)
    for document in evidence.bundles:
        text = f"  bundle  {printable(document.path)}  {len(document.data):,} bytes, unverified"
        yield (Span(text),)
    for seen in evidence.observations:
        text = f"  {seen.code}  {printable(seen.path)}  {printable(seen.detail)}"
        yield (Span(text, DOUBT),)
