"""What was read of weights, from JSON."""

from __future__ import annotations

import re

from provenance.formats.fields import Fields
from provenance.model import Document, TensorDigest, WeightFacts

DIGEST = re.compile("([0-9a-f]{64})?")


def weights(fields: Fields) -> WeightFacts:
    """The facts of a table, which leaves out what there is nothing of."""
    found = WeightFacts(
        tensors=tuple(_tensor(item) for item in fields.tables("tensors")),
        own=documents(fields, "own"),
        bases=documents(fields, "bases"),
        changes=documents(fields, "changes"),
        skipped=fields.text("skipped", ""),
        unread=fields.text("unread", ""),
    )
    fields.end()
    return found


def documents(fields: Fields, name: str) -> tuple[Document, ...]:
    """The list of documents at `name`; none if the name is absent."""
    return tuple(_document(item) for item in fields.tables(name))


def _document(fields: Fields) -> Document:
    found = Document(path=fields.filled("path"), data=fields.base64("data"))
    fields.end()
    return found


def _tensor(fields: Fields) -> TensorDigest:
    found = TensorDigest(
        path=fields.filled("path"),
        name=fields.text("name"),
        dtype=fields.filled("dtype"),
        shape=_shape(fields),
        opening=_digest(fields, "opening"),
        digest=_digest(fields, "digest"),
    )
    fields.end()
    return found


def _shape(fields: Fields) -> tuple[int, ...]:
    value = fields.take("shape")
    if isinstance(value, list) and all(type(n) is int and n >= 0 for n in value):
        return tuple(value)
    raise fields.wrong("shape", "expected a list of whole numbers")


def _digest(fields: Fields, name: str) -> str:
    text = fields.text(name)
    if not DIGEST.fullmatch(text):
        raise fields.wrong(name, f"expected 64 hex digits or nothing, found {text[:80]!r}")
    return text
