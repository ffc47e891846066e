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

from provenance.errors import ConfigError, ProvenanceError
from provenance.fleet import indexes, lines, tables
from provenance.fleet.evidence import gathered, not_gathered
from provenance.fleet.heads import Heads
from provenance.fleet.mending import Derived, Stock, dropped, swept
from provenance.fleet.rules import Rules
from provenance.fleet.store import EVIDENCE, FleetStore, Part
from provenance.fleet.tables import Row
from provenance.lock.known import with_known_digests
from provenance.source.progress import Unit
from provenance.source.together import side_by_side
from provenance.workspace.gathering import Gathering
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject
from provenance.workspace.workspace import Workspace

AT_ONCE = 50
"""Models of one part: seconds of work, and one file."""
LONGEST = 64 << 20
EXPECTED = "expected org/name, a place, or a file that names a model a line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of a list: how many models were gathered now, were there already, and those that
    could not be had, each with the reason; of how many parts the indexes were made again."""

    gathered: int = 0
    there: int = 0
    indexed: int = 0
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """How many."""
        again = f", parts indexed again: {self.indexed}" if self.indexed else ""
        return f"{self.gathered} gathered, {self.there} there already{again}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one part will hold."""

    evidence: tuple[Row, ...]
    edges: tuple[Row, ...] = ()
    files: tuple[Row, ...] = ()


def listed(words: Sequence[str]) -> tuple[str, ...]:
    """The models that words name, each once: a model, or a file that names one a line; `-` is what
    is piped in.

    What stands behind a # in a file is a remark. ConfigError for a file that names none.
    """
    found = (ref for word in words for ref in (_lines(word) if _is_list(word) else (word,)))
    return tuple(dict.fromkeys(found))


def _is_list(word: str) -> bool:
    return word == "-" or Path(word).is_file()


def _lines(file: str) -> tuple[str, ...]:
    try:
        text = sys.stdin.read(LONGEST) if file == "-" else Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8"
        expected = "expected a file that names a model a line, or - for what is piped in"
        raise ConfigError(f"cannot be read ({said}): {expected}", path=file) from None
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    found = tuple(line for line in lines if line)
    if not found:
        raise ConfigError("names no model: expected one a line, org/name or a place", path=file)
    return found


def gather(
    store: Path,
    workspace: Workspace,
    request: Request,
    words: Sequence[str],
    *,
    again: bool = False,
) -> Gathered:
    """The evidence on every model that `words` name lies in the store, or why it could not be had.

    What was gathered before is not asked for, unless `again`, where it was spoiled or where the
    settings now ask for other files of it, another revision or another place; without words the
    models of the store are meant. An index that is not as it was written is made again. Raises
    ConfigError where another process gathers there, or for words and rules that cannot be used, and
    SourceError where nothing can be written; what a model or its Hub does wrong is a row.
    """
    for word in words:
        if not _is_list(word):
            _session(workspace, request, word)
    session, refs = workspace.session(request, needs_models=False), listed(words)
    opened = FleetStore.made(store) if refs else FleetStore.opened(store)
    with opened.gathering():
        swept(opened)
        stock = Stock.of(opened, session.settings)
        if not (refs or stock.models or stock.lost):
            raise ConfigError(f"names no model, and {store} holds none: {EXPECTED}", path="gather")
        rules = Rules.of(session, workspace.now())
        derived = {part: Derived.of(opened, part, rules) for part in stock.bare}
        unread = {ref for one in derived.values() for ref in one.unread}
        todo, there = stock.todo(refs, unread, again=again)
        missing = tuple(_added(opened, workspace, request, todo))
        for part, one in derived.items():
            one.keep(opened, part)
        dropped(opened, stock.spoiled)
    return Gathered(
        gathered=len(todo) - len(missing), there=there, missing=missing, indexed=len(derived)
    )


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


def _kept(store: FleetStore, found: Found) -> None:
    """The part and its indexes lie in the store; the evidence comes first, for whatever else can be
    made from it again."""
    data = tables.packed(found.evidence, tables.EVIDENCE)
    part = Part.of(max((one.number for one in store.named()), default=0) + 1, data)
    store.write(data, EVIDENCE, part.name)
    refs = tuple(row["ref"] for row in found.evidence)
    Derived(refs=refs, edges=found.edges, files=found.files).keep(store, part)


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
            gathering = workspace.gathering(_session(workspace, request, ref))
            meant.append((ref, gathering, gathering.session.one))
        except ProvenanceError as error:
            rows.append(not_gathered(ref, str(error)))
    return meant, rows


def _session(workspace: Workspace, request: Request, ref: str) -> Session:
    """The session of the one model that a line of the list means, or ConfigError."""
    text, said = lines.parts(ref)
    own = replace(request, refs=(text,), named=said)
    session = workspace.session(own)
    return replace(session, subjects=(session.one,))


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
