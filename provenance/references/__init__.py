"""What the caller's own files load from a Hub by name: found, judged, pinned. Without I/O."""

from provenance.references.judging import Locked, Row, State, judged, result, unread
from provenance.references.reading import Document, form_of
from provenance.references.reference import Reference, Splice

__all__ = [
    "Document",
    "Locked",
    "Reference",
    "Row",
    "Splice",
    "State",
    "form_of",
    "judged",
    "result",
    "unread",
]
