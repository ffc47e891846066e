"""What else makes a mirror: the table of a registry, a signature, and the line that is proposed."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from tests import forge
from tests.cli.mirrors import MIRROR, OTHER, rules
from tests.hubs import FILES, REPO, SIZE, UNSIGNED, Desk, signed, trust


def by_namespace(own: Desk, owner: str = "Acme", of: str = "acme", **fields: Any) -> None:
    """The registry lets the bank's namespace mirror another one."""
    table = trust()
    mirror = {"of": of, "namespace": "bank-ml"}
    orgs = [
        {**org, **fields, "mirror": [mirror]} if org["name"] == owner else org
        for org in table["org"]
    ]
    own.trust({**table, "org": orgs})


def test_a_namespace_may_mirror_another_by_the_registry(bank: tuple[Desk, str]) -> None:
    """Nobody says `mirror_of`: the head of the origin is taken, and its commit is locked."""
    own, origin = bank
    by_namespace(own)
    own.locked({"repo": MIRROR})
    (entry,) = tomllib.loads(own.lock.read_text())["model"]
    assert (entry["mirror_of"], entry["organisation"]) == (origin, "Acme")
    own.hub.commit(REPO, {"config.json": b'{"model_type": "newer"}'})
    assert own.run("lock", "--check").returncode == 0
    ended = own.run("verify")
    assert (ended.returncode, origin in ended.stdout) == (0, True), ended.stdout
    there = own.folder / "there"
    ended = own.run("fetch", MIRROR, "--local-dir", there)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    ended = own.run("verify", there, "--lock", "--offline")
    assert (ended.returncode, origin in ended.stdout) == (0, True), ended.stdout


NO_MIRROR: dict[str, dict[str, bytes]] = {
    "other weights": {"model.safetensors": forge.safetensors(bytes(SIZE))},
    "one file more": {"chat_template.jinja": b"{{ messages }}"},
}


@pytest.mark.parametrize("name", NO_MIRROR)
def test_what_a_table_calls_a_mirror_and_is_none_fails(bank: tuple[Desk, str], name: str) -> None:
    own, _ = bank
    by_namespace(own)
    own.hub.commit(MIRROR, {**NO_MIRROR[name]})
    own.settings({"repo": MIRROR})
    code, found = rules(own)
    assert (code, {"identity/mirror", "identity/unknown-publisher"} <= found) == (1, True), found


@pytest.mark.parametrize("name", NO_MIRROR)
def test_who_owns_the_namespace_does_not_answer_for_it(bank: tuple[Desk, str], name: str) -> None:
    own, _ = bank
    table = {"of": "acme", "namespace": "bank-ml"}
    keeper = forge.org("Bank", namespaces=["bank-ml"], originates=True, mirror=[table])
    own.trust(forge.registry(forge.org("Acme", forge.signer("release")), keeper))
    own.hub.commit(MIRROR, NO_MIRROR[name], remove=["model.sig"])
    own.settings({"repo": MIRROR})
    code, found = own.rules(f"{MIRROR}@main")
    assert (code, found) == (1, {"identity/mirror"})


def test_a_table_means_the_same_name(bank: tuple[Desk, str]) -> None:
    """A signature names no model: that there is none of this name is known all the same."""
    own, _ = bank
    by_namespace(own)
    own.hub.commit("bank-ml/renamed", signed(own.folder / "m"))
    own.settings({"repo": "bank-ml/renamed"})
    found = own.rules("bank-ml/renamed")[1]
    assert found >= {"identity/mirror-unknown", "identity/unknown-publisher"}


def test_an_earlier_release_is_known_by_its_signature(bank: tuple[Desk, str]) -> None:
    own, _ = bank
    by_namespace(own)
    own.hub.commit(REPO, {"config.json": b'{"model_type": "newer"}'})
    own.settings({"repo": MIRROR})
    ended = own.run("verify")
    said = " ".join(ended.stdout.split())
    expected = f"a mirror of {REPO} (known by the signature, which names no model): Acme signed"
    assert (ended.returncode, expected in said) == (0, True), ended.stdout
    assert own.run("lock").returncode == own.run("lock", "--check").returncode == 0
    there = own.folder / "there"
    assert own.run("fetch", "--local-dir", there).returncode == 0
    assert own.run("verify", there, "--lock", "--offline").returncode == 0


def test_a_lock_that_lies_is_asked_about(bank: tuple[Desk, str]) -> None:
    """What the lockfile has of a mirror by the registry is held against the Hub."""
    own, _ = bank
    by_namespace(own, "Free", "acme-free")
    commit = own.hub.commit("acme-free/bot", FILES)
    own.hub.commit(MIRROR, FILES, replace=True)
    own.locked({"repo": MIRROR})
    own.hub.commit("acme-free/bot", {"config.json": b'{"model_type": "other"}'})
    other = own.hub.commit("acme-free/bot", {})
    own.lock.write_text(own.lock.read_text().replace(f"bot@{commit}", f"bot@{other}"))
    assert "identity/mirror" in rules(own)[1]


