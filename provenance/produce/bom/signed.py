"""A bill of materials as a signed statement about the models in it.

Predicate https://cyclonedx.org/bom, as `cosign attest --type cyclonedx` has it: the document.
"""

from __future__ import annotations

from hashlib import sha256

from provenance.formats import json
from provenance.produce.bom.bill import Bill
from provenance.wire.intoto import written
from provenance.wire.training import PURL

PREDICATE_TYPE = "https://cyclonedx.org/bom"


def statement(bill: Bill, text: str, name: str) -> bytes:
    """The in-toto statement: subjects are the document by its own digest, and each model whose
    files are in it by its manifest's."""
    models = [
        (f"{PURL}{e.repo}" + (f"@{e.commit}" if e.commit else "") if e.repo else e.name, e.selected)
        for e in (one.entry for one in bill.models if one.measured)
    ]
    subjects = [(name, sha256(text.encode()).hexdigest())]
    subjects += [(called, manifest.removeprefix("sha256:")) for called, manifest in models]
    return written(subjects, PREDICATE_TYPE, json.loads(text.encode()))
