"""What is said of a fingerprint of weights when it is signed: an in-toto statement over the model.

Its subjects are the model's files, and its predicate names the fingerprint's own file by digest.
attestations/README.md has the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.wire.intoto import Statement, written

PREDICATE_TYPE = "https://hf-provenance.github.io/fingerprint/v1"
SHA256 = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprinted:
    """That the file with the digest `fingerprint` is one of the model with the digest `manifest`.

    Digests are `sha256:<hex>`; `coordinates` is their name, and `files` has the SHA-256 in hex of
    each file of the model by its path.
    """

    fingerprint: str
    coordinates: str
    manifest: str
    files: Mapping[str, str]


def statement(said: Fingerprinted) -> bytes:
    """The statement, to be signed."""
    predicate = {
        "fingerprint": {"digest": {"sha256": said.fingerprint.removeprefix(SHA256)}},
        "coordinates": said.coordinates,
        "manifest": said.manifest,
    }
    return written(sorted(said.files.items()), PREDICATE_TYPE, predicate)


def read(statement: Statement) -> Fingerprinted:
    """What a statement says of a fingerprint, or Malformed where it is about something else."""
    if statement.predicate_type != PREDICATE_TYPE:
        found = f"{statement.predicate_type[:200]!r}, expected {PREDICATE_TYPE!r}"
        raise Malformed(f"predicate type {found}", slug="predicate-type")
    fields = Fields(statement.predicate, "predicate")
    own = fields.table("fingerprint")
    digest = own.table("digest")
    said = Fingerprinted(
        fingerprint=SHA256 + digest.hexadecimal("sha256", 64),
        coordinates=fields.text("coordinates"),
        manifest=fields.hexadecimal("manifest", 64, prefix=SHA256),
        files={subject.name: subject.sha256 for subject in statement.subjects},
    )
    for table in (digest, own, fields):
        table.end()
    return said
