"""Nothing is found without words for it, there are no words for what is never found, and every
check has its file, its page and its place in the one table."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from provenance import manual
from provenance.checks.table import CHECKS
from provenance.errors import RegistryRefused
from provenance.policy import PROFILES, Profile, may_lower
from provenance.policy.table import TABLE
from tests import emitted

ROOM = Path(emitted.PACKAGE) / "checks"
FOUND = emitted.rules() | {RegistryRefused.rule}


def test_what_is_found_has_words_and_what_has_words_is_found() -> None:
    assert manual.rules().keys() == FOUND


def test_the_reader_of_the_code_follows_every_way_in_which_a_rule_is_said(tmp_path: Path) -> None:
    """A rule said in a new way is an error of the test, never a rule that it does not see."""
    for text in ('failed(f"x/{made()}", "")', "failed(TABLE[key], '')", "failed(rule, '')"):
        file = emitted.File(path=tmp_path, tree=ast.parse(text))
        ((call, scope),) = file.calls("failed")
        with pytest.raises(emitted.Unresolved):
            file.texts(call.args[0], scope)


def defines_a_check(path: Path) -> bool:
    tree = ast.parse(path.read_text())
    return any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)


def test_every_file_with_a_check_is_in_the_table() -> None:
    files = [path for path in ROOM.rglob("*.py") if defines_a_check(path)]
    named = {(path.parent if path.name == "check.py" else path).stem for path in files}
    assert named == {row.name for row in TABLE} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_page_begins_with_its_name_and_a_question(name: str) -> None:
    assert CHECKS[name].page.startswith(f"{name}: ")
    assert CHECKS[name].asks.endswith("?")


def test_a_rule_is_of_the_page_that_it_stands_on() -> None:
    for name, entry in CHECKS.items():
        for rule, _ in manual.RULE.findall(entry.page + "\n"):
            assert rule.startswith(f"{name}/")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_levels_name_rules_that_exist(profile: Profile) -> None:
    for rule, _ in profile.levels:
        assert rule in manual.rules()
        assert may_lower(rule)


def test_every_profile_that_a_row_names_exists() -> None:
    named = {profile for row in TABLE for profile in row.profiles}
    assert named == {profile.name for profile in PROFILES}


@pytest.mark.parametrize("word", manual.ALSO_CALLED)
def test_another_word_for_a_page_stands_on_it(word: str) -> None:
    page = manual.page(word.upper())
    assert page is not None
    assert page == manual.page(manual.ALSO_CALLED[word])
    assert word in page.lower()
