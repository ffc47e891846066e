"""Questions to a fleet, answered by DuckDB over the files of its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Timer

import duckdb
import pyarrow

from provenance.errors import ConfigError, SourceError
from provenance.fleet import questions, tables
from provenance.fleet.changes import Change
from provenance.fleet.store import EDGES, EVIDENCE, FILES, VERDICTS, FleetStore, Part

LONGEST = 300.0
"""Seconds that one question may take."""
MOST = 1_000_000
"""Rows of one answer."""
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows of an answer, under the names of their columns; `notes` are what they do not say.

    Where it is about verdicts, `gaps` are the models that have none in the run; `step` makes them.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    notes: tuple[str, ...] = ()
    gaps: int = 0
    step: str = ""


class Fleet:
    """The files of a store as tables: `models`, `edges`, `files`, and the `verdicts` and `signers`
    of a run, of which each model has a row.

    Nothing outside of the store is read, and nothing at all is written. `parts` are those that are
    meant, each of which was found to be as it was written; `before` is a run to compare with.
    Without `indexed` nothing is known of edges and files.
    """

    def __init__(
        self,
        store: FleetStore,
        parts: Sequence[Part],
        run: str = "",
        before: str = "",
        runs: Sequence[tables.Row] = (),
        *,
        indexed: bool = True,
    ) -> None:
        own = FleetStore(root=store.root.resolve())
        self._door = duckdb.connect(config=CLOSED)
        self._door.execute("SET allowed_directories = $1", [[str(own.root)]])
        self._door.execute("SET enable_external_access = false")
        listed = parts if indexed else ()
        self._view("evidence", own, parts, {**tables.EVIDENCE, **tables.OLDER}, EVIDENCE)
        self._view("edges", own, listed, tables.EDGES, EDGES)
        self._view("files", own, listed, tables.FILES, FILES)
        for name, meant in (("verdicts", run), ("before", before)):
            made = set(own.named(VERDICTS, meant) if meant else ())
            there = [part for part in parts if part in made]
            self._view(name, own, there, tables.VERDICTS, VERDICTS, meant)
        schema = pyarrow.schema(list(tables.RUNS.items()))
        self._door.register("runs", pyarrow.Table.from_pylist(list(runs), schema=schema))
        for words in questions.VIEWS:
            self._door.execute(words)
        self._door.execute("SET lock_configuration = true")

    def _view(
        self,
        name: str,
        store: FleetStore,
        parts: Sequence[Part],
        columns: tables.Columns,
        *folder: str,
    ) -> None:
        """The files as a table, beside an empty one of these columns: theirs may be older."""
        fields = [*columns.items(), ("filename", tables.TEXT)]
        none = pyarrow.schema(fields).empty_table()
        self._door.register(f"no_{name}", none)
        places = [str(store.place(*folder, part.name)) for part in parts]
        if places:
            found = self._door.read_parquet(places, filename=True, union_by_name=True)
            found.create_view(f"some_{name}")
        else:
            self._door.register(f"some_{name}", none)

    def ask(self, words: str, given: Sequence[object] = ()) -> Answer:
        """The rows that a question has; ConfigError for one that takes too long or has too many,
        SourceError for what DuckDB says against it."""
        late = Timer(LONGEST, self._door.interrupt)
        late.start()
        try:
            found = self._door.execute(words, list(given))
            columns = tuple(one[0] for one in found.description or ())
            rows = found.fetchmany(MOST + 1)
        except duckdb.InterruptException:
            message = f"no answer came in {LONGEST:g} seconds: ask for fewer models, or count them"
            raise ConfigError(message, path="SQL") from None
        except duckdb.Error as error:
            raise SourceError(f"the fleet cannot be asked: {str(error)[:400]}") from None
        finally:
            late.cancel()
        if len(rows) > MOST:
            message = f"the answer has more than {MOST:,} rows: add a LIMIT, or count them"
            raise ConfigError(message, path="SQL")
        return Answer(columns=columns, rows=tuple(map(tuple, rows)))

    def descends_from(self, name: str) -> Answer:
        """The models with this ancestor, or the model itself; a note where nobody speaks of it, and
        on models of which nobody knows."""
        found = self.ask(questions.DESCENDS, [name])
        notes = [] if found.rows else [self._unspoken(name)]
        unknown = int(str(self.ask(questions.UNKNOWN).rows[0][0]))
        if unknown:
            notes.append(f"models that could not be gathered, of which nobody knows: {unknown}")
        return replace(found, notes=tuple(notes))

    def _unspoken(self, name: str) -> str:
        near = [str(row[0]) for row in self.ask(questions.NEAR, [name]).rows if row[0] != name]
        meant = f"; did you mean {near[0]}?" if near else ""
        return f"no gathered model is {name} or was made from it{meant}"

    def changed(self) -> Answer:
        """The models that came out otherwise than in the run before, and where some may have."""
        return replace(self.ask(questions.CHANGED), gaps=self.lacking)

    def sql(self, words: str) -> Answer:
        """The rows of the one SELECT in `words`; ConfigError for anything else."""
        try:
            kinds = [one.type for one in duckdb.extract_statements(words)]
        except duckdb.Error as error:
            raise ConfigError(f"cannot be read: {str(error)[:400]}", path="SQL") from None
        if kinds != [duckdb.StatementType.SELECT]:
            said = ", ".join(kind.name for kind in kinds) or "nothing"
            raise ConfigError(f"expected one SELECT, found {said}", path="SQL")
        try:
            found = self.ask(words)
        except SourceError as error:
            raise ConfigError(str(error), path="SQL") from None
        about_verdicts = any(table in words.lower() for table in questions.OF_VERDICTS)
        return replace(found, gaps=self.lacking if about_verdicts else 0)

    @property
    def lacking(self) -> int:
        """How many models have no verdict in the run."""
        return int(str(self.ask(questions.LACKING).rows[0][0]))

    def worst(self, most: int) -> tuple[tuple[str, str, str], ...]:
        """Of so many models that do not pass: which, how each came out, and why."""
        rows = self.ask(questions.WORST, [most]).rows
        return tuple((str(ref), str(result), str(reason)) for ref, result, reason in rows)

    def counts(self) -> Mapping[str, int]:
        """How many models came out how."""
        rows = self.ask(questions.COUNTS).rows
        return {str(result): int(str(count)) for result, count in rows}


def reached(
    store: FleetStore, run: str, parts: Sequence[Part], change: Change
) -> dict[Part, frozenset[str]]:
    """The models of these parts whose verdicts of a run a change can reach, by their part."""
    if change.is_nothing:
        return {}
    fleet = Fleet(store, parts, before=run, indexed=False)
    found = fleet.ask(questions.REACHED, [sorted(change.marks), change.bundles])
    refs = {str(name): frozenset(map(str, _listed(refs))) for name, refs in found.rows}
    return {part: refs[part.name] for part in parts if part.name in refs}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
