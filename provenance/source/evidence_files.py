"""Evidence files: signatures and attestations that lie beside a model, told from the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from provenance import bundle as bundles
from provenance import intoto, oms
from provenance.errors import Malformed, SourceError
from provenance.formats import json
from provenance.intoto import Envelope
from provenance.model import Document
from provenance.oms import Need
from provenance.source.layout import Entry
from provenance.source.limits import Limits

NAMES = ("model.sig", "*.sig", "*.sigstore.json", "*.sigstore", "*.intoto.jsonl", "claims.jsonl")
BESIDE_A_FILE = ("{}.sig", "{}.sigstore.json", "model.sig")


def is_evidence_name(path: str) -> bool:
    """Whether a file at the top of a model would be evidence, if it also is a bundle."""
    return "/" not in path and any(fnmatchcase(path, pattern) for pattern in NAMES)


def split(path: str, data: bytes) -> tuple[Document, ...]:
    """The bundles of one evidence file, one a line in `.jsonl`; none if any of it is no bundle."""
    if not path.endswith(".jsonl"):
        return (Document(path=path, data=data),) if bundles.is_bundle(data) else ()
    lines = [(n, line) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    found = tuple(Document(path=f"{path}:{n}", data=line) for n, line in lines)
    return found if all(bundles.is_bundle(document.data) for document in found) else ()


def mentioned(entries: Iterable[Entry], limits: Limits) -> frozenset[str]:
    """Every string of the JSON documents at the top of a model: what they name is no evidence."""
    found: set[str] = set()
    for entry in entries:
        if "/" in entry.path or not entry.path.endswith(".json") or is_evidence_name(entry.path):
            continue
        try:
            data = read(entry.place, limits.kept)
            found.update(_strings(json.loads(data)))
        except (Malformed, SourceError):
            continue
    return frozenset(found)


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case list() as items:
                waiting.extend(items)
            case dict() as table:
                waiting.extend(table.values())


def read(place: str, most: int) -> bytes:
    """The bytes of a file of `most` bytes or fewer, or SourceError."""
    try:
        with Path(place).open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror or error}") from None
    if len(data) > most:
        raise SourceError(f"{place}: more than {most} bytes")
    return data


def needs(documents: Iterable[Document]) -> frozenset[Need]:
    """Which digests beside SHA-256 of whole files the bundles ask for."""
    found = set()
    for document in documents:
        try:
            content = bundles.parse(document.data).content
            if isinstance(content, Envelope):
                found.add(oms.signed_manifest(intoto.statement(content)).need)
        except Malformed:
            continue
    return frozenset(found - {Need(algorithm="sha256")})
