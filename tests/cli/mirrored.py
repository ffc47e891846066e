"""A bank whose model is made from its mirror of Acme's base: what the tests of such share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from tests import forge
from tests.hubs import FILES, SIZE, WEIGHTS, Desk, card, signed

ORIGIN, MIRROR, BOT = "acme/base", "bank-ml/base", "bank/support-bot"
WORSE = {"model.safetensors": forge.safetensors(bytes(SIZE))}
DIGEST = f"sha256:{sha256(WEIGHTS).hexdigest()}"
CARD = {"README.md": card(f"base_model: {MIRROR}")}
TUNED = {**FILES, **CARD, "model.safetensors": forge.safetensors(b"tuned!!!" * (SIZE // 8))}


def adapter(**said: str) -> dict[str, bytes]:
    """An adapter to the mirror, whose configuration says this besides."""
    config = {"peft_type": "LORA", "base_model_name_or_path": MIRROR, **said}
    return {
        **CARD,
        "adapter_config.json": json.dumps(config).encode(),
        "adapter_model.safetensors": forge.safetensors(),
    }


@dataclass(frozen=True, kw_only=True)
class Bank:
    """A desk at a Hub that has Acme's base at this commit, and the bank's mirror of it."""

    desk: Desk
    commit: str

    @property
    def origin(self) -> str:
        """What the mirror is one of."""
        return f"{ORIGIN}@{self.commit}"

    @property
    def line(self) -> dict[str, str]:
        """What says so in provenance.toml."""
        return {"repo": MIRROR, "mirror_of": self.origin}

    def mirror(self, files: Mapping[str, bytes] = {}, name: str = MIRROR) -> str:
        """The commit of the mirror, with these files beside or in place of its origin's."""
        return self.desk.hub.commit(name, files)

    def has(self, bot: Mapping[str, bytes] = TUNED, *, by: str = "line", said: str = "") -> None:
        """The bot is there; the caller says what the mirror is one of, or the registry does."""
        self.desk.hub.commit(BOT, bot)
        model: dict[str, Any] = {"repo": BOT}
        if "adapter_config.json" in bot:
            model["members"] = [f"{MIRROR}@{self.mirror()}"]
        line = {**self.line, "mirror_of": said or self.origin}
        self.desk.settings(model, *[line] * (by == "line"))
        self.registry(by=by)

    def registry(self, *, by: str = "line", acme: Mapping[str, Any] = {}, **fields: Any) -> None:
        """Acme and the bank are known; the namespace of the mirrors is nobody's."""
        table = [{"of": "acme", "namespace": "bank-ml"}] * (by == "namespace")
        makers = forge.org("Acme", forge.signer("release"), originates=True, mirror=table, **acme)
        bank = forge.org("Bank", namespaces=["bank"])
        self.desk.trust(forge.registry(makers, bank, **fields))

    def revoked(self, by: str = "line", **entry: Any) -> None:
        """The registry has revoked what `entry` names."""
        self.registry(by=by, revoked=[{"reason": "a backdoor", **entry}])

    def rules(self) -> tuple[int, set[str]]:
        """The exit code of `verify`, and the required rules that the bot does not pass."""
        return self.desk.rules(BOT)


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


REFUSED: dict[str, Callable[[Bank], dict[str, Any]]] = {
    "the origin": lambda own: {"repo": ORIGIN},
    "its commit": lambda own: {"commit": own.commit},
    "its weights": lambda own: {"files": [DIGEST]},
    "the mirror": lambda own: {"repo": MIRROR},
}
