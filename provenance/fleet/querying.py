"""Questions to a fleet, answered by DuckDB over the files of its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow

from provenance.errors import ConfigError, SourceError
from provenance.fleet import tables
from provenance.fleet.changes import Change
from provenance.fleet.store import EDGES, EVIDENCE, FILES, FleetStore, Part, is_whole

CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}
NEWEST = """
CREATE VIEW models AS
SELECT * EXCLUDE (filename, evidence), parse_filename(filename) AS part FROM all_evidence
QUALIFY row_number() OVER (PARTITION BY ref ORDER BY filename DESC) = 1
"""
VIEWS = {
    "edges": "CREATE VIEW edges AS SELECT e.* EXCLUDE (filename) FROM all_edges e "
    "JOIN models m ON m.ref = e.ref AND m.part = parse_filename(e.filename)",
    "files": "CREATE VIEW files AS SELECT f.* EXCLUDE (filename) FROM all_files f "
    "JOIN models m ON m.ref = f.ref AND m.part = parse_filename(f.filename)",
    "verdicts": "CREATE VIEW verdicts AS SELECT v.* EXCLUDE (filename, asked, bundles) "
    "FROM all_verdicts v JOIN models m ON m.ref = v.ref AND m.part = parse_filename(v.filename)",
    "signers": "CREATE VIEW signers AS SELECT ref, unnest(signers) AS signer FROM verdicts",
    "before": "CREATE VIEW before AS SELECT v.* EXCLUDE (filename, asked, bundles) "
    "FROM all_before v JOIN models m ON m.ref = v.ref AND m.part = parse_filename(v.filename)",
}
"""What may be asked about: of each model what was gathered last."""
DESCENDS = """
WITH RECURSIVE down(repo, path) USING KEY (repo) AS (
    SELECT $1, [$1]
    UNION
    SELECT e.child, min(list_prepend(e.child, d.path))
    FROM edges e JOIN down d ON e.parent = d.repo
    WHERE NOT EXISTS (SELECT 1 FROM recurring.down r WHERE r.repo = e.child)
    GROUP BY e.child
), own AS (
    SELECT ref, coalesce(repo, ref) AS name, missing <> '' AS unread FROM models
), found(ref, path) AS (
    SELECT o.ref, d.path FROM own o JOIN down d ON d.repo = o.name WHERE o.name = $1 OR o.unread
    UNION ALL
    SELECT o.ref, list_prepend(o.name, d.path)
    FROM own o JOIN edges e ON e.ref = o.ref AND e.child = o.name JOIN down d ON d.repo = e.parent
    WHERE o.name <> $1
)
SELECT m.ref, m.repo, m.commit, coalesce(v.result, 'not judged') AS result,
       array_to_string(arg_min(f.path, (len(f.path), f.path)), ' ← ') AS path
FROM models m JOIN found f ON f.ref = m.ref LEFT JOIN verdicts v ON v.ref = m.ref
GROUP BY m.ref, m.repo, m.commit, v.result
ORDER BY min(len(f.path)), m.ref
"""
"""A model's first step is by its own evidence: another release of it may be made from something
else. Of what could not be gathered, any evidence on its name counts."""
NEAR = """
SELECT name FROM (
    SELECT parent AS name FROM edges UNION SELECT child FROM edges UNION SELECT repo FROM models
)
WHERE levenshtein(lower(name), lower($1)) <= 1 + len($1) // 5
ORDER BY levenshtein(lower(name), lower($1)), name LIMIT 1
"""
CHANGED = """
SELECT coalesce(v.ref, b.ref) AS ref, b.result AS before, v.result AS now, v.reason
FROM verdicts v FULL JOIN before b ON b.ref = v.ref
WHERE b.result IS DISTINCT FROM v.result OR b.reason IS DISTINCT FROM v.reason
   OR b.rules IS DISTINCT FROM v.rules
ORDER BY 1
"""
REACHED = """
SELECT parse_filename(filename) AS part, list(ref) FROM all_before
WHERE list_has_any(asked, $1) OR (bundles AND $2) OR result = 'not judged'
GROUP BY ALL
"""
COUNTS = "SELECT result, count(*) FROM verdicts GROUP BY ALL"
WORST = """
SELECT ref, result, reason FROM verdicts WHERE result <> 'pass'
ORDER BY CASE result WHEN 'fail' THEN 0 WHEN 'not judged' THEN 1 ELSE 2 END, ref LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows of an answer, under the names of their columns; `note` is what they do not say."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    note: str = ""


