"""Children that tools make of models on a Hub: honest ones pass, and liars are found out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.hub import Hub
from tests.hub.site import CREATED
from tests.hubs import Desk, desk
from tests.interop.children import lies
from tests.interop.children.family import CHILDREN, Child, files, make

pytestmark = pytest.mark.interop
ASKED = ("ancestry/", "lineage/")
HONEST = 40
Lie = Callable[[lies.Files, frozenset[str]], lies.Files]
LIES: tuple[Lie, ...] = (lies.in_the_card, lies.everywhere)
Findings = set[tuple[str, str, str]]
"""The outcome, the rule and the message of each."""
Judged = dict[str, Findings]
"""What is found, by the model's name."""
PASS, LEFT = ("pass", "ancestry/pass"), ("unknown", "ancestry/loaded-from-path")
OF_NOWHERE = {("unknown", "ancestry/no-origin"), ("fail", "ancestry/unresolvable")}
"""What is said of a model that names no parent; that an adapter has one is known."""
LEAVES_A_PATH = {"litgpt", "sentences-saved"}
"""Whose tool leaves a folder of its own machine, or no name: that is said as a warning."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """The children on a Hub and in folders, and who judges them."""

    desk: Desk
    folder: Path
    failed: Mapping[str, str]

    def files(self, child: Child) -> dict[str, bytes]:
        """What its tool wrote."""
        return files(self.folder / child.name)

    def said(self, command: str, *words: str | Path) -> dict[str, Any]:
        """What a command says as JSON."""
        ended = self.desk.run(command, *words, "--registry", "trust.toml", "--format", "json")
        assert ended.stdout, ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def judged(self, *words: str | Path) -> Judged:
        """What is found out about the parents of each model, by its name."""
        return {
            model["name"]: {
                (one["outcome"], one["rule"], one["message"])
                for one in model["findings"]
                if one["rule"].startswith(ASKED)
            }
            for model in self.said("verify", *words)["models"]
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("children")
    with Hub(root) as hub:
        failed = make(hub, root)
        yield Made(desk=_desk(root, hub), folder=root / "made", failed=failed)


@pytest.fixture(scope="module")
def on_the_hub(made: Made) -> Judged:
    """The children as repositories."""
    return made.judged(*(child.repo for child in CHILDREN))


@pytest.fixture(scope="module")
def liars(made: Made) -> Judged:
    """Every lie about a child; what a lie leaves as it was is none."""
    for child, lie in product(CHILDREN, LIES):
        honest = made.files(child)
        told = lie(honest, child.named) if child.named else honest
        if told != honest:
            made.desk.hub.commit(false(child, lie), told)
    published = (false(child, lie) for child, lie in product(CHILDREN, LIES))
    return made.judged(*(repo for repo in published if made.desk.hub.repository(repo)))


@pytest.fixture(scope="module")
def copies(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Copies of another organisation that name no parent, judged where the children are locked."""
    at = _desk(tmp_path_factory.mktemp("in-use"), made.desk.hub)
    models = ({"name": child.name, "repo": child.repo} for child in CHILDREN)
    at.locked(*models, rules=dict.fromkeys(("ancestry", "closure", "code", "format"), "warn"))
    later = CREATED + timedelta(days=1)
    for child in CHILDREN:
        told = lies.nowhere(made.files(child), child.named)
        at.hub.commit(f"other/{child.name}", told, created=later)
    return replace(made, desk=at).judged(*(f"other/{child.name}" for child in CHILDREN))


def _desk(root: Path, hub: Hub) -> Desk:
    found = desk(root, hub)
    found.trust(forge.registry(forge.org("Acme", originates=True), forge.org("Other")))
    return found


def false(child: Child, lie: Lie) -> str:
    """The repository of a lie about a child."""
    return f"acme/{lie.__name__}-{child.name}"


def _fails(found: Findings) -> bool:
    return "fail" in {outcome for outcome, _, _ in found}


def each(children: Iterable[Child]) -> pytest.MarkDecorator:
    found = list(children)
    return pytest.mark.parametrize("child", found, ids=[child.name for child in found])


def test_every_tool_makes_what_it_is_asked_for(made: Made) -> None:
    assert not made.failed
    assert {child.name for child in CHILDREN} <= {path.name for path in made.folder.iterdir()}


def test_there_are_many_of_each_kind(
    on_the_hub: Judged, liars: Judged, copies: Judged, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{len(CHILDREN)} honest children of {len({child.by for child in CHILDREN})} tools")
        for kind, judged in (("honest", on_the_hub), ("lies", liars), ("copies", copies)):
            rules = Counter(
                (outcome, rule) for found in judged.values() for outcome, rule, _ in found
            )
            print(f"{kind}: {len(judged)}, {sum(map(_fails, judged.values()))} fail: {dict(rules)}")
    assert len(CHILDREN) >= HONEST


@each(CHILDREN)
def test_nothing_said_of_the_parents_of_an_honest_child_fails(
    made: Made, on_the_hub: Judged, child: Child
) -> None:
    (in_a_folder,) = made.judged(made.folder / child.name, "--as", child.repo).values()
    for found in (on_the_hub[child.repo], in_a_folder):
        rules = {(outcome, rule) for outcome, rule, _ in found}
        assert rules == ({LEFT} if child.name in LEAVES_A_PATH else {PASS}), found


@each(CHILDREN)
def test_the_parents_are_those_that_its_files_name(made: Made, child: Child) -> None:
    drawn = made.said("lineage", made.folder / child.name, "--as", child.repo)
    parents = {edge["parent"] for edge in drawn["edges"] if edge["child"] == child.repo}
    assert {name.partition("@")[0] for name in parents} == child.named
    assert bool(drawn["unresolved"]) is (child.name in LEAVES_A_PATH)


@pytest.mark.parametrize("lie", LIES, ids=[lie.__name__ for lie in LIES])
@each(child for child in CHILDREN if child.named)
def test_another_parent_is_found_out(liars: Judged, child: Child, lie: Lie) -> None:
    found = liars.get(false(child, lie), set())
    unfound = not found or (lie.__name__, child.name) in lies.UNFOUND
    assert _fails(found) is not unfound, found


@each(CHILDREN)
def test_a_copy_that_names_no_parent_is_found_out(copies: Judged, child: Child) -> None:
    rules = {(outcome, rule) for outcome, rule, _ in copies[f"other/{child.name}"]}
    assert ("fail", "ancestry/identical") in rules
    assert bool(rules & OF_NOWHERE) is (child.by != lies.IN_THE_WEIGHTS)
