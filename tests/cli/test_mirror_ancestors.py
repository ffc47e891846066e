"""Ancestors, and what loaders fetch, that are mirrors: the origin's where the bytes are equal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from tests.cli.mirrored import (
    BOT,
    CARD,
    MIRROR,
    ORIGIN,
    REFUSED,
    TUNED,
    WORSE,
    Bank,
    adapter,
    of_a_root_that_is_gone,
    of_an_earlier_release,
    two_steps_above,
    with_cards,
    with_own_card,
)
from tests.hubs import FILES, WEIGHTS, card, signed

OTHER = "d" * 40


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
def test_what_is_made_from_a_mirror_is_made_from_its_origin(keeper: Bank, name: str) -> None:
    HONEST[name](keeper)
    assert keeper.rules() == (0, set()), keeper.desk.run("verify", BOT).stdout
    assert keeper.desk.run("lock", BOT, "-q").returncode == 0
    assert keeper.desk.run("lock", "--check", BOT).returncode == 0
    there = keeper.desk.folder / "there"
    ended = keeper.desk.run("fetch", BOT, "--local-dir", there)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    keeper.desk.hub.clear()
    ended = keeper.desk.run("verify", there, "--lock", "--offline", "-v")
    said = " ".join(ended.stdout.split())
    assert (ended.returncode, f"{MIRROR}, a mirror of {ORIGIN}" in said) == (0, True), said
    assert keeper.desk.hub.requests == []


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
def test_an_attack_is_found(keeper: Bank, name: str) -> None:
    build, expected = ATTACKS[name]
    build(keeper)
    code, found = keeper.rules()
    assert (code, expected <= found) == (1, True), found


@pytest.mark.parametrize("by", ["line", "namespace"])
@pytest.mark.parametrize("bot", ["a fine-tune", "an adapter"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_revoked_of_either_refuses_what_is_made_from_it(
    keeper: Bank, kind: str, bot: str, by: str
) -> None:
    keeper.has(TUNED if bot == "a fine-tune" else adapter(), by=by)
    keeper.revoked(by, **REFUSED[kind](keeper))
    assert "registry/revoked" in keeper.rules()[1]


TRIED: dict[str, tuple[Callable[[Bank], None], str]] = {
    "other bytes": (other_bytes, "the bytes are not those of {origin}: model.safetensors differs"),
    "by the registry": (
        lambda own: other_bytes(own, "namespace"),
        "the bytes are not those of {origin}: model.safetensors differs",
    ),
    "not there": (
        lambda own: own.has(said=f"{ORIGIN}@{OTHER}"),
        f"whether the bytes are those of {ORIGIN}@{OTHER} is unknown",
    ),
}


@pytest.mark.parametrize("name", TRIED)
def test_what_was_tried_in_vain_is_said(keeper: Bank, name: str) -> None:
    build, expected = TRIED[name]
    build(keeper)
    ended = keeper.desk.run("verify", BOT, "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    said = [f["message"] for f in model["findings"] if f["rule"] in UNKNOWN]
    assert any(expected.format(origin=keeper.origin) in message for message in said), said
