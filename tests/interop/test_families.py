"""Families of models as transformers writes them: no honest child convicted, no liar let by."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from provenance.claims.files import ModelFiles
from provenance.lineage.consistency import compare
from tests.claims.models import evidence
from tests.interop.servers import told

pytestmark = pytest.mark.interop
MAKER = Path(__file__).with_name("families.py")
FAMILIES = 22


def files(folder: Path) -> ModelFiles:
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return ModelFiles(evidence=evidence(found, limit=16 << 20))


def test_every_family_has_honest_children_and_liars_and_each_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [python, MAKER, tmp_path],
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    counted: Counter[tuple[bool, bool | None]] = Counter()
    wrong, families = [], set()
    for child, parent, honest in json.loads((tmp_path / "pairs.json").read_text()):
        found = compare(files(tmp_path / child), files(tmp_path / parent), None)
        counted[honest, found.holds] += 1
        families.add(child.partition("/")[0])
        if found.holds is not honest:
            wrong.append((child, parent, found.detail))
    with capsys.disabled():
        print(f"\n{len(families)} families: {dict(counted)}")
    assert not wrong
    assert len(families) >= FAMILIES
