"""Evidence files: signatures and attestations that lie beside a model, told from the model."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from provenance.claims.configuration import texts
from provenance.errors import Malformed, SourceError
from provenance.formats import json, signatures
from provenance.formats.signatures import is_evidence_name
from provenance.model import Document, Observation
from provenance.source.limits import DEFAULT, Limits
from provenance.wire import bundle as bundles
from provenance.wire import oms
from provenance.wire.bundle import Opened
from provenance.wire.oms import Need

FIRST = "model.sig"
MAX_PATH = 1024
MAX_CONFIGURATION = 32 << 20
NO_BUNDLE = "named like a signature, and not one that can be read: remove it, or fetch it again"
FOREIGN = "a detached signature ({}), which this tool does not verify: it proves nothing here"
MENTIONED = "a signature by name, and a file of the model by what an index or configuration says"
UNREAD = "a signature by name; a configuration that might call it a file of the model was not read"
Reader = Callable[[str, int], bytes | None]
"""The bytes of the file at a path if it is there, can be read and has at most so many, or None."""

BESIDE_A_FILE = ("{}.sig", "{}.sigstore.json", "model.sig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The evidence files of a model, the bundles in them, and what is none despite its name."""

    paths: frozenset[str] = frozenset()
    documents: tuple[Document, ...] = ()
    observations: tuple[Observation, ...] = ()


def split(path: str, data: bytes) -> tuple[Document, ...]:
    """The bundles of one evidence file, one a line in `.jsonl`; none if any of it is no bundle."""
    if not path.endswith(".jsonl"):
        return (Document(path=path, data=data),) if bundles.is_bundle(data) else ()
    lines = [(n, line) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    found = tuple(Document(path=f"{path}:{n}", data=line) for n, line in lines)
    return found if all(bundles.is_bundle(document.data) for document in found) else ()


def file_of(document: str) -> str:
    """The evidence file that a document is, or that has it on one of its lines."""
    name, colon, line = document.rpartition(":")
    return name if colon and name.endswith(".jsonl") and line.isdecimal() else document


def find(paths: Collection[str], read: Reader, limits: Limits) -> Found:
    """The evidence files among `paths`: named so, bundles, and named by nothing a loader reads.

    Observations: `unreadable-bundle`, `foreign-signature`, and `limit` for what was not looked at.
    """
    documents: dict[str, tuple[Document, ...]] = {}
    odd: list[Observation] = []
    count, room = 0, limits.kept // 2
    for path in sorted(filter(is_evidence_name, paths), key=lambda path: (path != FIRST, path)):
        data = read(path, min(limits.bundle, room)) if count < limits.bundles else None
        found = split(path, data) if data is not None else ()
        if data is None or count + len(found) > limits.bundles:
            odd.append(_seen("limit", path, "one signature too many, or too large"))
        elif not found and (kind := signatures.foreign(data)):
            odd.append(_seen("foreign-signature", path, FOREIGN.format(kind)))
        elif not found:
            odd.append(_seen("unreadable-bundle", path, NO_BUNDLE))
        else:
            documents[path] = found
            count, room = count + len(found), room - len(data)
    taken = mentioned(paths, read, frozenset(documents))
    odd += [taken[path] for path in sorted(taken)]
    kept = {path: found for path, found in documents.items() if path not in taken}
    return Found(
        paths=frozenset(kept),
        documents=tuple(document for found in kept.values() for document in found),
        observations=tuple(odd),
    )


def given(signature: Path, limits: Limits = DEFAULT) -> Found:
    """The bundles of a file that the caller named; as it is, even if it is none.

    `paths` has its name where it is one. SourceError where it cannot be read.
    """
    data = read(str(signature), limits.bundle)
    documents = split(signature.name, data)
    whole = documents or (Document(path=signature.name, data=data),)
    over: tuple[Observation, ...] = ()
    if len(whole) > limits.bundles:
        detail = f"{len(whole)} bundles; only the first {limits.bundles} are looked at"
        over = (_seen("limit", whole[limits.bundles].path, detail),)
    return Found(
        paths=frozenset({signature.name}) if documents else frozenset(),
        documents=whole[: limits.bundles],
        observations=over,
    )


def mentioned(
    paths: Iterable[str], read: Reader, candidates: frozenset[str]
) -> dict[str, Observation]:
    """Which candidates an index or configuration names, or might, with what to say of each.

    A loader would read that. One that cannot be read, or only by a reader less strict than ours,
    may name what it holds.
    """
    named: set[str] = set()
    unread: set[str] = set()
    for path in paths if candidates else ():
        if path not in candidates and may_mention(path):
            data = read(path, MAX_CONFIGURATION)
            if data is None:
                unread |= candidates
            else:
                named |= _mentioned_in(path, data, candidates)
    found = {path: _seen("limit", path, UNREAD) for path in unread}
    return found | {path: _seen("unreadable-bundle", path, MENTIONED) for path in named}


def may_mention(path: str) -> bool:
    """Whether a file of this name may name others that a loader then reads."""
    name = posixpath.basename(path).lower()
    speaks = "config" in name or "index" in name or name == "modules.json"
    return speaks and name.endswith(".json")


def _mentioned_in(path: str, data: bytes, candidates: frozenset[str]) -> frozenset[str]:
    try:
        named = [text for text in texts(json.loads(data)) if len(text) <= MAX_PATH]
    except Malformed:
        escaped = b"\\" in data
        return frozenset(name for name in candidates if escaped or name.encode() in data)
    folder = posixpath.dirname(path)
    return candidates & {posixpath.normpath(posixpath.join(folder, text)) for text in named}


def read(place: str, most: int) -> bytes:
    """The bytes of a file of `most` bytes or fewer, or SourceError.

    A pipe is read where the caller's shell made it, below `/dev`, and no other: nobody may write
    to it, ever.
    """
    if Path(place).is_fifo() and not place.startswith("/dev/"):
        raise SourceError(f"{place}: expected a regular file, found a pipe")
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
        statement = Opened(document=document).statement
        if isinstance(statement, Malformed) or oms.is_by_whole_files(statement):
            continue
        try:
            found.add(oms.signed_manifest(statement).need)
        except Malformed:
            continue
    return frozenset(found - {Need(algorithm="sha256")})


def _seen(code: str, path: str, detail: str) -> Observation:
    return Observation(code=code, path=path, detail=detail)
