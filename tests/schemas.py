"""JSON Schema, whose library takes two seconds to import: only where a document is validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def validate(document: object, schema: Mapping[str, Any]) -> None:
    """The document is as its schema says, or ValidationError."""
    import jsonschema

    jsonschema.validate(document, schema)
