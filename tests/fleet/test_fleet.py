"""The commands, as they are typed: a list gathered from a Hub, judged, and asked about."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.fleet.store import EVIDENCE, FleetStore
from tests import forge
from tests.fleet import models
from tests.hub import Hub, status
from tests.hubs import FILES, UNSIGNED, Desk, card, desk, signed, trust

BASE, TUNED, BOT = UNSIGNED, "acme/tuned", "acme/bot"
LIST = f"# what we serve\n{TUNED}\n\n{BOT}  # the old one\n{TUNED}\n"
MODEL = {**forge.MODEL, "model.safetensors": forge.safetensors(b"base".ljust(16, b"."))}
MALWARE = pickle.dumps(os.system, 2)
CHILD = {**MODEL, "README.md": card(f"base_model: {BASE}")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    """A base that nobody signs, a signed model made from it, and another signed one."""
    with Hub(tmp_path) as hub:
        hub.commit(BASE, MODEL)
        hub.commit(TUNED, signed(tmp_path / "tuned", CHILD))
        hub.commit(BOT, signed(tmp_path / "bot", FILES))
        own = desk(tmp_path, hub)
        (own.folder / "models.txt").write_text(LIST)
        yield own


def gather(office: Desk, *words: str) -> tuple[int, str]:
    ended = office.run(
        "fleet", "gather", "models.txt", "--store", "fleet", "--registry", "trust.toml", *words
    )
    return ended.returncode, ended.stdout + ended.stderr


def judge(office: Desk, *words: str) -> tuple[int, str]:
    ended = office.run("fleet", "judge", "--store", "fleet", "--registry", "trust.toml", *words)
    return ended.returncode, ended.stdout + ended.stderr


def query(office: Desk, *words: str) -> list[dict[str, object]]:
    ended = office.run("fleet", "query", "--store", "fleet", "--json", *words)
    assert ended.returncode == 0, ended.stderr
    rows: list[dict[str, object]] = json.loads(ended.stdout)
    return rows


def test_after_a_revocation_the_affected_are_named_and_nobody_asks_a_hub(office: Desk) -> None:
    assert gather(office, "--rate", "api=1000/s") == (0, "2 gathered, 0 there already\n")
    office.hub.clear()
    code, said = judge(office)
    assert (code, "2 pass; 2 judged now" in said) == (0, True), said
    first = query(office, "SELECT run FROM runs")[0]["run"]
    office.trust(trust(revoked=[{"repo": BASE, "reason": "EX-7"}]))
    code, said = judge(office, "--only", "affected")
    assert (code, "1 fail, 1 pass; 1 judged now" in said) == (1, True), said
    (row,) = query(office, "--changed", str(first))
    assert (row["ref"], row["before"], row["now"]) == (TUNED, "pass", "fail")
    assert "EX-7" in str(row["reason"])
    (row,) = query(office, "--descends-from", BASE)
    assert (row["ref"], row["result"], row["path"]) == (TUNED, "fail", f"{TUNED} ← {BASE}")
    assert not office.hub.requests


def test_what_is_stored_is_not_asked_for_again_and_what_failed_is(office: Desk) -> None:
    office.hub.on(f"/api/models/{BOT}", status(403))
    code, said = gather(office)
    assert code == 5
    assert f"not gathered  {BOT}" in said
    assert "1 gathered, 0 there already" in said
    code, said = judge(office)
    assert code == 5
    assert f"not judged  {BOT}: not gathered: " in said
    office.hub.calm()
    office.hub.clear()
    assert gather(office) == (0, "1 gathered, 1 there already\n")
    asked = {request.path for request in office.hub.requests}
    assert not any(TUNED in path for path in asked)
    assert judge(office)[0] == 0


def test_a_list_of_an_editor_that_marks_its_encoding_is_read(office: Desk) -> None:
    (office.folder / "models.txt").write_text(LIST.partition("\n")[2], "utf-8-sig")
    assert gather(office) == (0, "2 gathered, 0 there already\n")


def test_a_part_that_was_cut_short_is_gathered_again(office: Desk) -> None:
    gather(office)
    store = FleetStore.opened(office.folder / "fleet")
    place = store.place(EVIDENCE, store.parts()[0].name)
    place.write_bytes(place.read_bytes()[:-9])
    code, said = judge(office)
    assert (code, "provenance fleet gather --store fleet" in said) == (5, True), said
    assert gather(office) == (0, "2 gathered, 0 there already\n")
    code, said = judge(office)
    assert code == 0, said


def test_what_lies_on_this_machine_is_gathered_under_the_name_that_is_said(
    office: Desk, tmp_path: Path
) -> None:
    (office.folder / "models.txt").write_text(f"{tmp_path / 'bot'} as {BOT}\nno/such/thing\n")
    code, said = gather(office)
    assert (code, "not gathered  no/such/thing" in said) == (5, True), said
    judge(office)
    rows = query(office, "SELECT repo, result FROM verdicts ORDER BY repo NULLS LAST")
    assert rows == [{"repo": BOT, "result": "pass"}, {"repo": None, "result": "not judged"}]


def test_models_are_named_on_the_command_line_and_without_any_those_of_the_store_are_meant(
    office: Desk, tmp_path: Path
) -> None:
    """A model that is typed, a place with the name that it claims, and a list, in one line."""
    words = (TUNED, f"{tmp_path / 'bot'} as {BOT}", "models.txt", "--store", "fleet")
    ended = office.run("fleet", "gather", *words, "--registry", "trust.toml")
    assert (ended.returncode, ended.stdout) == (0, "3 gathered, 0 there already\n"), ended.stderr
    known = {TUNED, f"{tmp_path / 'bot'} as {BOT}", BOT}
    assert {row["ref"] for row in query(office, "SELECT ref FROM models")} == known
    for more, expected in (((), "0 gathered, 3"), (("--again",), "3 gathered, 0")):
        ended = office.run("fleet", "gather", "--store", "fleet", *more)
        assert (ended.returncode, expected in ended.stdout) == (0, True), ended.stderr


def test_a_shard_without_a_part_has_nothing_to_do_and_says_so(office: Desk) -> None:
    gather(office)
    code, said = judge(office, "--shard", "1/2")
    assert (code, "shard 1/2 has no part of the store: nothing to do" in said) == (0, True), said
    code, said = judge(office, "--shard", "2/2")
    assert (code, "2 pass; 2 judged now" in said) == (0, True), said


def test_judging_says_by_which_policy_and_which_registry(office: Desk) -> None:
    gather(office)
    ended = office.run("fleet", "judge", "--store", "fleet", "--registry", "trust.toml")
    expected = "policy: no provenance.toml: the defaults; registry: trust.toml\n"
    assert ended.stderr == expected
    office.settings()
    for words, policy in (
        ((), "provenance.toml"),
        (("--policy", "signed"), "signed of --policy, for the rest provenance.toml"),
    ):
        ended = office.run("fleet", "judge", "--store", "fleet", *words)
        assert ended.stderr == f"policy: {policy}; registry: trust.toml\n"
    assert office.run("fleet", "judge", "--store", "fleet", "-q").stderr == ""


def test_what_people_read_is_as_wide_as_their_terminal(office: Desk) -> None:
    (office.folder / "models.txt").write_text(f"{BASE}\n{'no/such/thing' * 3}\n")
    store = ("--store", "fleet")
    runs = [
        office.run("fleet", "gather", "models.txt", *store, COLUMNS="60"),
        office.run("fleet", "judge", *store, "--policy", "signed", COLUMNS="60"),
        office.run("fleet", "query", *store, "--descends-from", "no/body", COLUMNS="60"),
    ]
    lines = [line for ended in runs for line in (ended.stdout + ended.stderr).splitlines()]
    assert len(lines) > 8
    assert max(map(len, lines)) <= 60


ASKED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "a pattern less": ({"exclude": ["*.bin"]}, {}, 'exclude ["*.bin"], and none'),
    "a pattern more": ({}, {"exclude": ["*.bin"]}, 'exclude none, and ["*.bin"]'),
    "other files": ({}, {"include": ["*.json"]}, 'include none, and ["*.json"]'),
    "a branch": ({}, {"revision": "old"}, 'revision none, and "old"'),
    "a tag less": ({"revision": "old"}, {}, 'revision "old", and none'),
    "a folder": ({}, {"repo": None, "path": "../bot"}, "repo"),
    "another model of that name": ({"name": "bot"}, {"name": "bot", "repo": TUNED}, "repo"),
}


@pytest.mark.parametrize("what", ASKED)
def test_what_was_gathered_answers_for_what_is_asked_today(what: str, office: Desk) -> None:
    then, now, said = ASKED[what]
    (office.folder / "models.txt").write_text(str(then.get("name", BOT)) + "\n")
    office.hub.tag(BOT, "old", office.hub.commit(BOT, {**FILES, "pytorch_model.bin": MALWARE}))

    def settings(said: dict[str, object]) -> None:
        asked = {"name": BOT, "repo": BOT, **said}
        office.settings({key: value for key, value in asked.items() if value is not None})

    settings(then)
    assert gather(office) == (0, "1 gathered, 0 there already\n")
    first = judge(office)
    settings(now)
    code, words = judge(office)
    assert (code, f"gathered with {said}" in words) == (5, True), words
    assert gather(office)[1] == "1 gathered, 0 there already\n"
    assert gather(office)[1] == "0 gathered, 1 there already\n"
    code, words = judge(office)
    assert "gathered with" not in words
    settings(then)
    assert judge(office)[0] == 5
    assert gather(office)[1] == "1 gathered, 0 there already\n"
    assert judge(office)[0] == first[0]


WRONG = {
    "no list": (("gather", "none.txt", "--store", "fleet"), "none.txt"),
    "no model and no list": (("gather", "--store", "made"), "a file that names a model a line"),
    "no model, no list, no store": (("gather", "--store", "nowhere"), "fleet gather LIST"),
    "an empty list": (("gather", "empty.txt", "--store", "fleet"), "names no model"),
    "no rate": (("gather", "models.txt", "--store", "fleet", "--rate", "20"), "api=20/s"),
    "no store": (("judge", "--store", "nowhere"), "fleet gather"),
    "no shard": (("judge", "--store", "full", "--shard", "9/3"), "3/64"),
    "a shard of no model": (("judge", "--store", "made", "--shard", "2/3"), "holds no model"),
    "no model": (("judge", "--store", "made"), "holds no model"),
    "no question": (("query", "--store", "made"), "expected one of"),
}


@pytest.mark.parametrize("what", WRONG)
def test_words_that_mean_nothing_are_told_what_was_expected(what: str, office: Desk) -> None:
    (office.folder / "empty.txt").write_text("# nothing yet\n")
    FleetStore.made(office.folder / "made")
    models.filled(office.folder / "full", [models.small(1)])
    words, expected = WRONG[what]
    ended = office.run("fleet", *words)
    assert ended.returncode == 2, ended.stdout
    assert expected in ended.stderr
