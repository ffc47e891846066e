"""Children that tools make of models on a Hub: honest ones pass, and liars are found out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
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


@dataclass(frozen=True, kw_only=True)
class Made:
    """The children on a Hub and in folders, and who judges them."""

    desk: Desk
    folder: Path
    failed: Mapping[str, str]

    def files(self, child: Child) -> dict[str, bytes]:
        """What its tool wrote."""
        return files(self.folder / child.name)

    def ways(self, child: Child) -> Iterator[tuple[str | Path, ...]]:
        """How the child is named to the program: a folder, and the repository."""
        yield (self.folder / child.name, "--as", child.repo)
        yield (child.repo,)

    def said(self, command: str, *words: str | Path) -> dict[str, Any]:
        """What a command says as JSON."""
        ended = self.desk.run(command, *words, "--registry", "trust.toml", "--format", "json")
        assert ended.stdout, ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def found(self, *words: str | Path) -> set[tuple[str, str]]:
        """The outcomes and rules of what is found out about one model's parents."""
        (model,) = self.said("verify", *words)["models"]
        return {
            (one["outcome"], one["rule"])
            for one in model["findings"]
            if one["rule"].startswith(ASKED)
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("children")
    with Hub(root) as hub:
        failed = make(hub, root)
        yield Made(desk=_desk(root, hub), folder=root / "made", failed=failed)


@pytest.fixture(scope="module")
def in_use(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The children, and a desk where they are locked."""
    at = _desk(tmp_path_factory.mktemp("in-use"), made.desk.hub)
    models = ({"name": child.name, "repo": child.repo} for child in CHILDREN)
    at.locked(*models, rules=dict.fromkeys(("ancestry", "closure", "format"), "warn"))
    return replace(made, desk=at)


def _desk(root: Path, hub: Hub) -> Desk:
    found = desk(root, hub)
    found.trust(forge.registry(forge.org("Acme", originates=True), forge.org("Other")))
    return found


def each(children: Iterable[Child]) -> pytest.MarkDecorator:
    found = list(children)
    return pytest.mark.parametrize("child", found, ids=[child.name for child in found])


def test_every_tool_makes_what_it_is_asked_for(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not made.failed
    assert {child.name for child in CHILDREN} <= {path.name for path in made.folder.iterdir()}
    with capsys.disabled():
        print(f"\n{len(CHILDREN)} honest children of {len({c.by for c in CHILDREN})} tools")
    assert len(CHILDREN) >= HONEST


@each(CHILDREN)
def test_nothing_said_of_the_parents_of_an_honest_child_fails(made: Made, child: Child) -> None:
    for words in made.ways(child):
        assert made.found(*words) == {("pass", "ancestry/pass")}


@each(CHILDREN)
def test_the_parents_are_those_that_its_files_name(made: Made, child: Child) -> None:
    for words in made.ways(child):
        drawn = made.said("lineage", *words)
        parents = {edge["parent"] for edge in drawn["edges"] if edge["child"] == drawn["model"]}
        assert {name.partition("@")[0] for name in parents} == child.named
        assert not drawn["unresolved"]


@pytest.mark.parametrize("lie", LIES)
@each(child for child in CHILDREN if child.named)
def test_another_parent_is_found_out(made: Made, child: Child, lie: Lie) -> None:
    honest = made.files(child)
    told = lie(honest, child.named)
    repo = f"acme/{lie.__name__}-{child.name}"
    made.desk.hub.commit(repo, told)
    found = {outcome for outcome, _ in made.found(repo)}
    passes = told == honest or (lie.__name__, child.name) in lies.UNFOUND
    assert found == ({"pass"} if passes else {"fail"})


@each(CHILDREN)
def test_a_copy_that_names_no_parent_is_found_out(in_use: Made, child: Child) -> None:
    repo, later = f"other/{child.name}", CREATED + timedelta(days=1)
    told = lies.nowhere(in_use.files(child), child.named)
    in_use.desk.hub.commit(repo, told, created=later)
    found = {("fail", "ancestry/identical"), ("unknown", "ancestry/no-origin")}
    assert in_use.found(repo) == found
