"""What is kept of a base's weights: tens of kilobytes that tell whether a model is kin of it.

A file begins with MAGIC, the length of its header as four bytes, and the header: canonical JSON.
Behind it stands the blob, little-endian: for each tensor of the ledger its opening and its digest,
then for each block its lines as canonical bfloat16, then the profiles of units where some are kept.
The same model and coordinates make the same bytes. It is bound to a model by the digest of its
manifest, and by nothing that is only a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.weights import sections
from provenance.weights.coordinates import Coordinates, is_keyed
from provenance.weights.grouped import Fields
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Matrix
from provenance.weights.sample import Sample, sample
from provenance.weights.stored import Reader
from provenance.weights.units import Gains, Units, kept

MAGIC = b"wlf2"
OLDER = b"wlf1"
MANIFEST = re.compile(r"(?:sha256:[0-9a-f]{64})?")
LENGTH = 4
"""Bytes of the length of the header."""
KEYS = frozenset(
    {"blocks", "commit", "coordinates", "manifest", "paths", "repo", "tensors", "units", "unread"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A model's sample and ledger, and which model it is: `manifest` as `sha256:<hex>`.

    `repo` and `commit` are what whoever made it called it; only `manifest` binds. `units` tell
    models whose hidden units were re-ordered, None where none were kept.
    """

    repo: str = ""
    commit: str = ""
    manifest: str = ""
    sample: Sample
    ledger: Ledger
    units: Units | None = None

    @property
    def keyed(self) -> bool:
        """Whether it holds what only the owner of a secret may know: it is never published."""
        return is_keyed(self.sample.coordinates)

    @property
    def called(self) -> str:
        """What messages call it: the repository with its commit, or else the manifest."""
        name = self.repo or self.manifest or "a model without a name"
        return f"{name}@{self.commit}" if self.commit else name


def made(
    matrices: Sequence[Matrix],
    reader: Reader,
    coordinates: Coordinates,
    ledger: Ledger,
    repo: str,
    commit: str,
    manifest: str,
    tokens: Mapping[str, int] | None = None,
    gains: Gains | None = None,
    unread: tuple[str, ...] = (),
) -> Fingerprint:
    """The fingerprint of a model; Unreadable where its bytes cannot be had.

    With `tokens`, which line of the token table each string has, units are kept; `gains` are the
    factors of the norm before each feed-forward part (units.gains).
    """
    found = sample(matrices, reader, coordinates)
    return Fingerprint(
        repo=repo,
        commit=commit,
        manifest=manifest,
        sample=Sample(coordinates=found.coordinates, blocks=found.blocks, unread=unread),
        ledger=ledger,
        units=kept(matrices, reader, tokens, gains or {}) if tokens else None,
    )


def dumps(fingerprint: Fingerprint) -> bytes:
    """The file, the same bytes for the same fingerprint."""
    paths, tensors, digests = sections.tensors(fingerprint.ledger)
    blocks, values = sections.blocks(fingerprint.sample.blocks)
    units, profiles = sections.units(fingerprint.units)
    header = _canonical(
        {
            "repo": fingerprint.repo,
            "commit": fingerprint.commit,
            "manifest": fingerprint.manifest,
            "coordinates": fingerprint.sample.coordinates,
            "unread": fingerprint.sample.unread,
            "paths": paths,
            "tensors": tensors,
            "blocks": blocks,
            "units": units,
        }
    )
    length = len(header).to_bytes(LENGTH, "little")
    return MAGIC + length + header + digests + values + profiles


def loads(data: bytes) -> Fingerprint:
    """The fingerprint in a file, or Malformed; what is held is bounded by its bytes."""
    blob, text, header = _opened(data)
    fields = Fields(header, KEYS)
    manifest = fields.text("manifest")
    if not MANIFEST.fullmatch(manifest):
        raise Malformed(f"manifest: found {manifest[:80]!r}, expected sha256: and 64 hex digits")
    ledger = _ledger(fields, blob)
    blocks = sections.blocks_of(fields.each("blocks", sections.BLOCKS), blob)
    units = sections.units_of(fields.each("units", sections.UNITS), blob)
    blob.end()
    if _canonical(header) != text:
        raise Malformed("its header is not canonical JSON: make the fingerprint again")
    return Fingerprint(
        repo=fields.text("repo"),
        commit=fields.text("commit"),
        manifest=manifest,
        sample=Sample(
            coordinates=fields.text("coordinates"), blocks=blocks, unread=fields.texts("unread")
        ),
        ledger=ledger,
        units=units,
    )


def ledger_in(data: bytes) -> Ledger:
    """The ledger of a file without the rest of it, which is not looked at; Malformed."""
    blob, _, header = _opened(data)
    return _ledger(Fields(header, KEYS), blob)


def _opened(data: bytes) -> tuple[sections.Blob, bytes, object]:
    """The blob behind the header of a file, and the header as it stands there and as it is read."""
    blob = sections.Blob(data=data)
    if (word := blob.take(min(len(data), len(MAGIC)))) == OLDER:
        raise Malformed("a fingerprint of an older version: make it anew")
    if word != MAGIC:
        raise Malformed(f"no fingerprint of weights: found {data[:4]!r}, expected {MAGIC!r}")
    text = blob.take(int.from_bytes(blob.take(LENGTH), "little"))
    return blob, text, strict.loads(text)


def _ledger(fields: Fields, blob: sections.Blob) -> Ledger:
    return sections.ledger_of(fields.texts("paths"), fields.each("tensors", sections.TENSORS), blob)


def _canonical(header: object) -> bytes:
    text = json.dumps(
        header, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode("utf-8", "replace")