class Fleet:
    """The files of a store as tables: `models`, `edges`, `files`, and the `verdicts` and `signers`
    of a run.

    Nothing outside of the store is read, and nothing at all is written. `before` is a run to
    compare with, `parts` are those that are meant if not all.
    """

    def __init__(
        self,
        store: FleetStore,
        run: str = "",
        before: str = "",
        parts: Sequence[Part] | None = None,
        runs: Sequence[tables.Row] = (),
    ) -> None:
        self._door = duckdb.connect(config=CLOSED)
        self._door.execute("SET allowed_directories = $1", [[str(store.root.resolve())]])
        self._door.execute("SET enable_external_access = false")
        self._parts = store.parts() if parts is None else tuple(parts)
        root = store.root.resolve()
        self._view("all_evidence", root / EVIDENCE, tables.EVIDENCE)
        self._door.execute(NEWEST)
        self._view("all_edges", root / EDGES, tables.EDGES)
        self._view("all_files", root / FILES, tables.FILES)
        own = FleetStore(root=root)
        self._view("all_verdicts", own.run(run) if run else None, tables.VERDICTS)
        self._view("all_before", own.run(before) if before else None, tables.VERDICTS)
        schema = pyarrow.schema(list(tables.RUNS.items()))
        self._door.register("runs", pyarrow.Table.from_pylist(list(runs), schema=schema))
        for words in VIEWS.values():
            self._door.execute(words)
        self._door.execute("SET lock_configuration = true")

    def _view(self, name: str, folder: Path | None, columns: tables.Columns) -> None:
        places = [folder / part.name for part in self._parts] if folder else []
        whole = [str(place) for place in places if is_whole(place)]
        if whole:
            self._door.read_parquet(whole, filename=True).create_view(name)
            return
        fields = [*columns.items(), ("filename", tables.TEXT)]
        self._door.register(name, pyarrow.schema(fields).empty_table())

    def ask(self, words: str, given: Sequence[object] = ()) -> Answer:
        """The rows that a question has, or SourceError for what DuckDB says against it."""
        try:
            found = self._door.execute(words, list(given))
            columns = tuple(one[0] for one in found.description or ())
            return Answer(columns=columns, rows=tuple(map(tuple, found.fetchall())))
        except duckdb.Error as error:
            raise SourceError(f"the fleet cannot be asked: {str(error)[:400]}") from None

    def descends_from(self, name: str) -> Answer:
        """The models with this ancestor, or the model itself; a note where nobody speaks of it."""
        found = self.ask(DESCENDS, [name])
        if found.rows:
            return found
        near = [str(row[0]) for row in self.ask(NEAR, [name]).rows if row[0] != name]
        meant = f"; did you mean {near[0]}?" if near else ""
        return replace(found, note=f"no gathered model is {name} or was made from it{meant}")

    def sql(self, words: str) -> Answer:
        """The rows of the one SELECT in `words`; ConfigError for anything else."""
        try:
            statements = duckdb.extract_statements(words)
            kinds = [one.type for one in statements]
        except duckdb.Error as error:
            raise ConfigError(f"cannot be read: {str(error)[:400]}", path="SQL") from None
        if kinds != [duckdb.StatementType.SELECT]:
            said = ", ".join(kind.name for kind in kinds) or "nothing"
            raise ConfigError(f"expected one SELECT, found {said}", path="SQL")
        try:
            return self.ask(words)
        except SourceError as error:
            raise ConfigError(str(error), path="SQL") from None

    def counts(self) -> Mapping[str, int]:
        """How many models came out how."""
        return {str(result): int(str(count)) for result, count in self.ask(COUNTS).rows}


def reached(
    store: FleetStore, run: str, parts: Sequence[Part], change: Change
) -> dict[Part, frozenset[str]]:
    """The models, by their part, whose verdicts of a run a change can reach."""
    if change.is_nothing:
        return {}
    marks = sorted(change.marks)
    found = Fleet(store, before=run).ask(REACHED, [marks, change.bundles])
    refs = {str(name): frozenset(map(str, _listed(refs))) for name, refs in found.rows}
    return {part: refs[part.name] for part in parts if part.name in refs}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
