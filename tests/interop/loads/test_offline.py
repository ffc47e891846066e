"""The same loads under `provenance run`: what is locked is all they need, and nothing is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.source.hub.client import Hub as Client
from tests import forge
from tests.hub import Hub
from tests.hubs import Desk
from tests.interop.loads.closing import named_by
from tests.interop.loads.recording import ALWAYS, EACH, driving, title, ways
from tests.interop.loads.table import LOADS, Load

pytestmark = pytest.mark.interop

UNJUDGED = dict.fromkeys(("code", "format", "identity", "ancestry"), "off")
"""What the loads are about is which bytes come; that most of them hold code is wanted here."""
MINUTES = 10


@pytest.fixture(scope="module")
def ended(
    hub: Hub, python: Path, commits: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Any]:
    """How each load ended under `run`, after which the Hub had not been asked for anything."""
    folder = tmp_path_factory.mktemp("offline")
    made = locked(hub, folder, commits)
    hub.clear()
    words = driving(python, folder, commits, ways(LOADS))
    process = made.start("run", "-q", "--", *words, **ALWAYS)
    out, errors = process.communicate(timeout=MINUTES * 60)
    assert process.returncode == 0, errors[-2000:]
    assert hub.requests == []
    return {row["name"]: row for row in map(json.loads, out.splitlines())}


def locked(hub: Hub, folder: Path, commits: Mapping[str, str]) -> Desk:
    """Every model that is loaded is locked with what it fetches by name, and was fetched."""
    made = Desk(hub=hub, folder=folder / "work", home=folder / "home")
    made.folder.mkdir()
    made.home.mkdir()
    names = sorted({commit.partition("/")[0] for commit in commits})
    made.trust(forge.registry(forge.org("Everybody", namespaces=names, originates=True)))
    made.settings(*models(hub, commits), rules=UNJUDGED)
    for words in (("lock", "-q"), ("fetch", "-q")):
        process = made.start(*words)
        out, errors = process.communicate(timeout=MINUTES * 60)
        assert process.returncode == 0, (words, (out + errors)[-3000:])
    return made


def models(hub: Hub, commits: Mapping[str, str]) -> list[dict[str, Any]]:
    """The `[[models]]` of the loads, each with what its loaders fetch by name."""
    client = Client(endpoint=hub.url)
    found = []
    for repo in sorted({load.repo for load in LOADS}):
        names = {name.partition("@")[0] for name in named_by(client, repo, commits[repo])}
        found.append({"repo": repo, "members": sorted(f"{name}@{commits[name]}" for name in names)})
    return found


@EACH
def test_a_locked_load_needs_nothing_else(
    ended: Mapping[str, Any], load: Load, pinned: bool
) -> None:
    row = ended[title(load, pinned)]
    assert row["outside"] == []
    assert bool(row["error"]) == bool(load.fails or load.offline), row["error"]
    assert load.offline in row["error"]
