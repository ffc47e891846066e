"""What a predicate names beside its subjects: in-toto's ResourceDescriptor 1.0, unverified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provenance.formats.fields import Fields

MAX_TEXT = 1_024
"""Characters of one text that is for people."""
MAX_DIGEST = 256
MAX_NOTES = 32

Note = str | int | bool
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One thing that a predicate names, by any of name, URI and digest.

    `digest` has hexadecimal digits by their algorithm. `notes` are the annotations that are short,
    in the order of their names.
    """

    name: str = ""
    uri: str = ""
    digest: Pairs = ()
    notes: tuple[tuple[str, Note], ...] = ()

    @classmethod
    def read(cls, fields: Fields) -> Descriptor:
        """The descriptor of a table, or Malformed; what is too long for people is cut."""
        return cls(
            name=said(fields, "name"),
            uri=said(fields, "uri"),
            digest=pairs(fields.optional_table("digest")),
            notes=notes(fields.optional_table("annotations")),
        )

    @property
    def sha256(self) -> str:
        """Its SHA-256, `sha256:<lower-case hex>`, or nothing."""
        found = dict(self.digest).get("sha256", "").lower()
        return f"sha256:{found}" if found else ""

    @property
    def table(self) -> dict[str, object]:
        """As JSON has it, without what is empty."""
        return table(self.name, self.uri, self.digest, dict(self.notes))


def table(name: str, uri: str, digest: Pairs, notes: Mapping[str, Note]) -> dict[str, object]:
    """A descriptor as JSON has it: its name, and what else is not empty."""
    found: dict[str, object] = {"name": name} if name else {}
    if uri:
        found["uri"] = uri
    if digest:
        found["digest"] = dict(digest)
    return found | ({"annotations": dict(notes)} if notes else {})


def pairs(fields: Fields) -> Pairs:
    """Texts by their names, such as digests by their algorithms, each cut to what can be one."""
    return tuple((name[:MAX_TEXT], str(value)[:MAX_DIGEST]) for name, value in fields.items())


def notes(fields: Fields) -> tuple[tuple[str, Note], ...]:
    """What is short enough to be a note; whatever else stands there is for somebody else."""
    read = ((name, _note(value)) for name, value in sorted(fields.items()))
    return tuple((name, value) for name, value in read if value is not None)[:MAX_NOTES]


def _note(value: object) -> Note | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int | str) and len(str(value)) <= MAX_TEXT else None


def said(fields: Fields, name: str) -> str:
    """A text for people, cut to what they read."""
    return fields.text(name, "")[:MAX_TEXT]
