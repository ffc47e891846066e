"""A bank whose model is made from its mirror of Acme's base: what the tests of such share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests import forge
from tests.hubs import FILES, SIZE, Desk, card

ORIGIN, MIRROR, BOT = "acme/base", "bank-ml/base", "bank/support-bot"
WORSE = {"model.safetensors": forge.safetensors(bytes(SIZE))}
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
