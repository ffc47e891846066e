"""What the caller compares weights with, besides what registries publish."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.formats.fields import Fields
from provenance.formats.unseen import shows
from provenance.trust import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """`[policy.weights]`: the file of a secret key, and fingerprints: files, or folders of them.

    `digests` are those of the files, `sha256:<hex>`, once they were read.
    """

    key: str | None = None
    fingerprints: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


NOTHING_OWN = Weighing()


def read_weighing(fields: Fields) -> Weighing:
    """The `[policy.weights]` of a file, or ConfigError."""
    places = fields.texts("fingerprints", ())
    for position, place in enumerate(places):
        if not place.strip() or not shows(place):
            raise fields.wrong(
                f"fingerprints[{position}]", f"expected a path, found {place[:80]!r}"
            )
    found = Weighing(key=reading.optional_line(fields, "key"), fingerprints=places)
    fields.end()
    return found
