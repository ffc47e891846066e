"""A model on this machine: a folder, or a single file. Offline, read-only, nothing in it is run."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from provenance.errors import SourceError
from provenance.model import Basis, Document, Evidence, File, Manifest, Observation, Ref
from provenance.oms import Need
from provenance.selection import matches
from provenance.source import evidence_files
from provenance.source.digests import part_count
from provenance.source.evidence_files import Found
from provenance.source.layout import Entry, Layout, beside, layout
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Budget, Measured, measure, size_of
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
    folder, or beside the file. Raises SourceError if `path` or `signature` cannot be read, and
    ConfigError for a pattern; whatever else is odd is an observation.
    """
    matches("", include, exclude)
    place, found = _look(path, limits)
    if signature:
        found = _given(signature, place, found, limits)
    entries = sorted(
        (entry for entry in place.entries if entry.path not in found.paths),
        key=lambda entry: entry.path,
    )
    chosen = frozenset(e.path for e in entries if matches(e.path, include, exclude))
    needs, unmet = _affordable(evidence_files.needs(found.documents), entries, limits)
    kept = sum(len(document.data) for document in found.documents)
    rows = list(
        measure(
            entries,
            needs=needs,
            selected=chosen,
            budget=Budget(max(0, limits.kept - kept), limits.head),
            progress=progress or Silent(),
            workers=workers,
        )
    )
    listing = Manifest.of(row.file for row in rows if row.file)
    seen = [*place.observations, *found.observations, *unmet]
    seen += _odd_names(place, found.paths)
    seen += (observation for row in rows for observation in row.observations)
    seen += _reserved_projects(rows)
    return Evidence(
        ref=replace(ref, commit=ref.commit or place.commit),
        at=at,
        basis=Basis.MEASURED,
        listing=listing,
        manifest=Manifest(files=tuple(file for file in listing.files if file.path in chosen)),
        include=tuple(include),
        exclude=tuple(exclude),
        contents=tuple(row.content for row in rows if row.content),
        parts=tuple(part for row in rows for part in row.parts),
        bundles=found.documents,
        observations=tuple(_relevant(seen, include, exclude)),
    )


def _look(path: Path, limits: Limits) -> tuple[Layout, Found]:
    try:
        single = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror or error}: name a folder or a file that you may read"
        ) from None
    if single:
        return _file(path, limits)
    found = layout(path, limits.entries)
    return found, evidence_files.find(found.entries, limits)


def _file(path: Path, limits: Limits) -> tuple[Layout, Found]:
    """One file under the name the caller gave, and the first signature that lies beside it."""
    entry = Entry(path=path.name, place=os.path.realpath(path))
    names = [pattern.format(path.name) for pattern in evidence_files.BESIDE_A_FILE]
    lying = (beside(path.parent, name) for name in names if name != path.name)
    first = next((item for item in lying if item), None)
    observations = (first,) if isinstance(first, Observation) else ()
    found = evidence_files.find([first], limits) if isinstance(first, Entry) else Found()
    return Layout(entries=(entry,), observations=observations, commit=None), found


def _given(signature: Path, place: Layout, found: Found, limits: Limits) -> Found:
    """The caller's own signature in place of those found; as it is, even if it is no bundle."""
    data = evidence_files.read(str(signature), limits.bundle)
    documents = evidence_files.split(signature.name, data)
    whole = documents or (Document(path=signature.name, data=data),)
    real = os.path.realpath(signature)
    own = {entry.path for entry in place.entries if documents and entry.place == real}
    own -= evidence_files.mentioned(place.entries, frozenset(own))
    return replace(
        found,
        paths=found.paths | own,
        documents=whole[: limits.bundles],
        observations=(*found.observations, *_too_many(whole, limits)),
    )


def _too_many(bundles: Sequence[Document], limits: Limits) -> Iterator[Observation]:
    if len(bundles) > limits.bundles:
        detail = f"{len(bundles)} bundles, of which {limits.bundles} are looked at"
        yield Observation(code="limit", path=bundles[limits.bundles].path, detail=detail)


def _affordable(
    wanted: Iterable[Need], entries: Iterable[Entry], limits: Limits
) -> tuple[tuple[Need, ...], list[Observation]]:
    """What is computed beside SHA-256, and a word on each need that is too much to ask."""
    sizes = [size_of(entry) for entry in entries]
    taken: list[Need] = []
    unmet: list[Observation] = []
    for need in sorted(wanted, key=lambda n: (part_count([n], sizes), n.algorithm)):
        if len(taken) < limits.needs and part_count([*taken, need], sizes) <= limits.parts:
            taken.append(need)
        else:
            way = f"{need.algorithm} of shards of {need.shard_size} bytes"
            detail = f"a bundle asks for {way}: more digests than are computed for one model"
            unmet.append(Observation(code="limit", path="", detail=detail))
    return tuple(taken), unmet


def _odd_names(place: Layout, evidence: frozenset[str]) -> Iterator[Observation]:
    """What is odd about every name that was met; a signature collides with signatures alone."""
    met = {seen.path for seen in place.observations if seen.code in ("symlink", "special-file")}
    met |= {entry.path for entry in place.entries}
    yield from oddities(met - evidence)
    yield from oddities(evidence)


def _reserved_projects(rows: Iterable[Measured]) -> Iterator[Observation]:
    """A pyproject.toml is a model's own business unless it would configure its judge."""
    for row in rows:
        content = row.content
        if content is None or content.path.rpartition("/")[2].lower() != PYPROJECT:
            continue
        if _configures(content.head, row.file):
            detail = "its [tool.provenance] would judge the model; it was not read: remove it"
            yield Observation(code="reserved-name", path=content.path, detail=detail)


def _configures(data: bytes, file: File | None) -> bool:
    """Whether it holds [tool.provenance], or cannot be read to say that it does not."""
    if file is None or len(data) != file.size:
        return True
    try:
        tool = tomllib.loads(data.decode("utf-8")).get("tool", {})
    except (ValueError, RecursionError):
        return True
    return isinstance(tool, dict) and "provenance" in tool


def _relevant(
    seen: Iterable[Observation], include: Sequence[str], exclude: Sequence[str]
) -> Iterator[Observation]:
    """What was seen of selected files; a leftover beside them is nobody's concern.

    A folder that could not be looked into may hold a selected file, and a limit concerns all.
    """
    ordered = sorted(set(seen), key=lambda o: (o.path, o.code, o.detail))
    for one in ordered:
        if one.code == "limit" or one.path.endswith("/") or matches(one.path, include, exclude):
            yield one
