"""Children that tools make of models on a Hub: the honest pass and name their parents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import Desk, desk
from tests.interop.children.family import CHILDREN, Child, make
from tests.interop.servers import told

pytestmark = pytest.mark.interop
ASKED = ("ancestry/", "lineage/")
EACH = pytest.mark.parametrize("child", CHILDREN, ids=[child.name for child in CHILDREN])


@dataclass(frozen=True, kw_only=True)
class Made:
    """The children on a Hub and in folders, and who judges them."""

    desk: Desk
    folder: Path
    failed: Mapping[str, str]

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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("children")
    python = told("PROVENANCE_MAKERS") / "python"
    with Hub(root) as hub:
        failed = make(python, hub, root)
        judge = desk(root, hub)
        judge.trust(forge.registry(forge.org("Acme", originates=True)))
        yield Made(desk=judge, folder=root / "made", failed=failed)


def test_every_tool_makes_what_it_is_asked_for(made: Made) -> None:
    assert not made.failed
    assert {child.name for child in CHILDREN} <= {path.name for path in made.folder.iterdir()}


@EACH
def test_nothing_said_of_the_parents_of_an_honest_child_fails(made: Made, child: Child) -> None:
    for words in made.ways(child):
        (model,) = made.said("verify", *words)["models"]
        found = [finding for finding in model["findings"] if finding["rule"].startswith(ASKED)]
        assert found
        assert {finding["outcome"] for finding in found} == {"pass"}, found


@EACH
def test_the_parents_are_those_that_its_files_name(made: Made, child: Child) -> None:
    for words in made.ways(child):
        drawn = made.said("lineage", *words)
        parents = {edge["parent"] for edge in drawn["edges"] if edge["child"] == drawn["model"]}
        assert {name.partition("@")[0] for name in parents} == set(child.named)
