"""Models on disk whose parents lie there too are compared with them, as on a Hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.checks.ancestors import tensors
from tests.cli.conftest import Run
from tests.hubs import card

BASE, TUNED = "acme/base", "acme/tuned"
MODELS = {
    BASE: ("license: mit", tensors(4, 2)),
    TUNED: (f"base_model: {BASE}", tensors(4, 2)[:-1] + b"1"),
    "acme/wider": (f"base_model: {BASE}", tensors(4, 3)),
    "acme/copy": (f"base_model: {TUNED}", tensors(4, 2)),
    "acme/elsewhere": ("base_model: acme/not-here", tensors(4, 3)),
}
FOUND = {
    TUNED: set[str](),
    "acme/wider": {f"ancestry/contradicted {BASE}"},
    "acme/copy": {f"ancestry/identical {BASE}"},
    "acme/elsewhere": set[str](),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with every model, each an entry of provenance.toml with its path."""
    for repo, (front, weights) in MODELS.items():
        forge.write(tmp_path / repo, {"README.md": card(front), "model.safetensors": weights})
    trust = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    rules = {"registry": ["trust.toml"], "profile": "files", "rules": {"ancestry": "require"}}
    models = [{"name": repo.partition("/")[2], "repo": repo, "path": repo} for repo in MODELS]
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(trust))
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps({"policy": rules, "models": models}))
    return tmp_path


def test_a_parent_on_disk_is_compared(run: Run, own: Path) -> None:
    models = json.loads(run("verify", "--format", "json", cwd=own).stdout)["models"]
    found = {model["name"]: model["findings"] for model in models}
    for repo, expected in FOUND.items():
        findings = [f for f in found[repo.partition("/")[2]] if f["rule"].startswith("ancestry/")]
        assert {f"{f['rule']} {f['where']}" for f in findings if f["outcome"] != "pass"} == expected
    (said,) = (f["message"] for f in found["elsewhere"] if f["rule"] == "ancestry/pass")
    assert said.endswith("none of their files is here to compare")


@pytest.mark.parametrize(
    ("name", "tier"),
    [("tuned", "consistent"), ("wider", "contradicted"), ("elsewhere", "declared")],
)
def test_a_drawing_says_how_well_a_step_on_disk_is_known(
    run: Run, own: Path, name: str, tier: str
) -> None:
    drawn = json.loads(run("lineage", name, "--format", "json", cwd=own).stdout)
    assert [edge["tier"] for edge in drawn["edges"] if edge["child"] == f"acme/{name}"] == [tier]


NAMELESS = {
    "weights": ({"model.safetensors": tensors(4, 2)}, (), True),
    "weights of a model with a name": (
        {"model.safetensors": tensors(4, 2)},
        ("--as", "acme/base"),
        False,
    ),
    "no weights": ({"config.json": b"{}"}, (), False),
    "failures alone": ({"model.safetensors": tensors(4, 2)}, ("-q",), False),
}


@pytest.mark.parametrize("what", NAMELESS)
def test_weights_without_a_name_are_said_to_be_compared_with_nothing(
    run: Run, tmp_path: Path, what: str
) -> None:
    files, words, says = NAMELESS[what]
    forge.write(tmp_path / "a folder", files)
    said = " ".join(run("verify", "a folder", *words, cwd=tmp_path).stdout.split())
    assert ("weights were not compared" in said) is says
    assert ("`provenance verify 'a folder' --as ORG/NAME`" in said) is says
