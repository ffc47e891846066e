"""A list of models gathered into a store: politely, again where it was interrupted, and with a row
for each that could not be had."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from provenance.errors import ConfigError, Malformed, ProvenanceError, SourceError
from provenance.fleet import indexes, lines, tables
from provenance.fleet.evidence import gathered, not_gathered
from provenance.fleet.heads import Heads
from provenance.fleet.store import EDGES, EVIDENCE, FILES, FleetStore, Part
from provenance.fleet.tables import Row
from provenance.lock.known import with_known_digests
from provenance.policy import Settings
from provenance.source.progress import Unit
from provenance.source.together import side_by_side
from provenance.workspace.gathering import Gathering
from provenance.workspace.request import Request
from provenance.workspace.subjects import Subject
from provenance.workspace.workspace import Workspace

AT_ONCE = 50
"""Models of one part: seconds of work, and one file."""
LONGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of a list: how many models were gathered now, were there already, and those that
    could not be had, each with the reason."""

    gathered: int = 0
    there: int = 0
    missing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one part will hold."""

    evidence: tuple[Row, ...]
    edges: tuple[Row, ...] = ()
    files: tuple[Row, ...] = ()


def listed(file: str) -> tuple[str, ...]:
    """The models that a list names, one a line, each once; `-` is what is piped in.

    What stands behind a # is a remark. ConfigError for a list that names none.
    """
    try:
        text = sys.stdin.read(LONGEST) if file == "-" else Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8"
        expected = "expected a file that names a model a line, or - for what is piped in"
        raise ConfigError(f"cannot be read ({said}): {expected}", path=file) from None
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    found = tuple(dict.fromkeys(line for line in lines if line))
    if not found:
        raise ConfigError("names no model: expected one a line, org/name or a place", path=file)
    return found


def gather(
    store: FleetStore,
    workspace: Workspace,
    request: Request,
    refs: Sequence[str],
    *,
    again: bool = False,
) -> Gathered:
    """The evidence on every model of a list lies in the store, or why it could not be had.

    What was gathered before is not asked for, unless `again`, where its part was spoiled or where
    the settings now ask for other files of it, another revision or another place. Raises
    ConfigError where another process gathers there, or for rules that cannot be used, and
    SourceError where nothing can be written; what a model or its Hub does wrong is a row.
    """
    settings = workspace.session(request, needs_models=False).settings
    with store.gathering():
        store.sweep(EVIDENCE)
        known, spoiled = _known(store, settings)
        lost = sorted({ref for part in spoiled for ref in spoiled[part]})
        meant = dict.fromkeys((*refs, *lost))
        todo = [ref for ref in meant if again or ref not in known]
        missing = tuple(_added(store, workspace, request, todo))
        for part in spoiled:
            store.place(EVIDENCE, part.name).unlink(missing_ok=True)
    there = len(meant) - len(todo)
    return Gathered(gathered=len(todo) - len(missing), there=there, missing=missing)


def _added(
    store: FleetStore, workspace: Workspace, request: Request, refs: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The models that could not be had, each with the reason; the others are in the store."""
    step = workspace.progress.step("gathering", len(refs), Unit.ITEMS)
    try:
        for some in _chunks(refs):
            found = _some(store, workspace, request, some)
            _kept(store, found)
            step.advance(len(some))
            yield from ((row["ref"], row["missing"]) for row in found.evidence if row["missing"])
    finally:
        step.end()


def _chunks(refs: Sequence[str]) -> Iterator[list[str]]:
    left = iter(refs)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _known(
    store: FleetStore, settings: Settings
) -> tuple[frozenset[str], dict[Part, frozenset[str]]]:
    """The models whose newest row has the evidence that is asked for today, and those of each part
    that was spoiled, as the index beside it names them."""
    found: dict[str, bool] = {}
    spoiled = {part: _indexed(store, part) for part in store.parts(whole=False)}
    for part in store.parts():
        try:
            rows = tables.unpacked(store.evidence(part), ("ref", "missing", "evidence"))
        except SourceError:
            spoiled[part] = _indexed(store, part)
            continue
        found |= {row["ref"]: _is_asked_for(row, settings) for row in rows}
    return frozenset(ref for ref, there in found.items() if there), spoiled


