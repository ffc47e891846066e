"""What is said of the machine: packages, the container, the run; never whose machine it is."""

from __future__ import annotations

import getpass
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from provenance.errors import ConfigError
from provenance.recording import machine
from provenance.workspace.environment import Environment
from provenance.workspace.materials import Desk

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/train",
    "GITHUB_RUN_ID": "7",
}
RUNS: list[tuple[dict[str, str], str]] = [
    (GITHUB, "https://github.com/acme/train/actions/runs/7"),
    (
        {**GITHUB, "GITHUB_RUN_ATTEMPT": "2"},
        "https://github.com/acme/train/actions/runs/7/attempts/2",
    ),
    ({"CI_JOB_URL": "https://gitlab.com/a/b/-/jobs/1"}, "https://gitlab.com/a/b/-/jobs/1"),
    ({"BUILD_URL": "no url at all"}, "urn:uuid:"),
    ({}, "urn:uuid:"),
]


@pytest.mark.parametrize(("variables", "expected"), RUNS)
def test_a_run_is_named_by_its_page_or_by_a_name_of_its_own(
    variables: dict[str, str], expected: str
) -> None:
    assert machine.invocation_of(variables).startswith(expected)
    assert machine.invocation_of({}) != machine.invocation_of({})


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (f"ghcr.io/acme/train@sha256:{'a' * 64}", "docker://ghcr.io/acme/train"),
        ("", None),
        ("ghcr.io/acme/train:latest", ConfigError),
    ],
)
def test_a_container_is_named_by_its_digest(text: str, uri: Any) -> None:
    environment = Environment({machine.CONTAINER: text})
    desk = Desk(at=datetime.now(UTC), environment=environment)
    if uri is ConfigError:
        with pytest.raises(ConfigError):
            machine.container_of(desk)
    else:
        assert [one.uri for one in machine.container_of(desk)] == [uri] * bool(uri)


def test_what_trained_is_the_package_of_the_class() -> None:
    class Own(click.Command):
        """Of a script, made from a class of a package."""

    Own.__module__ = "__main__"
    assert machine.builder_of(Own).startswith("pkg:pypi/click@")
    assert machine.builder_of(int).startswith("pkg:generic/python@")


def test_nothing_names_the_machine_or_its_user() -> None:
    text = json.dumps(machine.environment_of(machine.Processes(world_size=2, seed=0)))
    private = {platform.node(), str(Path.home()), *({getpass.getuser()} - {"root"})}
    assert [name for name in private if name and len(name) > 1 and name in text] == []
    assert json.loads(text)["worldSize"] == 2
    assert json.loads(text)["seed"] == 0


def test_another_package_is_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for name in ("thing-1.0", "thing-1.1", "other-1.0"):
        place = tmp_path / f"{name}.dist-info"
        place.mkdir()
        found += [machine.installed(), machine.installed()]
        place.rmdir()
    assert len(set(found)) == 3
