"""What peft makes exceeds nothing that its own configuration declares, alone and merged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from provenance.claims.trained import declared
from provenance.source.stored import FolderReader
from provenance.weights.adapter import scales
from provenance.weights.changes.change import UNCHANGED
from provenance.weights.changes.declared import exceeded, sentence
from provenance.weights.changes.mapping import change_map
from tests.interop.servers import told
from tests.weights.tiny import stored_of

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
FILES = {"adapter": "adapter_model.safetensors", "merged": "model.safetensors"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters")
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    subprocess.run([python, "-m", "tests.zoo.adapters", folder], cwd=ROOT, check=True)
    return folder


@pytest.mark.parametrize("form", FILES)
def test_an_honest_adapter_exceeds_nothing(form: str, made: Path) -> None:
    for folder in sorted(made.iterdir()):
        config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
        base, own = folder / "base", folder / form
        found = change_map(
            stored_of(base, "model.safetensors"),
            stored_of(own, FILES[form]),
            FolderReader(root=base),
            FolderReader(root=own),
            named="base",
            scales=scales(json.dumps(config).encode()),
        )
        (said,) = declared("adapter_config.json", [config])
        beyond = exceeded(said, found.changes)
        assert not beyond, f"{folder.name}: {sentence(said, beyond)}"
        assert any(one.kind not in UNCHANGED for one in found.changes), folder.name
