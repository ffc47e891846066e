"""A model on this machine: a folder, or a single file. Offline, read-only, nothing in it is run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from provenance.errors import SourceError
from provenance.model import Basis, Content, Document, Evidence, Manifest, Observation, Ref
from provenance.oms import Need
from provenance.selection import matches
from provenance.source import evidence_files
from provenance.source.layout import Entry, Layout, layout
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Budget, Measured, measure
from provenance.source.names import oddities
from provenance.source.progress import Progress, Silent

PYPROJECT = "pyproject.toml"


def collect(
    path: Path,
    *,
    ref: Ref,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    signature: Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence on the folder or file at `path`, every byte of it measured.

    `signature` is the only bundle that counts if given; else the evidence files at the top of the
    folder, or beside the file. Raises SourceError if `path` or `signature` cannot be read.
    """
    found, bundles = _file(path) if path.is_file() else _folder(path, limits)
    if signature:
        data = evidence_files.read(str(signature), limits.bundle)
        bundles = evidence_files.split(signature.name, data) or (
            Document(path=signature.name, data=data),
        )
    seen = list(found.observations)
    seen += _too_many(bundles, limits)
    bundles = bundles[: limits.bundles]
    entries = sorted(found.entries, key=lambda entry: entry.path)
    kept = sum(len(document.data) for document in bundles)
    rows = list(
        measure(
            entries,
            needs=_needs(bundles, limits),
            budget=Budget(max(0, limits.kept - kept)),
            progress=progress or Silent(),
            workers=workers,
        )
    )
    seen += oddities(entry.path for entry in found.entries)
    seen += (observation for row in rows for observation in row.observations)
    seen += _reserved_projects(rows)
    listing = Manifest.of(row.file for row in rows if row.file)
    selected = Manifest(
        files=tuple(file for file in listing.files if matches(file.path, include, exclude))
    )
    return Evidence(
        ref=replace(ref, commit=ref.commit or found.commit),
        at=at,
        basis=Basis.MEASURED,
        listing=listing,
        manifest=selected,
        include=tuple(include),
        exclude=tuple(exclude),
        contents=tuple(_selected(rows, selected)),
        parts=tuple(part for row in rows for part in row.parts),
        bundles=bundles,
        observations=tuple(_relevant(seen, include, exclude)),
    )


def _folder(path: Path, limits: Limits) -> tuple[Layout, tuple[Document, ...]]:
    found = layout(path, limits.entries)
    named = [entry for entry in found.entries if evidence_files.is_evidence_name(entry.path)]
    mentioned = evidence_files.mentioned(found.entries, limits) if named else frozenset()
    bundles: list[Document] = []
    evidence: set[str] = set()
    odd: list[Observation] = []
    for entry in sorted(named, key=lambda entry: entry.path):
        documents = () if entry.path in mentioned else _documents(entry, limits)
        if documents:
            evidence.add(entry.path)
            bundles += documents
        else:
            odd.append(
                Observation(
                    code="unreadable-bundle",
                    path=entry.path,
                    detail="named like a signature, and not one that can be read: remove it, or "
                    "fetch it again",
                )
            )
    rest = tuple(entry for entry in found.entries if entry.path not in evidence)
    return replace(found, entries=rest, observations=(*found.observations, *odd)), tuple(bundles)


def _documents(entry: Entry, limits: Limits) -> tuple[Document, ...]:
    try:
        return evidence_files.split(entry.path, evidence_files.read(entry.place, limits.bundle))
    except SourceError:
        return ()


def _file(path: Path) -> tuple[Layout, tuple[Document, ...]]:
    bundles: tuple[Document, ...] = ()
    for pattern in evidence_files.BESIDE_A_FILE:
        beside = path.with_name(pattern.format(path.name))
        if beside.is_file() and beside != path:
            data = evidence_files.read(str(beside), DEFAULT.bundle)
            bundles = evidence_files.split(beside.name, data) or (
                Document(path=beside.name, data=data),
            )
            break
    entry = Entry(path=path.name, place=str(path.resolve()))
    return Layout(entries=(entry,), observations=(), commit=None), bundles


def _needs(bundles: Iterable[Document], limits: Limits) -> frozenset[Need]:
    """At most so many ways of digesting: a digest nobody computed stays unread, not equal."""
    wanted = evidence_files.needs(bundles)
    ordered = sorted(wanted, key=lambda need: (need.shard_size or 0, need.algorithm), reverse=True)
    return frozenset(islice(ordered, limits.needs))


def _too_many(bundles: Sequence[Document], limits: Limits) -> Iterator[Observation]:
    if len(bundles) > limits.bundles:
        detail = f"{len(bundles)} bundles, of which {limits.bundles} are looked at"
        yield Observation(code="limit", path=bundles[limits.bundles].path, detail=detail)


def _reserved_projects(rows: Iterable[Measured]) -> Iterator[Observation]:
    """A pyproject.toml is a model's own business unless it would configure its judge."""
    for row in rows:
        content = row.content
        if content is None or content.path.rpartition("/")[2].lower() != PYPROJECT:
            continue
        if _configures(content.head):
            detail = "its [tool.provenance] would judge the model; it was not read: remove it"
            yield Observation(code="reserved-name", path=content.path, detail=detail)


def _configures(data: bytes) -> bool:
    try:
        tool = tomllib.loads(data.decode("utf-8")).get("tool", {})
    except (ValueError, RecursionError):
        return True
    return isinstance(tool, dict) and "provenance" in tool


def _selected(rows: Iterable[Measured], selected: Manifest) -> Iterator[Content]:
    for row in rows:
        if row.content and row.content.path in selected.by_path:
            yield row.content


def _relevant(
    seen: Iterable[Observation], include: Sequence[str], exclude: Sequence[str]
) -> Iterator[Observation]:
    """What was seen of selected files; a leftover beside them is nobody's concern."""
    ordered = sorted(seen, key=lambda o: (o.path, o.code, o.detail))
    return (o for o in ordered if matches(o.path, include, exclude))
