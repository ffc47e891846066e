"""What a fleet is asked: who descends from whom, what came out otherwise, and SQL that reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from provenance.errors import ConfigError
from provenance.fleet import querying, tables
from provenance.fleet.desk import Question, query
from provenance.fleet.evidence import not_gathered
from provenance.fleet.mending import Derived
from provenance.fleet.querying import Fleet
from provenance.fleet.running import Work, judged
from provenance.fleet.store import EVIDENCE, FleetStore, Part
from provenance.source.progress import Silent
from tests.fleet import models

WHY = {"reason": "EX-1"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> FleetStore:
    top = tmp_path_factory.mktemp("fleet")
    return models.filled(top / "fleet", models.mix(15, 4, generations=2), 4)


def test_the_descendants_of_a_model_are_named_with_their_paths(fleet: FleetStore) -> None:
    found = query(fleet.root, Question(descends_from="lab1/base"))
    rows = [(row[0], row[-1]) for row in found.rows]
    assert rows == [
        ("team1/m1", "team1/m1 ← tuner1/step1 ← lab1/base"),
        ("team11/m11", "team11/m11 ← tuner4/step1 ← lab1/base"),
    ]


def test_a_model_that_is_asked_for_is_among_the_answers(fleet: FleetStore) -> None:
    found = query(fleet.root, Question(descends_from="acme/bot3"))
    assert [(row[0], row[-1]) for row in found.rows] == [("acme/bot3", "acme/bot3")]


NOTES = {
    "lab1/bsae": "; did you mean lab1/base?",
    "LAB1/base": "; did you mean lab1/base?",
    "nobody/knows": "",
    "lab1/base": None,
}


@pytest.mark.parametrize("name", NOTES)
def test_a_name_that_nobody_speaks_of_is_said_to_be_one(name: str, fleet: FleetStore) -> None:
    found, expected = query(fleet.root, Question(descends_from=name)), NOTES[name]
    told = f"no gathered model is {name} or was made from it{expected}"
    assert found.notes == (() if expected is None else (told,))
    assert bool(found.rows) is (expected is None)


def test_another_release_of_a_name_descends_from_what_it_names_itself(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    chain(store, [("a/bot", "lab/base"), ("a/kid", "a/bot")], {"a/bot": "bot v1"})
    chain(store, [("a/bot", "lab/safe")], {"a/bot": "bot v2"})
    paths = {
        base: [(row[0], row[-1]) for row in query(store.root, Question(descends_from=base)).rows]
        for base in ("lab/base", "lab/safe")
    }
    kid = ("a/kid", "a/kid ← a/bot ← {}")
    assert paths == {
        "lab/base": [("bot v1", "a/bot ← lab/base"), (kid[0], kid[1].format("lab/base"))],
        "lab/safe": [("bot v2", "a/bot ← lab/safe"), (kid[0], kid[1].format("lab/safe"))],
    }


def chain(
    store: FleetStore, steps: list[tuple[str, str]], refs: Mapping[str, str] | None = None
) -> None:
    """Edges of nobody's evidence, in a part of their own; `refs` are those of some children."""
    known = refs or {}
    rows = [
        {
            "ref": known.get(child, child),
            "child": child,
            "parent": parent,
            "relation": "",
            "word": "declared",
        }
        for child, parent in steps
    ]
    named = {row["ref"]: row["child"] for row in rows}
    models_ = [
        {"ref": ref, "name": ref, "repo": repo, "missing": ""} for ref, repo in named.items()
    ]
    data = tables.packed(models_, tables.EVIDENCE)
    part = Part.of(1 + len(store.parts()), data)
    store.write(data, EVIDENCE, part.name)
    own = tuple(row["ref"] for row in models_)
    Derived(refs=own, edges=tuple(rows)).keep(store, part)


