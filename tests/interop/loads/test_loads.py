"""Loaders are the judges: whatever they ask a Hub for, the table and the closure had said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from provenance.loaders.readers import openings
from provenance.loaders.table import loaders
from provenance.source.hub.client import Hub as Client
from tests.hub import Hub
from tests.interop.loads.closing import named_by
from tests.interop.loads.recording import EACH, Asked, Recorded, title
from tests.interop.loads.repositories import COMMIT
from tests.interop.loads.table import Load

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def client(hub: Hub) -> Client:
    return Client(endpoint=hub.url)


@EACH
def test_a_load_ends_as_its_row_says(
    recorded: dict[str, Recorded], load: Load, pinned: bool
) -> None:
    found = recorded[title(load, pinned)]
    assert not found.outside
    assert bool(found.error) == bool(load.fails), found.error
    assert load.fails in found.error


@EACH
def test_its_loaders_are_known_to_open_what_is_asked_for(
    recorded: dict[str, Recorded], hub: Hub, load: Load, pinned: bool
) -> None:
    files = [asked for asked in recorded[title(load, pinned)].asked if asked.path]
    assert files
    named = set(named_inside(hub, load))
    unknown = {
        f"{asked.repo}: {asked.path}"
        for asked in files
        if not opened(asked.path, load.by if asked.repo == load.repo else ())
        and asked.path not in named
    }
    assert not unknown


def opened(path: str, by: tuple[str, ...]) -> bool:
    """Whether the table has somebody, or one of these, who opens the path."""
    return any(not by or loader.name in by for loader, _ in openings(path))


def named_inside(hub: Hub, load: Load) -> Iterator[str]:
    """The files that a row of the load's table says are named by a key of another file."""
    for loader in loaders():
        for row in loader.opens if loader.name in load.by else ():
            for path in row.decides if row.key else ():
                with (
                    suppress(HTTPError),
                    urlopen(f"{hub.url}/{load.repo}/resolve/main/{path}") as file,
                ):
                    yield json.load(file).get(row.key, "")


@EACH
def test_a_pinned_model_is_read_at_its_commit_but_for_what_the_row_names(
    recorded: dict[str, Recorded], commits: dict[str, str], load: Load, pinned: bool
) -> None:
    found = recorded[title(load, pinned)]
    moving = {
        asked.path
        for asked in found.asked
        if asked.repo == load.repo and asked.path and asked.revision != commits[load.repo]
    }
    assert not pinned or moving == set(load.at_main)


@EACH
def test_what_is_fetched_by_name_is_what_closure_names(
    recorded: dict[str, Recorded],
    client: Client,
    commits: dict[str, str],
    load: Load,
    pinned: bool,
) -> None:
    found = recorded[title(load, pinned)]
    pins = [COMMIT.sub(lambda name: commits[name[1]], text) for text in load.stated]
    named = named_by(client, load.repo, commits[load.repo], pins)
    asked = found.elsewhere
    known = named | set(load.unnamed)
    assert {one.name for one in asked if one.present} <= known
    assert {one.repo for one in asked} <= {name.partition("@")[0] for name in known}
    assert not named & set(load.unnamed)
    assert {spelled(one, load, commits) for one in asked} == set(load.names)


def spelled(asked: Asked, load: Load, commits: dict[str, str]) -> str:
    """A name with a commit, as rows write it."""
    for repo in (asked.repo, load.repo):
        if asked.revision == commits.get(repo):
            return f"{asked.repo}@{{commit of {repo}}}"
    return asked.name
