"""What is kept, stored and drawn of ancestors that are mirrors."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests import forge
from tests.cli.mirrored import BOT, MIRROR, ORIGIN, REFUSED, TUNED, WORSE, Bank
from tests.hubs import FILES, signed


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_revoked_later_reaches_a_directory(keeper: Bank, kind: str) -> None:
    """Nobody is asked: the lockfile has the mirror, and its origin."""
    keeper.has()
    assert keeper.desk.run("lock", BOT, "-q").returncode == 0
    entries = tomllib.loads(keeper.desk.lock.read_text())["ancestor"]
    assert {(one["name"], one.get("mirror_of")) for one in entries} == {
        (MIRROR, keeper.origin),
        (keeper.origin, None),
    }
    there = forge.write(keeper.desk.folder / "there", TUNED)
    keeper.revoked(**REFUSED[kind](keeper))
    keeper.desk.hub.clear()
    ended = keeper.desk.run("verify", there, "--lock", "--offline")
    assert (ended.returncode, "registry/revoked" in ended.stdout) == (1, True), ended.stdout
    ended = keeper.desk.run("registry", "affected")
    assert (ended.returncode, "(ancestor)" in ended.stdout) == (1, True), ended.stdout
    assert keeper.desk.hub.requests == []


def test_a_lock_that_names_another_origin_is_not_believed(keeper: Bank) -> None:
    """Where a Hub can be asked; the lockfile alone only pins."""
    keeper.has()
    assert keeper.desk.run("lock", BOT, "-q").returncode == 0
    other = keeper.desk.hub.commit(ORIGIN, {"config.json": b'{"model_type": "other"}'})
    text = keeper.desk.lock.read_text()
    keeper.desk.lock.write_text(text.replace(keeper.origin, f"{ORIGIN}@{other}"))
    assert keeper.desk.run("lock", "--check", BOT).returncode == 4
    ended = keeper.desk.run("fetch", BOT, "--local-dir", keeper.desk.folder / "there")
    expected = "ancestry/unknown-ancestor"
    assert (ended.returncode, expected in ended.stdout) == (1, True), ended.stdout + ended.stderr


@pytest.mark.parametrize("by", ["line", "namespace"])
def test_where_a_mirror_stood_once_proves_nothing_of_what_is_made_later(
    keeper: Bank, by: str
) -> None:
    keeper.has(by=by)
    assert keeper.desk.run("lock", BOT, "-q").returncode == 0
    keeper.mirror(WORSE)
    assert keeper.desk.run("lock", "--check", BOT).returncode == 0
    keeper.desk.hub.commit(BOT, {"config.json": b'{"model_type": "llama", "x": 1}'})
    for words in (("verify", f"{BOT}@main"), ("lock", "--upgrade-model", BOT)):
        ended = keeper.desk.run(*words)
        expected = "ancestry/unknown-ancestor"
        assert (ended.returncode, expected in ended.stdout) == (1, True), ended.stdout


def test_stored_evidence_is_judged_by_what_is_said_today(keeper: Bank) -> None:
    keeper.has()
    stored = keeper.desk.folder / "e.json"
    stored.write_text(keeper.desk.run("inspect", BOT, "--format", "json").stdout)
    for line, expected in ((keeper.line, False), ({}, True)):
        keeper.desk.settings({"repo": BOT}, *[line] * bool(line))
        ended = keeper.desk.run("verify", "--evidence", stored)
        assert ("ancestry/unknown-ancestor" in ended.stdout) is expected, ended.stdout


@pytest.mark.parametrize("by", ["line", "namespace"])
def test_on_disk_a_signature_proves_it(keeper: Bank, by: str) -> None:
    """Nobody is asked: both lie in folders of provenance.toml."""
    keeper.has(by=by)
    own = keeper.desk
    forge.write(own.folder / "bot", TUNED)
    forge.write(own.folder / "base", signed(own.folder / "s"))
    line = keeper.line if by == "line" else {"repo": MIRROR}
    own.settings({"repo": BOT, "path": "bot"}, {**line, "path": "base"})
    own.hub.clear()
    ended = own.run("verify", BOT, "--offline", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    rules = {f["rule"]: f["message"] for f in model["findings"] if f["rule"].startswith("ancestry")}
    assert f"{MIRROR}, a mirror of {ORIGIN}" in rules["ancestry/pass"], rules
    assert own.hub.requests == []


def test_why_takes_either_name(keeper: Bank) -> None:
    keeper.has()
    for name in (MIRROR, ORIGIN):
        ended = keeper.desk.run("why", BOT, name)
        assert (ended.returncode, "path 1" in ended.stdout) == (0, True), ended.stderr


DRAWN = [
    *(("lineage", form) for form in ("human", "mermaid", "dot", "json")),
    *(("verify", form) for form in ("json", "markdown", "html")),
]


@pytest.mark.parametrize(("command", "form"), DRAWN)
def test_every_drawing_names_both(keeper: Bank, command: str, form: str) -> None:
    keeper.has()
    ended = keeper.desk.run(command, BOT, "--format", form)
    said = ended.stdout.replace("\\", "")
    assert (ended.returncode, ORIGIN in said, MIRROR in said) == (0, True, True), said


def test_an_attested_chain_ends_in_the_origins_root(keeper: Bank, tmp_path: Path) -> None:
    """The bank owns the name of its mirror, and attests what it made from it."""
    origin = forge.digested(forge.write(tmp_path / "o", FILES), ORIGIN, keeper.commit)
    mirror = forge.digested(tmp_path / "o", MIRROR, keeper.mirror())
    made = forge.write(tmp_path / "bot", TUNED)
    trainer = forge.TufKey(key=forge.key("trainer"))
    forge.attest(made, trainer, "sft", mirror, model=BOT)
    keeper.has({path.name: path.read_bytes() for path in made.iterdir()})
    acme = forge.org(
        "Acme",
        forge.signer("release"),
        root=[{"repo": ORIGIN, "commit": keeper.commit, "manifest": origin.manifest}],
    )
    known = [forge.signer("trainer", ["trainer"])]
    keeper.desk.trust(
        forge.registry(acme, forge.org("Bank", *known, namespaces=["bank", "bank-ml"]))
    )
    words = ("verify", BOT, "--policy", "attested", "-v")
    ended = keeper.desk.run(*words)
    said = " ".join(ended.stdout.split())
    assert f"down to {MIRROR}, a mirror of {keeper.origin}" in said, said
    keeper.desk.settings({"repo": BOT})
    assert "lineage/unattested-step" in keeper.desk.run(*words).stdout
