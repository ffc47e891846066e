"""Ancestors, and what loaders fetch, that are mirrors: the origin's where the bytes are equal."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.cli.mirrored import BOT, CARD, MIRROR, ORIGIN, TUNED, WORSE, Bank, adapter
from tests.hub import Hub
from tests.hubs import FILES, SIZE, WEIGHTS, card, desk, signed

DIGEST = f"sha256:{sha256(WEIGHTS).hexdigest()}"
OTHER = "d" * 40


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """The bank, and nothing made from its mirror."""
    with Hub(tmp_path) as hub:
        files = signed(tmp_path / "m")
        commit = hub.commit(ORIGIN, files)
        hub.commit(MIRROR, files)
        own = Bank(desk=desk(tmp_path, hub), commit=commit)
        own.registry()
        yield own


def with_cards(own: Bank, origin: bytes, mirror: bytes, other: Mapping[str, bytes] = {}) -> Bank:
    """The same, each with a card of its own that nobody signed; the mirror has `other` files."""
    bare = {path: data for path, data in FILES.items() if path != "README.md"}
    files = signed(own.desk.folder / "bare", bare)
    own.mirror({**files, **other, "README.md": mirror})
    return replace(own, commit=own.desk.hub.commit(ORIGIN, {**files, "README.md": origin}))


def with_own_card(own: Bank, bot: dict[str, bytes]) -> None:
    """The mirror's card names what it is a mirror of."""
    with_cards(own, b"# Acme's", card(f"base_model: {ORIGIN}")).has(bot)


