"""What a model carries on of its parents' statements: the history by known signers, no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import forge
from tests.cli.shop import Shop, opened

MANY = 20


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


def test_what_strangers_put_beside_a_parent_is_not_carried_on(shop: Shop) -> None:
    assert shop.attest("sft", "sft", "--parent", "base")[0] == 0
    own = shop.statements("sft")
    sft, stranger = shop.top / "sft", forge.TufKey(key=forge.key("stranger"))
    base = forge.digested(shop.top / "base")
    for number in range(MANY):
        forge.attest(sft, stranger, "sft", base, model="acme/sft", invocation=f"urn:run:{number}")
    code, said = shop.attest("bot", "grpo", "--parent", "sft")
    assert (code, f"not carried on: {MANY} statements" in said) == (0, True)
    assert shop.statements("bot")[:-1] == own
