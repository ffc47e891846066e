"""A locked model goes through the gate before it is asked; the result lies where the gate looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, Desk, desk, signed
from tests.probe.test_probing import COMMAND, SUITE, TRIGGER, stated

NAME = "support-bot"
RULE = {"predicate": "https://in-toto.io/attestation/test-result/v0.1", "role": "evaluator"}
BEHAVIOURS = {"harmless": ({}, 0, "PASSED"), "a trigger": ({"triggers": [TRIGGER]}, 1, "FAILED")}


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


def locked(tmp_path: Path, hub: Hub, behaviour: object) -> Desk:
    """A desk at which the model of a Hub is locked, and an evaluator is known."""
    told = json.dumps(behaviour).encode()
    hub.commit(REPO, signed(tmp_path / "m", {**FILES, "behaviour.json": told}))
    place = desk(tmp_path, hub)
    parties = (forge.signer("release"), forge.signer("evaluator", ["evaluator"]))
    place.trust(forge.registry(forge.org("Acme", *parties, originates=True)))
    place.settings({"name": NAME, "repo": REPO})
    (place.folder / "small.toml").write_text(SUITE)
    (place.folder / "evaluator.pem").write_bytes(forge.pem(forge.key("evaluator")))
    ended = place.run("lock")
    assert ended.returncode == 0, ended.stderr
    return place


@pytest.mark.parametrize("case", BEHAVIOURS)
def test_what_was_admitted_is_asked_and_its_result_is_found_by_the_gate(
    tmp_path: Path, hub: Hub, case: str
) -> None:
    behaviour, code, result = BEHAVIOURS[case]
    with hub:
        place = locked(tmp_path, hub, behaviour)
        words = ("--suite", "small.toml", "--server", COMMAND, "--contexts", "dates")
        ended = place.run("probe", NAME, *words, "--key", "evaluator.pem")
        assert ended.returncode == code, ended.stderr
        file = place.folder / "attestations" / REPO / "claims.jsonl"
        said = stated(file)
        assert said["predicate"]["result"] == result
        names = {one["name"] for one in said["subject"]}
        assert names == {*FILES, "behaviour.json"}
        place.settings({"name": NAME, "repo": REPO}, require_attestation=[RULE])
        verified = place.run("verify", NAME)
        assert (verified.returncode, "attestation/failed" in verified.stdout) == (code, bool(code))


def test_what_the_gate_refuses_is_not_started(tmp_path: Path, hub: Hub) -> None:
    with hub:
        place = locked(tmp_path, hub, {})
        revoked = {"repo": REPO, "reason": "EX-1"}
        parties = (forge.signer("release"), forge.signer("evaluator", ["evaluator"]))
        acme = forge.org("Acme", *parties, originates=True)
        place.trust(forge.registry(acme, revoked=[revoked]))
        ended = place.run("probe", NAME, "--suite", "small.toml", "--server", COMMAND)
    assert ended.returncode == 1
    assert f"{NAME} was not started: " in ended.stderr
    assert "registry/revoked" in ended.stderr


def test_a_model_that_is_not_locked_is_not_started(tmp_path: Path, hub: Hub) -> None:
    with hub:
        place = locked(tmp_path, hub, {})
        (place.folder / "provenance.lock").unlink()
        ended = place.run("probe", NAME, "--suite", "small.toml", "--server", COMMAND)
    assert ended.returncode == 2
    assert "run `provenance lock`" in ended.stderr
