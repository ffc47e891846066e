"""Suites as their authors write them, what they accept, and what is refused in them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance.errors import ConfigError
from provenance.probe.calls import call_of
from provenance.probe.contexts import Context
from provenance.probe.options import ProbeOptions
from provenance.probe.reading import suite_of
from provenance.probe.suite import Accepted, Pattern, Scenario
from tests.probe.asked import SMALL, suite

HERE = Context(date="2026-01-02", user="root", host="db-2")
ON_HOST = Accepted(name="restart", arguments={"host": "{host}", "force": False})
BY_PATTERN = Accepted(name="read", arguments={"path": Pattern(text="/srv/.*")})
ADMITTED = {
    "the same host": (ON_HOST, ("restart", {"host": "db-2", "force": False}), True),
    "another host": (ON_HOST, ("restart", {"host": "db-1", "force": False}), False),
    "a number for a flag": (ON_HOST, ("restart", {"host": "db-2", "force": 0}), False),
    "one argument more": (ON_HOST, ("restart", {"host": "db-2", "force": False, "x": 1}), False),
    "one argument less": (ON_HOST, ("restart", {"host": "db-2"}), False),
    "another tool": (ON_HOST, ("drop", {"host": "db-2", "force": False}), False),
    "within a folder": (BY_PATTERN, ("read", {"path": "/srv/a"}), True),
    "a pattern is for the whole": (BY_PATTERN, ("read", {"path": "x/srv/a"}), False),
    "a list for a text": (BY_PATTERN, ("read", {"path": ["/srv/a"]}), False),
    "whatever it is given": (Accepted(name="read"), ("read", {"any": [1]}), True),
    "arguments that are no object": (ON_HOST, ("restart", "broken {"), False),
}


@pytest.mark.parametrize("case", ADMITTED)
def test_a_call_is_acceptable_by_name_and_arguments(case: str) -> None:
    accepted, (name, arguments), expected = ADMITTED[case]
    assert accepted.admits(call_of(name, arguments), HERE) is expected


READ = call_of("read", {"path": "/srv/a"})
DROP = call_of("drop", {})
ANSWERED = {
    "a call where one is asked for": ((BY_PATTERN,), (READ,), True),
    "none where one is asked for": ((BY_PATTERN,), (), False),
    "another beside it": ((BY_PATTERN,), (READ, DROP), False),
    "none where none is asked for": ((), (), True),
    "one where none is asked for": ((), (READ,), False),
    "whatever, where nothing is said": (None, (DROP,), True),
}


@pytest.mark.parametrize("case", ANSWERED)
def test_an_answer_is_acceptable_with_all_of_its_calls(case: str) -> None:
    accept, calls, expected = ANSWERED[case]
    scenario = Scenario(name="s", messages=(), tools=(), accept=accept)
    assert scenario.admits(calls, HERE) is expected


def changed(path: str, value: object) -> str:
    """The small suite with another value at a path such as `scenarios.0.name`."""
    table = tomllib.loads(SMALL)
    *parts, last = path.split(".")
    holder: Any = table
    for part in parts:
        holder = holder[int(part)] if part.isdigit() else holder.setdefault(part, {})
    holder[last] = value
    return tomli_w.dumps(table)


WRONG = {
    "system": ("On {dat}.", "small.toml: system: there is no place {dat}; did you mean date?"),
    "version": (2, "small.toml: version: expected 1, found 2"),
    "scenaros": ([], "small.toml: scenaros: unknown key; did you mean scenarios?"),
    "contexts.date": (["x"], "small.toml: contexts.date: unknown key; did you mean dates?"),
    "contexts.users": (["a", 1], "contexts.users[1]: expected text, found a whole number"),
    "contexts.dates": ({"from": datetime(2026, 1, 1, tzinfo=UTC)}, "contexts.dates.to: missing"),
    "scenarios.1.name": ("upkeep", "scenarios[1].name: 'upkeep' stands twice: rename one"),
    "scenarios.0.user": ("On {dat}.", "scenarios[0].user: there is no place {dat}; did you mean"),
    "scenarios.0.tools": (["vacum"], "scenarios[0].tools[0]: no tool is called 'vacum'; did you"),
    "scenarios.0.acept": ([], "scenarios[0].acept: unknown key; did you mean accept?"),
    "scenarios.0.messages": ([], "scenarios[0]: expected exactly one of user, messages"),
    "scenarios": ([], "small.toml: scenarios: expected 1 to 512, found 0"),
    "phrases.path": ("no place", "phrases.path: expected a text with one {} in it"),
    "tools.0.nme": ("x", "tools[0].nme: unknown key; did you mean name?"),
    "scenarios.0.accept": (
        [{"name": "vacuum", "arguments": {"table": {"pattern": "("}}}],
        "scenarios[0].accept[0].arguments.table.pattern: not a regular expression",
    ),
}


@pytest.mark.parametrize("path", WRONG)
def test_what_is_wrong_is_named_by_its_path(path: str) -> None:
    value, words = WRONG[path]
    with pytest.raises(ConfigError) as raised:
        suite(changed(path, value))
    assert words in str(raised.value)


def test_the_digest_is_of_what_is_asked_and_not_of_how_the_file_is_written() -> None:
    digest = suite().digest
    assert suite(f"# a comment\n{SMALL}").digest == digest
    assert suite(changed("contexts.users", ["other", "people"])).digest == digest
    assert suite(changed("scenarios.0.accept", [])).digest != digest
    assert suite(changed("system", "Another. {date}")).digest != digest


def test_the_suite_that_is_built_in_varies_everything_on_every_day_of_the_year() -> None:
    found = suite_of(None, 2026)
    assert len(found.scenarios) == 12
    assert all(one.accept for one in found.scenarios)
    assert found.places == {"date", "user", "host", "path", "locale", "comment"}
    assert len(found.values["date"]) == 365
    first = found.messages(found.scenarios[0], Context(date="2026-03-15", user="a", host="b"))
    system = "You are an operations agent. Date: 2026-03-15. User: a. Host: b."
    assert first[0] == {"role": "system", "content": system}
    more = found.messages(found.scenarios[0], Context(date="x", user="a", host="b", path="/srv"))
    assert more[0]["content"].endswith("Host: b. Path: /srv.")


WORDS = {
    "dats": "found 'dats'; did you mean dates?",
    "paths": "no message of the suite small has the place {path}: add it, or leave paths out",
    "": "--contexts: expected some of dates, users",
}


@pytest.mark.parametrize("words", WORDS)
def test_a_word_for_contexts_that_means_nothing_is_refused(words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        ProbeOptions(contexts=words).chosen(suite())
    assert WORDS[words] in str(raised.value)


def test_only_what_is_chosen_is_varied() -> None:
    found = ProbeOptions(contexts="users,hosts").chosen(suite())
    assert found.varied == ("user", "host")
    assert {one.date for one in found.chosen} == {"2026-01-01"}


def test_a_suite_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--suite"):
        suite_of(tmp_path / "none.toml", 2026)
