"""Which licences a model states in its card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provenance.errors import Malformed
from provenance.formats.yaml import front_matter
from provenance.model import Evidence

CARD = "README.md"
OTHER, NAME = "other", "license_name"


def licences(evidence: Evidence) -> tuple[str, ...]:
    """Each once, in their order: ids, expressions and names, as they are written.

    The card's `license_name` stands for `license: other` (Hub documentation, model cards).
    """
    found = (" ".join(each.split()) for each in _of_card(evidence))
    return tuple(dict.fromkeys(text for text in found if text))


def _of_card(evidence: Evidence) -> Iterator[str]:
    card = evidence.by_path.get(CARD)
    try:
        table: Mapping[object, object] = (front_matter(card.head) if card else None) or {}
    except Malformed:
        return
    name = table.get(NAME)
    for text in _texts(table.get("license")):
        named = isinstance(name, str) and text.strip().casefold() == OTHER
        yield str(name) if named else text


def _texts(value: object) -> Iterable[str]:
    many = value if isinstance(value, list | tuple) else (value,)
    return (text for text in many if isinstance(text, str))
