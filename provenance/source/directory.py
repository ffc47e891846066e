"""A model on this machine: a folder, or a single file. Offline, read-only, nothing in it is run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from provenance import refs
from provenance.errors import SourceError
from provenance.model import Basis, Evidence, Facts, Observation, Ref, check_aware
from provenance.selection import is_whole, matches, selected
from provenance.source import evidence_files
from provenance.source.ahead import Ahead
from provenance.source.assemble import assemble
from provenance.source.digests import affordable
from provenance.source.evidence_files import Found, Reader
from provenance.source.layout import Entry, Layout, beside, garbled, layout, small, written
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Budget, Measured, measure, size_of
from provenance.source.names import oddities
from provenance.source.progress import About, Progress, Silent
from provenance.weights.ledger import Known


def collect(
    path: Path,
    *,
    ref: Ref,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    signature: Path | None = None,
    facts: Facts | None = None,
    measured: Mapping[str, Measured] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT,
    ahead: Ahead | None = None,
    known: Mapping[str, str] | None = None,
    beside: Sequence[str] = (),
    tensors: Known | None = None,
    lying: Layout | None = None,
) -> Evidence:
    """The evidence on the folder or file at `path`, every byte of it measured.

    `signature` is the only bundle that counts if given; else the evidence files at the top of the
    folder, or beside the file. `facts` are what is known of the repository. `measured` has
    files that were measured already, for a folder that nobody else writes to, `ahead` those whose
    hashing has begun, and `known` the SHA-256 of large ones that nobody wrote to since, empty for
    one that is not to be hashed. What lies at the top by a name that `beside` matches, or below it,
    is none of the model's and not looked at. `lying` says what lies there, where that is no plain
    folder, or was looked at already. `tensors` is what a ledger is made for; without it there is
    none. Raises SourceError if `path` or `signature` cannot be read, ConfigError for a pattern, a
    ref that names a repository it does not carry or a moment without a time zone, and Unselected
    where the patterns leave no file; whatever else is odd is an observation.
    """
    check_aware(at, "at")
    refs.check_named(ref, path)
    matches("", include, exclude)
    place, found = _look(path, limits, beside, lying)
    if signature:
        found = _given(signature, place, found, limits)
    entries = sorted(
        (entry for entry in place.entries if entry.path not in found.paths),
        key=lambda entry: entry.path,
    )
    names = [entry.path for entry in entries]
    chosen = selected(names, include, exclude, whole=is_whole(place.observations))
    sizes = [size_of(entry) for entry in entries]
    needs, unmet = affordable(evidence_files.needs(found.documents), sizes, limits)
    kept = sum(len(document.data) for document in found.documents)
    made = measured or {}
    rows = [made[entry.path] for entry in entries if entry.path in made]
    todo = [number for number, entry in enumerate(entries) if entry.path not in made]
    rows += list(
        measure(
            [entries[number] for number in todo],
            sizes=[sizes[number] for number in todo],
            needs=needs,
            selected=chosen,
            budget=Budget(max(0, limits.kept - kept), limits.head),
            progress=About(progress or Silent(), ref.repo or ref.text),
            workers=workers,
            ahead=ahead,
            known=known,
            tensors=tensors,
        )
    )
    return assemble(
        ref=replace(ref, commit=ref.commit or place.commit),
        at=at,
        basis=Basis.MEASURED,
        rows=rows,
        found=found,
        seen=[*place.observations, *unmet, *_odd_names(place, found.paths)],
        chosen=chosen,
        include=include,
        exclude=exclude,
        facts=facts,
    )


def _look(
    path: Path, limits: Limits, besides: Sequence[str], lying: Layout | None
) -> tuple[Layout, Found]:
    if lying is not None:
        return lying, _evidence(lying.entries, limits)
    try:
        single = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror or error}: name a folder or a file that you may read"
        ) from None
    if single:
        return _file(path, limits)
    found = _without(layout(path, limits.entries), besides)
    return found, _evidence(found.entries, limits)


def _without(found: Layout, besides: Sequence[str]) -> Layout:
    """What was found, but for what lies at or below these names at the top."""

    def stays(path: str) -> bool:
        top = path.partition("/")[0]
        return not any(fnmatchcase(top, pattern) for pattern in besides)

    return replace(
        found,
        entries=tuple(entry for entry in found.entries if stays(entry.path)),
        observations=tuple(seen for seen in found.observations if stays(seen.path)),
    )


def _evidence(entries: Sequence[Entry], limits: Limits) -> Found:
    return evidence_files.find([entry.path for entry in entries], reader(entries), limits)


def reader(entries: Iterable[Entry]) -> Reader:
    """What reads the small ones among `entries` by their path in the model."""
    places = {entry.path: entry.place for entry in entries}
    return lambda path, most: small(places[path], most)


def _file(path: Path, limits: Limits) -> tuple[Layout, Found]:
    """One file under the name the caller gave, and the first signature that lies beside it."""
    name = written(path.name)
    entry = Entry(path=name, place=os.path.realpath(path))
    names = [pattern.format(path.name) for pattern in evidence_files.BESIDE_A_FILE]
    lying = (beside(path.parent, name) for name in names if name != path.name)
    first = next((item for item in lying if item), None)
    beside_it = (first,) if isinstance(first, Observation) else ()
    observations = (*beside_it, *garbled(name, path.name))
    found = _evidence([first], limits) if isinstance(first, Entry) else Found()
    return Layout(entries=(entry,), observations=observations, commit=None), found


def _given(signature: Path, place: Layout, found: Found, limits: Limits) -> Found:
    """The caller's own signature in place of those found; as it is, even if it is no bundle."""
    chosen = evidence_files.given(signature, limits)
    real = os.path.realpath(signature)
    own = {entry.path for entry in place.entries if chosen.paths and entry.place == real}
    paths = [entry.path for entry in place.entries]
    own -= evidence_files.mentioned(paths, reader(place.entries), frozenset(own)).keys()
    return replace(
        found,
        paths=found.paths | own,
        documents=chosen.documents,
        observations=(*found.observations, *chosen.observations),
    )


def _odd_names(place: Layout, evidence: frozenset[str]) -> Iterator[Observation]:
    """What is odd about every name that was met; a signature collides with signatures alone."""
    met = {seen.path for seen in place.observations if seen.code in ("symlink", "special-file")}
    met |= {entry.path for entry in place.entries}
    # Of what is not UTF-8 the escapes are ours: nothing can be said of the name itself.
    unknown = tuple(seen.path for seen in place.observations if seen.code == "name")
    below = tuple(f"{path}/" for path in unknown)
    met = {path for path in met if path not in unknown and not path.startswith(below)}
    yield from oddities(met - evidence)
    yield from oddities(evidence)