def two_steps_above(own: Bank) -> None:
    """The parent of the bot is made from the mirror, and the bot does not name that."""
    own.desk.hub.commit("bank/sft", TUNED)
    weights = {"model.safetensors": forge.safetensors(b"further!" * (SIZE // 8))}
    own.has({**TUNED, **weights, "README.md": card("base_model: bank/sft")})


def of_an_earlier_release(own: Bank) -> None:
    """The head of the origin is another by now; Acme's signature covers the mirror."""
    own.desk.hub.commit(ORIGIN, {"config.json": b'{"model_type": "newer"}'})
    own.has(by="namespace")


def of_a_root_that_is_gone(own: Bank) -> None:
    """The Hub does not have the origin any more, and the registry has its digests."""
    origin = forge.digested(forge.write(own.desk.folder / "o", FILES), ORIGIN)
    own.has()
    own.desk.hub.delete(ORIGIN)
    own.registry(acme={"root": [{"repo": ORIGIN, "manifest": origin.manifest}]})


HONEST: dict[str, Callable[[Bank], None]] = {
    "a fine-tune of an earlier release, by the registry": of_an_earlier_release,
    "a fine-tune of a root that is gone": of_a_root_that_is_gone,
    "a fine-tune of a fine-tune": two_steps_above,
    "a fine-tune": lambda own: own.has(),
    "a fine-tune, by the registry": lambda own: own.has(by="namespace"),
    "an adapter": lambda own: own.has(adapter()),
    "an adapter, by the registry": lambda own: own.has(adapter(), by="namespace"),
    "a fine-tune of one with a card of its own": lambda own: with_own_card(own, {**TUNED}),
    "an adapter to one with a card of its own": lambda own: with_own_card(own, adapter()),
    "a card that names the origin, and a configuration that names the mirror": lambda own: own.has(
        {**adapter(), "README.md": card(f"base_model: {ORIGIN}")}
    ),
    "other words beside the same weights": lambda own: own.has(
        {**FILES, **CARD, "chat_template.jinja": b"{{ messages }}"}
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_made_from_a_mirror_is_made_from_its_origin(bank: Bank, name: str) -> None:
    HONEST[name](bank)
    assert bank.rules() == (0, set()), bank.desk.run("verify", BOT).stdout
    assert bank.desk.run("lock", BOT, "-q").returncode == 0
    assert bank.desk.run("lock", "--check", BOT).returncode == 0
    there = bank.desk.folder / "there"
    ended = bank.desk.run("fetch", BOT, "--local-dir", there)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    bank.desk.hub.clear()
    ended = bank.desk.run("verify", there, "--lock", "--offline", "-v")
    said = " ".join(ended.stdout.split())
    assert (ended.returncode, f"{MIRROR}, a mirror of {ORIGIN}" in said) == (0, True), said
    assert bank.desk.hub.requests == []


UNKNOWN = {"ancestry/unknown-ancestor"}
REVOKED = {"registry/revoked"}


def other_bytes(
    own: Bank,
    by: str = "line",
    bot: Mapping[str, bytes] = TUNED,
    mirror: Mapping[str, bytes] = WORSE,
) -> None:
    """The mirror has other files than its origin."""
    own.mirror(mirror)
    own.has(bot, by=by)


def other_than_revoked(own: Bank, by: str) -> None:
    """The mirror has other files than its origin, which is revoked."""
    other_bytes(own, by)
    own.revoked(by, repo=ORIGIN)


def by_its_card(own: Bank) -> None:
    """Nobody says so but the ancestor itself."""
    own.mirror({"README.md": card(f"mirror_of: {own.origin}\nbase_model: {ORIGIN}")})
    own.has(by="card")


def of_each_other(own: Bank) -> None:
    """Two mirrors of each other, and of nobody else."""
    first, second = own.mirror(), own.mirror(signed(own.desk.folder / "s"), "bank-ml/second")
    own.desk.hub.commit(BOT, TUNED)
    own.desk.settings(
        {"repo": BOT},
        {"repo": MIRROR, "mirror_of": f"bank-ml/second@{second}"},
        {"repo": "bank-ml/second", "mirror_of": f"{MIRROR}@{first}"},
    )


def another_revision(own: Bank) -> None:
    """The head of the mirror is one, and what is loaded is another commit of it."""
    worse = own.mirror(WORSE)
    own.mirror({"model.safetensors": WEIGHTS})
    own.has({**TUNED, "adapter_config.json": adapter(revision=worse)["adapter_config.json"]})


def of_a_proposal(own: Bank) -> None:
    """The commit of the origin is one that anybody could propose."""
    commit = own.desk.hub.commit(ORIGIN, WORSE, ref="refs/pr/1")
    own.mirror(WORSE)
    own.has(said=f"{ORIGIN}@{commit}")


def made_again(own: Bank) -> None:
    """The origin has another id than the registry has for it."""
    own.has()
    own.registry(acme={"root": [{"repo": ORIGIN, "repo_id": "a" * 24}]})


def left_out(own: Bank) -> None:
    """The card of the origin names a parent, and that of the mirror none."""
    with_cards(own, card("base_model: gone/away"), b"# The bank's").has()


def of_a_stranger(own: Bank) -> None:
    """The origin is of nobody whom the registry knows."""
    commit = own.desk.hub.commit("stranger/base", signed(own.desk.folder / "s"))
    own.has(said=f"stranger/base@{commit}")


ATTACKS: dict[str, tuple[Callable[[Bank], None], set[str]]] = {
    "other bytes": (other_bytes, UNKNOWN),
    "other bytes, by the registry": (lambda own: other_bytes(own, "namespace"), UNKNOWN),
    "other bytes, two steps above": (
        lambda own: two_steps_above(with_cards(own, b"# A", b"# B", WORSE)),
        UNKNOWN,
    ),
    "code more": (lambda own: other_bytes(own, mirror={"modeling.py": b"x = 1"}), UNKNOWN),
    "an origin that is not there": (lambda own: own.has(said=f"{ORIGIN}@{OTHER}"), UNKNOWN),
    "nobody says so but its card": (by_its_card, UNKNOWN),
    "two mirrors of each other": (of_each_other, UNKNOWN),
    "a mirror of a stranger's": (of_a_stranger, UNKNOWN),
    "another revision": (another_revision, UNKNOWN),
    "an adapter to other bytes": (
        lambda own: other_bytes(own, bot=adapter()),
        {*UNKNOWN, "closure/failing"},
    ),
    "what the origin says of its parents": (left_out, UNKNOWN),
    "a commit of a pull request": (of_a_proposal, {"ancestry/pull-request-only"}),
    "an origin that was made again": (made_again, {"ancestry/replaced"}),
    "other bytes, and the origin is revoked": (
        lambda own: other_than_revoked(own, "line"),
        REVOKED,
    ),
    "other bytes, and the origin is revoked, by the registry": (
        lambda own: other_than_revoked(own, "namespace"),
        REVOKED,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found(bank: Bank, name: str) -> None:
    build, expected = ATTACKS[name]
    build(bank)
    code, found = bank.rules()
    assert (code, expected <= found) == (1, True), found


REFUSED: dict[str, Callable[[Bank], dict[str, Any]]] = {
    "the origin": lambda own: {"repo": ORIGIN},
    "its commit": lambda own: {"commit": own.commit},
    "its weights": lambda own: {"files": [DIGEST]},
    "the mirror": lambda own: {"repo": MIRROR},
}


@pytest.mark.parametrize("by", ["line", "namespace"])
@pytest.mark.parametrize("bot", ["a fine-tune", "an adapter"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_revoked_of_either_refuses_what_is_made_from_it(
    bank: Bank, kind: str, bot: str, by: str
) -> None:
    bank.has(TUNED if bot == "a fine-tune" else adapter(), by=by)
    bank.revoked(by, **REFUSED[kind](bank))
    assert "registry/revoked" in bank.rules()[1]


TRIED: dict[str, tuple[Callable[[Bank], None], str]] = {
    "other bytes": (other_bytes, "the bytes are not those of {origin}: model.safetensors differs"),
    "by the registry": (
        lambda own: other_bytes(own, "namespace"),
        f"nothing proves that the bytes are those of {ORIGIN}",
    ),
    "not there": (
        lambda own: own.has(said=f"{ORIGIN}@{OTHER}"),
        f"whether the bytes are those of {ORIGIN}@{OTHER} is unknown",
    ),
}


@pytest.mark.parametrize("name", TRIED)
def test_what_was_tried_in_vain_is_said(bank: Bank, name: str) -> None:
    build, expected = TRIED[name]
    build(bank)
    ended = bank.desk.run("verify", BOT, "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    said = [f["message"] for f in model["findings"] if f["rule"] in UNKNOWN]
    assert any(expected.format(origin=bank.origin) in message for message in said), said


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_revoked_later_reaches_a_directory(bank: Bank, kind: str) -> None:
    """Nobody is asked: the lockfile has the mirror, and its origin."""
    bank.has()
    assert bank.desk.run("lock", BOT, "-q").returncode == 0
    entries = tomllib.loads(bank.desk.lock.read_text())["ancestor"]
    assert {(one["name"], one.get("mirror_of")) for one in entries} == {
        (MIRROR, bank.origin),
        (bank.origin, None),
    }
    there = forge.write(bank.desk.folder / "there", TUNED)
    bank.revoked(**REFUSED[kind](bank))
    bank.desk.hub.clear()
    ended = bank.desk.run("verify", there, "--lock", "--offline")
    assert (ended.returncode, "registry/revoked" in ended.stdout) == (1, True), ended.stdout
    assert bank.desk.hub.requests == []


def test_stored_evidence_is_judged_by_what_is_said_today(bank: Bank) -> None:
    bank.has()
    stored = bank.desk.folder / "e.json"
    stored.write_text(bank.desk.run("inspect", BOT, "--format", "json").stdout)
    for line, expected in ((bank.line, False), ({}, True)):
        bank.desk.settings({"repo": BOT}, *[line] * bool(line))
        ended = bank.desk.run("verify", "--evidence", stored)
        assert ("ancestry/unknown-ancestor" in ended.stdout) is expected, ended.stdout


@pytest.mark.parametrize("by", ["line", "namespace"])
def test_on_disk_a_signature_proves_it(bank: Bank, by: str) -> None:
    """Nobody is asked: both lie in folders of provenance.toml."""
    bank.has(by=by)
    own = bank.desk
    forge.write(own.folder / "bot", TUNED)
    forge.write(own.folder / "base", signed(own.folder / "s"))
    line = bank.line if by == "line" else {"repo": MIRROR}
    own.settings({"repo": BOT, "path": "bot"}, {**line, "path": "base"})
    own.hub.clear()
    ended = own.run("verify", BOT, "--offline", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    rules = {f["rule"]: f["message"] for f in model["findings"] if f["rule"].startswith("ancestry")}
    assert f"{MIRROR}, a mirror of {ORIGIN}" in rules["ancestry/pass"], rules
    assert own.hub.requests == []


def test_why_takes_either_name(bank: Bank) -> None:
    bank.has()
    for name in (MIRROR, ORIGIN):
        ended = bank.desk.run("why", BOT, name)
        assert (ended.returncode, "path 1" in ended.stdout) == (0, True), ended.stderr


@pytest.mark.parametrize("form", ["human", "mermaid", "dot", "json"])
def test_every_drawing_names_both(bank: Bank, form: str) -> None:
    bank.has()
    ended = bank.desk.run("lineage", BOT, "--format", form)
    assert ended.returncode == 0, ended.stderr
    assert ORIGIN in ended.stdout
    assert MIRROR in ended.stdout


def test_an_attested_chain_ends_in_the_origins_root(bank: Bank, tmp_path: Path) -> None:
    """The bank owns the name of its mirror, and attests what it made from it."""
    origin = forge.digested(forge.write(tmp_path / "o", FILES), ORIGIN, bank.commit)
    mirror = forge.digested(tmp_path / "o", MIRROR, bank.mirror())
    made = forge.write(tmp_path / "bot", TUNED)
    trainer = forge.TufKey(key=forge.key("trainer"))
    forge.attest(made, trainer, "sft", mirror, model=BOT)
    bank.has({path.name: path.read_bytes() for path in made.iterdir()})
    acme = forge.org(
        "Acme",
        forge.signer("release"),
        root=[{"repo": ORIGIN, "commit": bank.commit, "manifest": origin.manifest}],
    )
    known = [forge.signer("trainer", ["trainer"])]
    bank.desk.trust(forge.registry(acme, forge.org("Bank", *known, namespaces=["bank", "bank-ml"])))
    words = ("verify", BOT, "--policy", "attested", "-v")
    ended = bank.desk.run(*words)
    said = " ".join(ended.stdout.split())
    assert f"down to {MIRROR}, a mirror of {bank.origin}" in said, said
    bank.desk.settings({"repo": BOT})
    assert "lineage/unattested-step" in bank.desk.run(*words).stdout
