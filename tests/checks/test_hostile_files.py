"""Every hostile file there is, in a model that its publisher signed: reported, no crash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Result
from tests import forge

TRUST = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"))), source="trust.toml"
)
POLICY = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
PROGRAMS = {".pkl", ".pickle", ".pt", ".bin", ".npy", ".npz", ".zip", ".7z", ".h5", ".skops"}
ALONE = {"config.json": forge.MODEL["config.json"]}


def result(folder: Path, name: str, data: bytes, files: Mapping[str, bytes] = ALONE) -> Result:
    """The verdict on a signed model of `files` and one more."""
    forge.sign(forge.write(folder, {**files, name: data}), forge.TufKey(key=forge.key("release")))
    evidence = directory.collect(folder, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)
    return judge(evidence, POLICY, TRUST).result


@pytest.mark.each("malicious/*/**/*.*")
def test_no_program_passes_whatever_it_is_called(each: Path, tmp_path: Path) -> None:
    if not each.is_file() or each.suffix not in PROGRAMS:
        assert each.is_dir() or each.suffix in {".json", ".jinja", ".safetensors", ".tsv", ".md"}
        return
    data = each.read_bytes()
    for name in (each.name, "model.safetensors", "pytorch_model.bin"):
        assert result(tmp_path / "alone" / name, name, data) is not Result.PASS, name
    name = "extra.safetensors"
    assert result(tmp_path / "beside", name, data, forge.MODEL) is not Result.PASS


@pytest.mark.each("malicious/gguf-chat-templates/*.jinja")
def test_no_hostile_template_passes(each: Path, tmp_path: Path) -> None:
    assert result(tmp_path / "m", "chat_template.jinja", each.read_bytes()) is Result.FAIL


@pytest.mark.each("malicious/safetensors-vectors/*.safetensors")
def test_headers_pass_as_their_index_says(each: Path, corpus: Path, tmp_path: Path) -> None:
    lines = (corpus / "malicious/safetensors-vectors/INDEX.tsv").read_text().splitlines()
    verdicts = {row[0]: row[3] for row in (line.split("\t") for line in lines)}
    found = result(tmp_path / "m", "model.safetensors", each.read_bytes())
    assert not (found is Result.PASS and verdicts[each.name] != "ok")
