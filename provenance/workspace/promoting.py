"""An admitted model is put into another store: exactly its bytes, its evidence, whence it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.case.imports import speaker_of
from provenance.errors import ConfigError, SourceError
from provenance.formats.json import on_one_line
from provenance.formats.signatures import is_evidence_name
from provenance.lock import Entry
from provenance.lock.known import stated_origin
from provenance.model import Document, Ref
from provenance.names import is_in_store, is_repo
from provenance.produce.sign import Signer, is_by, of_a_size
from provenance.produce.vsa import VERIFIER
from provenance.refs import in_store
from provenance.signature import Invalid, weigh
from provenance.source.detached import FOLDER
from provenance.source.evidence_files import file_of, read, split
from provenance.source.limits import DEFAULT
from provenance.wire.bundle import Opened
from provenance.wire.imported import Imported, Place, statement
from provenance.workspace.fetching import Fetched, Fetcher

if TYPE_CHECKING:
    from provenance.gate import Admitted
    from provenance.source.remote.writer import Delivered, Parcel

EXPECTED = "expected oci://host/repository, s3://bucket/prefix, file:///folder or org/name"
DETACHED = "detached{}.intoto.jsonl"
"""The file of what the caller keeps of a model in a folder of their own."""
TAG = 12
"""Digits of the origin's revision that name it in a registry, where no tag was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Where a model is to be put, who signs that it was, and what may give way."""

    to: str
    signer: Signer
    tag: str = ""
    replacing: bool = False

    @property
    def place(self) -> Ref:
        """The place, or ConfigError."""
        if is_in_store(self.to):
            found = in_store(self.to)
            if found.commit or (found.revision and self.tag):
                message = "is what is written there: name the place, and its tag once"
                raise ConfigError(f"{message}, as with --tag v1", path=self.to)
            return replace(found, revision=self.tag or found.revision)
        if not is_repo(self.to):
            raise ConfigError(f"{EXPECTED}, found {self.to!r}{_folder(self.to)}", path="--to")
        return Ref(text=self.to, repo=self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """What became of one model: where it lies now, or `reason` says why nothing was put there."""

    fetched: Fetched
    delivered: Delivered | None = None
    reason: str = ""


def _folder(to: str) -> str:
    """What is typed instead of a path."""
    is_path = to.startswith(("/", "./", "../"))
    return f"; for a folder: {Path(to).absolute().as_uri()}" if is_path else ""


def promoted(fetcher: Fetcher, entry: Entry, promotion: Promotion) -> Promoted:
    """The model admitted as `fetch` does it, then put into the store; nothing is where it was
    refused. Raises ConfigError for a place that cannot be used or may not give way."""
    to = promotion.place
    if promotion.tag and not (to.source or "").startswith("oci:"):
        raise ConfigError("goes with --to oci://…: no other place has tags", path="--tag")
    writer = fetcher.options.writer(to.source or to.text, fetcher.progress)
    fetched = fetcher.fetch(entry)
    if fetched.admitted is None:
        return Promoted(fetched=fetched, reason=fetched.reason)
    try:
        parcel = _parcel(fetcher, entry, fetched.admitted, promotion)
        return Promoted(fetched=fetched, delivered=writer.deliver(parcel))
    except SourceError as error:
        return Promoted(fetched=fetched, reason=str(error))


def _parcel(fetcher: Fetcher, entry: Entry, admitted: Admitted, promotion: Promotion) -> Parcel:
    from provenance.source.remote.writer import Item, Parcel

    to, files = promotion.place, admitted.files.files
    items = (
        Item(path=f.path, size=f.size, sha256=f.sha256, place=admitted.place / f.path)
        for f in files
    )
    private = (to.source or "").startswith("file:")
    said = replace(
        origin_of(fetcher, entry, admitted),
        subjects={file.path: file.sha256 for file in files},
        destination="" if private else to.source or to.text,
    )
    payload = of_a_size(statement(said, builder=VERIFIER), f"{len(files)} files")
    return Parcel(
        name=entry.name,
        files=tuple(items),
        evidence=_evidence(admitted),
        said=said,
        counts=lambda opened: _counts(opened, fetcher, said, promotion.signer),
        sign=lambda: on_one_line(promotion.signer.sign(payload).encode()),
        tag=to.revision or (entry.commit or "").removeprefix("sha256:")[:TAG],
        replacing=promotion.replacing,
    )


def _counts(opened: Opened, fetcher: Fetcher, said: Imported, signer: Signer) -> bool:
    """Whether an attestation that lies there makes another needless: an importer of today's
    registry signed it, or, where the registry has no importer who would, the same key as now."""
    registry, origin = fetcher.session.registry, said.origin.repo
    now = datetime.now(UTC)
    if speaker_of(opened, registry, now, origin)[0]:
        return True
    found = weigh(opened, registry, now, origin or None)
    return (not isinstance(found, Invalid) or found.foreign) and is_by(signer, opened)


def origin_of(fetcher: Fetcher, entry: Entry, admitted: Admitted) -> Imported:
    """Which model the files are: the first that is known, and through which copy they came."""
    revision = entry.commit or ""
    own = Place(
        repo=(entry.repo or "") if entry.source is None else "",
        source=entry.source or "",
        revision=revision,
        manifest=entry.manifest,
    )
    repo, _, commit = admitted.verdict.mirror_of.partition("@")
    if not commit or (own.repo, own.revision) == (repo, commit):
        return Imported(subjects={}, origin=own)
    known = stated_origin(f"{repo}@{commit}", fetcher.session.lock)
    first = Place(repo=repo, revision=commit, manifest=known.manifest or "")
    return Imported(subjects={}, origin=first, via=own)


def _evidence(admitted: Admitted) -> Mapping[str, bytes]:
    """The evidence files that lie beside the model, as the bytes that were judged, and in one more
    what the caller keeps of it elsewhere."""
    found = _beside(admitted)
    if kept := _kept(admitted.bundles):
        name, number = DETACHED.format(""), 1
        while name in found or name in admitted.files.by_path:
            number += 1
            name = DETACHED.format(f"-{number}")
        found[name] = kept
    return found


def _kept(bundles: tuple[Document, ...]) -> bytes:
    """What the caller's own folder has of the model and does not lie beside it: a bundle a line."""
    own = {one.path: on_one_line(one.data) for one in bundles}
    beside = {line for path, line in own.items() if "/" not in file_of(path)}
    kept = dict.fromkeys(line for path, line in own.items() if path.startswith(f"{FOLDER}/"))
    return b"".join(line + b"\n" for line in kept if line not in beside)


def _beside(admitted: Admitted) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in sorted({file_of(document.path) for document in admitted.bundles}):
        place = admitted.place / name
        if is_evidence_name(name) and place.is_file():
            data = read(str(place), DEFAULT.bundle)
            if split(name, data) != _of_file(name, admitted.bundles):
                raise SourceError(f"{place}: it changed since it was admitted: fetch it again")
            found[name] = data
    return found


def _of_file(name: str, bundles: tuple[Document, ...]) -> tuple[Document, ...]:
    return tuple(document for document in bundles if file_of(document.path) == name)
