"""What a publisher of a registry reads once something was published, prepared or signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.registry.publication import Countersigned, Publication
from provenance.report.human import Line, Span


def publication_lines(made: Publication) -> Iterator[Line]:
    """What clients see from now on, and until when; or what is to be done before they do."""
    if made.waits:
        yield _line(_said(made.versions, f"prepared in {made.folder}, to be signed"))
        yield _line(f"next, at each key: provenance registry sign --to {made.folder} --key KEY")
        return
    if made.listed is None:
        yield _line(_said(made.versions, f"published in {made.folder}"))
        yield _line("clients see it after the next: provenance registry refresh")
        return
    seen = made.listed
    yield _line(f"published {seen.name} version {seen.version} in {made.folder}")
    yield _line(f"  expires  {', '.join(f'{role} {day:%Y-%m-%d}' for role, day in seen.expires)}")
    yield _line(f"  root     {seen.root}  sha256:{seen.digest}")
    yield _line("  for users: provenance registry pin URL --root root.json")


def countersigned_lines(made: Countersigned) -> Iterator[Line]:
    """What was signed of what, and what is still missing."""
    yield _line(_said(made.versions, f"signed {', '.join(made.roles) or 'nothing'} of"))
    yield _line(
        f"still missing: {made.missing}" if made.missing else "next: registry publish --finish"
    )


def _said(versions: Sequence[tuple[str, int]], what: str) -> str:
    """The new versions in one line."""
    listed = ", ".join(f"{role} version {number}" for role, number in versions)
    return f"{what}: {listed}" if listed else what


def _line(text: str) -> Line:
    return (Span(text),)
