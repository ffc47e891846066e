"""What was reported of whole runs: that they end, and what a statement answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, card, desk
from tests.lineage.family import BASE, SFT, TRAINER, Family
from tests.lineage.test_answered import rules

PARENTS = [f"acme/p{number}" for number in range(1, 9)]


@pytest.mark.parametrize("workers", [1, 2, 8, 16])
def test_a_model_of_eight_parents_is_judged(workers: int, corpus: Path, tmp_path: Path) -> None:
    readme = corpus / "reports" / "history" / "deadlock-8-parents.README.md"
    with Hub(tmp_path) as hub:
        hub.commit("acme/merge", {**FILES, "README.md": readme.read_bytes()})
        for number, name in enumerate(PARENTS):
            weights = forge.safetensors(bytes([number]) * 1024)
            own = {"model.safetensors": weights, "README.md": card("license: mit")}
            hub.commit(name, {**FILES, **own})
        words = ("--max-workers", str(workers), "--format", "json", "--registry", "trust.toml")
        ended = desk(tmp_path, hub).run("verify", "acme/merge", *words)
    (model,) = json.loads(ended.stdout)["models"]
    praise = [one["message"] for one in model["findings"] if one["rule"] == "ancestry/pass"]
    assert [all(name in message for name in PARENTS[:5]) for message in praise] == [True]
    for name in PARENTS:
        assert any(f"/api/models/{name}/revision" in request.path for request in hub.requests)


def test_a_statement_answers_a_card_that_names_no_parent(corpus: Path, tmp_path: Path) -> None:
    readme = corpus / "reports" / "history" / "none-parent.README.md"
    family = Family(top=tmp_path)
    family.write(BASE)
    family.write(SFT, README__md=readme.read_bytes())
    assert "ancestry/unresolvable" in rules(family.case(SFT, BASE), family)
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    assert rules(family.case(SFT, BASE), family) == {"ancestry/pass", "lineage/pass"}
