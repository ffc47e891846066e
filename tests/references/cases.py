"""How a test says what a text loads: rows of line, what loads it, repository, revision, and how it
stands."""

from __future__ import annotations

from provenance.references import Document, Reference

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
Found = tuple[int, str, str, str]
"""Line, repository, revision, and `pin` (an edit pins it), `hand`, `?` (unknown) or `aside`."""


def found(form: str, text: str) -> list[Found]:
    """What a text of this form loads."""
    return [row(one) for one in Document.of(form, text.encode()).references]


def row(one: Reference) -> Found:
    known = "?" if one.unknown else "aside" if one.aside else "pin" if one.splice else "hand"
    return one.line, one.repo, one.revision, known


def fixed(form: str, text: str, commit: str = COMMIT) -> str:
    """The text after every reference in it that an edit can pin was pinned; itself if none can."""
    document = Document.of(form, text.encode())
    edits = {n: commit for n, one in enumerate(document.references) if one.splice and not one.aside}
    data, _ = document.pinned(edits)
    return text if data is None else data.decode()
