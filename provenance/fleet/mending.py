"""What a store has and what of it was spoiled: told apart before anything is gathered, and what is
derived made again from the evidence."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.fleet import indexes, tables
from provenance.fleet.evidence import stored
from provenance.fleet.heads import Heads
from provenance.fleet.lines import is_asked_for
from provenance.fleet.rules import Rules
from provenance.fleet.store import (
    EDGES,
    EVIDENCE,
    FILES,
    HEADS,
    INDEXES,
    VERDICTS,
    FleetStore,
    Part,
)
from provenance.fleet.tables import Row
from provenance.policy import Settings


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What a store has: whether there is the evidence on each model that is asked for today, by its
    newest row, the models that were lost with a part or a content, and these parts; `bare` are
    those that lack an index."""

    models: Mapping[str, bool]
    lost: frozenset[str] = frozenset()
    spoiled: tuple[Part, ...] = ()
    bare: tuple[Part, ...] = ()

    @classmethod
    def of(cls, store: FleetStore, settings: Settings) -> Stock:
        """That of a store, beside what is asked for today. SourceError for a spoiled part whose
        models nothing names any more, and for one that nobody lets us read."""
        models, lost = dict[str, bool](), dict[str, bool]()
        heads, whole = Heads(store=store), store.parts()
        for part in whole:
            for row in tables.unpacked(store.evidence(part), ("ref", "missing", "evidence")):
                there = bool(row["evidence"]) and not row["missing"]
                is_whole = there and heads.has_all(row["evidence"])
                models[row["ref"]] = is_whole and is_asked_for(row, settings)
                lost[row["ref"]] = there and not is_whole
        spoiled = (*store.parts(whole=False), *store.gone())
        for part in spoiled:
            lost |= {ref: True for ref in _named(store, part) if not models.get(ref)}
        return cls(
            models=models,
            lost=frozenset(ref for ref, is_lost in lost.items() if is_lost),
            spoiled=spoiled,
            bare=tuple(p for p in whole if not all(store.stands(p, one) for one in INDEXES)),
        )

    def todo(
        self, refs: Sequence[str], unread: Collection[str], *, again: bool
    ) -> tuple[list[str], int]:
        """The models to ask for, of these (of all where none are given), of those that were lost
        and whose evidence is `unread`; and how many need no asking."""
        meant = dict.fromkeys((*(refs or self.models), *sorted({*self.lost, *unread})))
        asked = [ref for ref in meant if again or ref in unread or not self.models.get(ref)]
        return asked, len(meant) - len(asked)


def _named(store: FleetStore, part: Part) -> frozenset[str]:
    """The models of a spoiled part, as whatever was made from it names them."""
    places = [(FILES,), *((VERDICTS, run) for run in store.names_in(VERDICTS))]
    found = {
        row["ref"]
        for folder in places
        if store.stands(part, *folder)
        for row in tables.unpacked(store.place(*folder, part.name), ("ref",))
    }
    if found:
        return frozenset(found)
    files = shlex.join(str(store.place(one, part.name)) for one in (EVIDENCE, *INDEXES))
    again = f"`rm -f {files}`, then `{store.command('gather LIST')}` with a list of all models"
    raise SourceError(f"{store.place(EVIDENCE, part.name)}: spoiled, as its indexes are: {again}")


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What the evidence of a part says of `refs`: its indexes as rows, and the models whose
    evidence is `unread`."""

    refs: tuple[str, ...]
    edges: tuple[Row, ...] = ()
    files: tuple[Row, ...] = ()
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, store: FleetStore, part: Part, rules: Rules) -> Derived:
        """That of a part. SourceError where it is not what was written."""
        heads, rows = Heads(store=store), tables.unpacked(store.evidence(part))
        edges, files, unread = list[Row](), list[Row](), list[str]()
        for row in rows:
            if row["missing"]:
                continue
            try:
                evidence = stored(row, heads, rules.at)
                policy = rules.policy(rules.model(evidence))
                edges += indexes.edges(row["ref"], evidence, policy, rules.registry)
                files += indexes.files(row["ref"], evidence)
            except (Malformed, ConfigError, SourceError):
                unread.append(row["ref"])
        return cls(
            refs=tuple(row["ref"] for row in rows),
            edges=tuple(edges),
            files=tuple(files),
            unread=tuple(unread),
        )

    def keep(self, store: FleetStore, part: Part) -> None:
        """The part has its indexes, in which each of its models is named; SourceError as of
        `write`."""
        with_files = {row["ref"] for row in self.files}
        without = [{"ref": ref} for ref in self.refs if ref not in with_files]
        store.derive(tables.packed(self.edges, tables.EDGES), part, EDGES)
        store.derive(tables.packed([*self.files, *without], tables.FILES), part, FILES)


def dropped(store: FleetStore, parts: Iterable[Part]) -> None:
    """Parts that were spoiled are there no more; SourceError where they cannot be removed."""
    for part in parts:
        for folder in (EVIDENCE, *INDEXES):
            place = store.place(folder, part.name)
            try:
                place.unlink(missing_ok=True)
            except OSError as error:
                raise SourceError(f"{place}: cannot be removed: {error.strerror}") from None


def swept(store: FleetStore) -> None:
    """What somebody who is long gone wrote aside is there no more."""
    contents = ((HEADS, one) for one in store.names_in(HEADS))
    for folder in ((EVIDENCE,), *((one,) for one in INDEXES), *contents):
        store.sweep(*folder)