def _is_asked_for(row: Row, settings: Settings) -> bool:
    try:
        gathered = lines.Gathered.of_row(row)
    except Malformed:
        return False
    return not (row["missing"] or lines.otherwise(row["ref"], gathered, settings))


def _indexed(store: FleetStore, part: Part) -> frozenset[str]:
    try:
        rows = tables.unpacked(store.place(FILES, part.name), ("ref",))
    except SourceError:
        place = store.place(EVIDENCE, part.name)
        step = "remove it, and gather with a list of all models"
        raise SourceError(f"{place}: spoiled, and its index too: {step}") from None
    return frozenset(row["ref"] for row in rows)


def _kept(store: FleetStore, found: Found) -> None:
    """The part and its indexes lie in the store; the evidence comes last, and with it the part."""
    data = tables.packed(found.evidence, tables.EVIDENCE)
    every = (*store.parts(), *store.parts(whole=False))
    part = Part.of(max((one.number for one in every), default=0) + 1, data)
    store.write(tables.packed(found.edges, tables.EDGES), EDGES, part.name)
    store.write(tables.packed(found.files, tables.FILES), FILES, part.name)
    store.write(data, EVIDENCE, part.name)


Meant = tuple[str, Gathering, Subject]
"""A line of the list, and what it means."""


def _some(store: FleetStore, workspace: Workspace, request: Request, refs: Sequence[str]) -> Found:
    """The rows of some models, several at a time."""
    meant, rows = _meant(workspace, request, refs)
    heads = Heads(store=store)
    found = side_by_side(lambda one: _one(*one, heads), meant)
    return Found(
        evidence=(*rows, *(row for one in found for row in one.evidence)),
        edges=tuple(row for one in found for row in one.edges),
        files=tuple(row for one in found for row in one.files),
    )


def _meant(
    workspace: Workspace, request: Request, refs: Sequence[str]
) -> tuple[list[Meant], list[Row]]:
    """What each line means, all asked for together; where one means nothing, each by itself."""
    with suppress(ProvenanceError):
        session = workspace.session(replace(request, refs=tuple(refs)))
        if len(session.subjects) == len(refs):
            together = workspace.gathering(session)
            pairs = zip(refs, session.subjects, strict=True)
            return [(ref, together, one) for ref, one in pairs], []
    meant: list[Meant] = []
    rows: list[Row] = []
    for ref in refs:
        try:
            gathering = _asked(workspace, request, ref)
            meant.append((ref, gathering, gathering.session.one))
        except ProvenanceError as error:
            rows.append(not_gathered(ref, str(error)))
    return meant, rows


def _asked(workspace: Workspace, request: Request, ref: str) -> Gathering:
    """What one line of the list means, or ConfigError."""
    text, said = lines.parts(ref)
    own = replace(request, refs=(text,), named=said)
    return workspace.gathering(workspace.session(own))


def _one(ref: str, gathering: Gathering, subject: Subject, heads: Heads) -> Found:
    try:
        pinned = gathering.session.pinned(subject)
        evidence = with_known_digests(gathering.of(subject, pinned=pinned), pinned)
        row = gathered(ref, subject.name, evidence, heads)
        steps = indexes.edges(ref, evidence, subject.policy, gathering.session.registry)
    except ProvenanceError as error:
        return Found(evidence=(not_gathered(ref, str(error)),))
    except Exception as error:
        # One model that nobody can gather is no reason to leave the others.
        said = f"a bug in provenance, please report it: {error!r:.300}"
        return Found(evidence=(not_gathered(ref, said),))
    return Found(evidence=(row,), edges=tuple(steps), files=tuple(indexes.files(ref, evidence)))