def test_a_circle_ends_and_the_shortest_path_is_told(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    chain(store, [("a/a", "a/b"), ("a/b", "a/c"), ("a/c", "a/a"), ("a/a", "a/c")])
    found = query(store.root, Question(descends_from="a/c"))
    assert [row[-1] for row in found.rows] == ["a/c", "a/a ← a/c", "a/b ← a/c"]


def test_a_merge_of_merges_has_more_paths_than_anybody_counts_and_is_answered(
    tmp_path: Path,
) -> None:
    """Ten layers of ten, each of which is made from all of the one above."""
    store = FleetStore.made(tmp_path / "fleet")
    steps = [
        (f"l{n}/m{child}", f"l{n + 1}/m{parent}")
        for n in range(10)
        for child in range(10)
        for parent in range(10)
    ]
    chain(store, steps)
    found = query(store.root, Question(descends_from="l10/m0"))
    assert len(found.rows) == 100
    assert max(str(row[-1]).count("←") for row in found.rows) == 10


def test_what_came_out_otherwise_is_told(fleet: FleetStore) -> None:
    before, after = models.rules(), models.rules({"repo": "acme/bot3", **WHY})
    for rules in (before, after):
        judged(fleet, rules, Work(), Silent())
    found = query(fleet.root, Question(changed=before.key[:12]))
    assert [row[:3] for row in found.rows] == [("acme/bot3", "pass", "fail")]
    assert "EX-1" in str(found.rows[0][3])


def test_of_a_model_that_was_gathered_again_the_newest_counts(tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", [models.signed(1), models.small(2)])
    models.added(store, [models.signed(1, "stranger")])
    rules = models.rules()
    judged(store, rules, Work(), Silent())
    found = query(store.root, Question(sql="SELECT ref, result FROM verdicts ORDER BY ref"))
    assert found.rows == (("acme/bot1", "fail"), ("free/s2", "fail"))


def test_a_store_without_a_verdict_is_asked_all_the_same(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    for name in ("models", "verdicts", "signers", "edges", "files", "runs"):
        assert Fleet(store, ()).sql(f"SELECT * FROM {name}").rows == ()


TABLES = ("models", "edges", "files", "runs", "verdicts", "signers")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_typed_without_quotes(table: str, fleet: FleetStore) -> None:
    columns = query(fleet.root, Question(sql=f"SELECT * FROM {table}")).columns
    assert columns
    for column in columns:
        words = f"SELECT {column} AS {column} FROM {table} GROUP BY {column} ORDER BY {column}"
        assert query(fleet.root, Question(sql=words)).columns == (column,)


def test_no_column_of_a_file_has_a_word_of_sql_for_its_name() -> None:
    every = {*tables.EVIDENCE, *tables.EDGES, *tables.FILES, *tables.VERDICTS, *tables.RUNS}
    known = duckdb.execute(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    ).fetchall()
    assert "at" in {word for (word,) in known}
    assert not every & {word for (word,) in known}


def test_a_store_with_the_columns_of_an_older_version_is_asked_all_the_same(
    tmp_path: Path,
) -> None:
    store = models.filled(tmp_path / "fleet", [models.small(1)])
    row = {"ref": "old", "name": "old", "missing": "", "at": "2026-01-01"}
    data = tables.packed([row], {**dict.fromkeys(row, tables.TEXT)})
    part = Part.of(9, data)
    store.write(data, EVIDENCE, part.name)
    Derived(refs=("old",)).keep(store, part)
    found = query(store.root, Question(sql="SELECT ref, gathered_at FROM models ORDER BY ref"))
    assert found.rows == (("free/s1", models.AT.isoformat()), ("old", "2026-01-01"))


def test_of_what_could_not_be_gathered_nobody_knows_and_that_is_said(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    data = tables.packed([not_gathered("a/b", "it does not answer")], tables.EVIDENCE)
    part = Part.of(1, data)
    store.write(data, EVIDENCE, part.name)
    Derived(refs=("a/b",)).keep(store, part)
    found = query(store.root, Question(descends_from="lab/base"))
    assert found.rows == ()
    assert found.notes[1] == "models that could not be gathered, of which nobody knows: 1"


WRITES = {
    "a file": "COPY (SELECT 1) TO '{store}/x.csv'",
    "a file, behind a question": "SELECT 1; COPY (SELECT 1) TO '{store}/x.csv'",
    "a table": "CREATE TABLE x AS SELECT 1",
    "another database": "ATTACH '{store}/x.db'",
    "settings": "SET enable_external_access = true",
    "an extension": "INSTALL httpfs",
    "nothing": "",
    "no SQL": "who descends from whom",
}


@pytest.mark.parametrize("what", WRITES)
def test_sql_that_does_more_than_ask_is_refused(what: str, fleet: FleetStore) -> None:
    before = sorted(fleet.root.rglob("*"))
    with pytest.raises(ConfigError):
        query(fleet.root, Question(sql=WRITES[what].format(store=fleet.root)))
    assert sorted(fleet.root.rglob("*")) == before


OUTSIDE = (
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM glob('{top}/*')",
    "SELECT * FROM read_text('{store}/../secret.csv')",
    "SELECT * FROM read_csv('https://localhost:1/x.csv')",
    "SELECT getenv('HOME')",
)


@pytest.mark.parametrize("words", OUTSIDE)
def test_nothing_outside_of_the_store_is_read(words: str, tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", [models.small(1)])
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n")
    told = words.format(file=file, top=tmp_path, store=store.root)
    with pytest.raises(ConfigError):
        query(store.root, Question(sql=told))


QUESTIONS = {
    "none": Question(),
    "two": Question(sql="SELECT 1", changed="a"),
    "no name": Question(descends_from="bert"),
    "no run": Question(changed="zz"),
}


@pytest.mark.parametrize("what", QUESTIONS)
def test_a_question_that_means_nothing_says_what_was_expected(what: str, fleet: FleetStore) -> None:
    with pytest.raises(ConfigError, match="expected"):
        query(fleet.root, QUESTIONS[what])


WIDE = {
    "LONGEST": (
        "SELECT count(*) FROM range(9999999) a, range(9999999) b",
        0.05,
        "in 0.05 second",
    ),
    "MOST": ("SELECT * FROM range(100)", 99, "more than 99 rows: add a LIMIT"),
}


@pytest.mark.parametrize("bound", WIDE)
def test_a_question_is_bounded(
    bound: str, fleet: FleetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, most, said = WIDE[bound]
    monkeypatch.setattr(querying, bound, most)
    with pytest.raises(ConfigError, match=said):
        query(fleet.root, Question(sql=words))
