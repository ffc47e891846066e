"""What is kept of a base's weights: tens of kilobytes that tell whether a model is kin of it.

A file begins with MAGIC, the length of its header as four bytes, and the header: canonical JSON.
Behind it stands the blob, little-endian: for each tensor of the ledger its opening and its digest,
then for each block its lines as canonical bfloat16. The same model and coordinates make the same
bytes. It is bound to a model by the digest of its manifest, and by nothing that is only a name.
"""

from __future__ import annotations

from dataclasses import dataclass

from provenance.weights.ledger import Ledger
from provenance.weights.sample import Sample

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


def dumps(fingerprint: Fingerprint) -> bytes:
    """The file, the same bytes for the same fingerprint."""
    raise NotImplementedError


def loads(data: bytes) -> Fingerprint:
    """The fingerprint in a file, or Malformed: whatever it holds, no more than its bytes are held."""
    raise NotImplementedError
