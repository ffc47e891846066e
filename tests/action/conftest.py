"""A repository with one signed model, locked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.runner import Pull
from tests.action.test_bumps import FIRST, MODEL
from tests.hub import Hub
from tests.hubs import REPO, STRANGER, desk, signed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs the action is a journey: several programs, one after the other."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("journey")


@pytest.fixture
def pull(tmp_path: Path) -> Iterator[Pull]:
    (tmp_path / "runner").mkdir()
    with Hub(tmp_path / "hub") as hub:
        pull = Pull(desk=desk(tmp_path, hub), temp=tmp_path / "runner")
        hub.commit(REPO, signed(tmp_path / "first", FIRST))
        hub.commit(STRANGER, FIRST)
        pull.settings(MODEL)
        pull.locked()
        pull.git("init", "-q", "-b", "main")
        yield pull