@pytest.mark.parametrize("kind", ["model", "mirror_of", "namespace"])
def test_a_signature_alone_proves_equality(bank: tuple[Desk, str], kind: str) -> None:
    """Nobody is asked and nothing is locked: who says which model it is answers for that."""
    own, origin = bank
    place = own.folder / "there"
    forge.write(place, signed(own.folder / "s"))
    model = {"repo": MIRROR, "path": "there"}
    if kind == "namespace":
        by_namespace(own)
    own.settings({**model, "mirror_of": origin} if kind == "mirror_of" else model)
    own.hub.clear()
    ended = own.run("verify")
    said = " ".join(ended.stdout.split())
    assert (ended.returncode == 0, "which names no model" in said) == (
        kind != "model",
        kind != "model",
    ), ended.stdout
    assert own.hub.requests == []


def test_a_signature_does_not_prove_what_the_lockfile_has_otherwise(
    bank: tuple[Desk, str],
) -> None:
    """The same commit of the origin cannot be two models."""
    own, origin = bank
    own.locked({"repo": MIRROR, "mirror_of": origin})
    other = {**FILES, "config.json": b'{"model_type": "weaker"}'}
    forge.write(own.folder / "there", signed(own.folder / "s", other))
    own.settings({"name": "two", "repo": MIRROR, "path": "there", "mirror_of": origin})
    assert "identity/mirror" in own.rules("two")[1]


def test_a_folder_is_as_good_as_its_origin_once_that_is_locked(bank: tuple[Desk, str]) -> None:
    """Nobody signed: the lockfile's files of the origin are what the bytes should be."""
    own, _ = bank
    origin = f"{UNSIGNED}@{own.hub.commit(UNSIGNED, FILES)}"
    forge.write(own.folder / "there", FILES)
    own.settings({"repo": "bank-ml/base", "path": "there", "mirror_of": origin})
    ended = own.run("verify", "bank-ml/base", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    (said,) = (f["message"] for f in model["findings"] if f["rule"] == "identity/mirror-unknown")
    lines = said.split("`")[1::2]
    assert lines == [f"provenance add {origin}", "provenance lock"]
    for line in lines:
        own.run(*line.split()[1:])
    assert own.rules("bank-ml/base") == (0, set())


SAYS = ("identity/unknown-publisher", "ancestry/copied-signature")


@pytest.mark.parametrize("rule", SAYS)
def test_what_another_publisher_signed_ends_with_the_line_to_type(
    bank: tuple[Desk, str], rule: str
) -> None:
    own, origin = bank
    commit = origin.partition("@")[2]
    ended = own.run("verify", MIRROR, "--registry", "trust.toml", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    (said,) = {found["message"] for found in model["findings"] if found["rule"] == rule}
    command = f"provenance add {MIRROR} --mirror-of {REPO}@<commit>"
    assert f'mirror_of = "{REPO}@<commit>"' in said
    assert command in said
    own.settings()
    ended = own.run(*command.replace("<commit>", commit).split()[1:])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (listed,) = tomllib.loads((own.folder / "provenance.toml").read_text())["models"]
    assert listed == {"repo": MIRROR, "mirror_of": origin}
    assert own.run("verify").returncode == 0


def test_a_mirror_is_added_as_it_was_typed_once_there_are_settings(bank: tuple[Desk, str]) -> None:
    own, origin = bank
    words = ("add", MIRROR, "--mirror-of", origin, "--registry", "trust.toml")
    ended = own.run(*words)
    assert (ended.returncode, "`provenance init` writes one, and then" in ended.stderr) == (2, True)
    assert own.run("init", "--registry", "trust.toml").returncode == 0
    assert own.run(*words).returncode == 0
    table = tomllib.loads((own.folder / "provenance.toml").read_text())
    assert table["models"] == [{"repo": MIRROR, "mirror_of": origin}]
    assert "exempt" not in table["policy"]


def test_what_nobody_known_signed_is_no_likely_mirror(bank: tuple[Desk, str]) -> None:
    own, _ = bank
    own.hub.commit(MIRROR, {"config.json": b"{}"})
    ended = own.run("verify", MIRROR, "--registry", "trust.toml")
    assert (ended.returncode, "mirror_of" in ended.stdout) == (1, False), ended.stdout


def test_another_model_of_the_owner_is_named_with_its_commit(bank: tuple[Desk, str]) -> None:
    own, origin = bank
    own.locked({"repo": REPO})
    own.hub.commit("acme/copy", signed(own.folder / "m"))
    ended = own.run("verify", "acme/copy", "--registry", "trust.toml")
    line = f'mirror_of = "{origin}"'
    assert (ended.returncode, line in " ".join(ended.stdout.split())) == (1, True), ended.stdout


@pytest.mark.parametrize(
    ("refs", "said", "reason"),
    [
        ([MIRROR], REPO, "expected org/name@<commit of 40 digits>"),
        ([MIRROR], f"{MIRROR}@{OTHER}", "is this model itself"),
        ([MIRROR, REPO], f"{REPO}@{OTHER}", "names one model, and 2 are meant"),
    ],
)
def test_add_takes_one_other_model_at_a_commit(
    bank: tuple[Desk, str], refs: list[str], said: str, reason: str
) -> None:
    own, _ = bank
    own.settings()
    before = (own.folder / "provenance.toml").read_text()
    ended = own.run("add", *refs, "--mirror-of", said)
    assert (ended.returncode, reason in ended.stderr) == (2, True), ended.stderr
    assert (own.folder / "provenance.toml").read_text() == before
