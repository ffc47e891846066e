"""What is kept of a base's weights: tens of kilobytes that tell whether a model is kin of it.

A file begins with MAGIC, the length of its header as four bytes, and the header: canonical JSON.
Behind it stands the blob, little-endian: for each block its lines as canonical bfloat16. The same
model and coordinates make the same bytes. It is bound to a model by the digest of its manifest, and
by nothing that is only a name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.formats.fields import Fields
from provenance.model import TensorDigest
from provenance.weights.coordinates import Coordinates
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import Matrix, Part
from provenance.weights.sample import Block, Sample, sample
from provenance.weights.stored import Reader
from provenance.weights.values import canonical, from_canonical

MAGIC = b"wlf1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A model's sample and ledger, and which model it is: `manifest` as `sha256:<hex>`.

    `repo` and `commit` are what whoever made it called it; only `manifest` binds.
    """

    repo: str = ""
    commit: str = ""
    manifest: str = ""
    sample: Sample
    ledger: Ledger


def made(
    matrices: Sequence[Matrix],
    reader: Reader,
    coordinates: Coordinates,
    ledger: Ledger,
    repo: str,
    commit: str,
    manifest: str,
    tokens: Mapping[str, int] | None = None,
) -> Fingerprint:
    """The fingerprint of a model; Unreadable where bytes cannot be had."""
    found = sample(matrices, reader, coordinates)
    return Fingerprint(repo=repo, commit=commit, manifest=manifest, sample=found, ledger=ledger)


def dumps(fingerprint: Fingerprint) -> bytes:
    """The file, the same bytes for the same fingerprint."""
    blocks = fingerprint.sample.blocks
    header = {
        "repo": fingerprint.repo,
        "commit": fingerprint.commit,
        "manifest": fingerprint.manifest,
        "coordinates": fingerprint.sample.coordinates,
        "blocks": [
            [b.name, b.role, list(b.numbers), b.part, b.width, b.across, b.first, *b.values.shape]
            for b in blocks
        ],
        "tensors": [asdict(entry) for entry in fingerprint.ledger.entries],
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    blob = b"".join(canonical(b.values).astype("<u2").tobytes() for b in blocks)
    return MAGIC + len(text).to_bytes(4, "little") + text + blob


def loads(data: bytes) -> Fingerprint:
    """The fingerprint in a file, or Malformed: whatever it holds, no more than its bytes are held."""
    if data[:4] != MAGIC:
        raise Malformed("not a fingerprint of weights")
    length = int.from_bytes(data[4:8], "little")
    fields = Fields(strict.loads(data[8 : 8 + length]))
    rows, blocks, at = fields.take("blocks"), [], 8 + length
    for row in rows if isinstance(rows, list) else []:
        name, role, numbers, part, width, across, first, lines, columns = row
        count = 2 * lines * columns
        bits = np.frombuffer(data[at : at + count], "<u2").reshape(lines, columns)
        at += count
        blocks.append(
            Block(
                name=name,
                role=role,
                numbers=tuple(numbers),
                part=Part(part),
                width=width,
                across=across,
                first=first,
                values=from_canonical(bits),
            )
        )
    if at != len(data):
        raise Malformed(f"ends at {len(data)} bytes, expected {at}")
    entries = tuple(
        TensorDigest(
            path=t.text("path"),
            name=t.text("name"),
            dtype=t.text("dtype"),
            shape=tuple(int(str(n)) for n in _numbers(t.take("shape"))),
            opening=t.text("opening"),
            digest=t.text("digest"),
        )
        for t in fields.tables("tensors")
    )
    return Fingerprint(
        repo=fields.text("repo"),
        commit=fields.text("commit"),
        manifest=fields.text("manifest"),
        sample=Sample(coordinates=fields.text("coordinates"), blocks=tuple(blocks)),
        ledger=Ledger(entries=entries),
    )


def _numbers(value: object) -> list[object]:
    return value if isinstance(value, list) else []
