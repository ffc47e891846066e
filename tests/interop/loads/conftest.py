"""The Hub with every repository, and the loads made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import Hub
from tests.interop.loads import recording
from tests.interop.loads.recording import Recorded
from tests.interop.loads.repositories import publish
from tests.interop.loads.table import LOADS
from tests.interop.servers import told


@pytest.fixture(scope="package")
def python() -> Path:
    """The loaders' Python."""
    return told("PROVENANCE_TRANSFORMERS") / "python"


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with Hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="package")
def commits(hub: Hub, python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return publish(hub, recording.make(python, tmp_path_factory.getbasetemp() / "made"))


@pytest.fixture(scope="package")
def recorded(
    hub: Hub, python: Path, commits: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Recorded]:
    """Every load, made once."""
    found = recording.record(python, hub, tmp_path_factory.mktemp("loads"), commits, LOADS)
    return {one.name: one for one in found}
