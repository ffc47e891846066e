"""The roots that the release carries are those of the newest sigstore."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sigstore.models import ClientTrustConfig

from provenance.signature import roots
from provenance.trust import Registry

pytestmark = pytest.mark.interop


def test_the_public_good_root_is_sigstore_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    ClientTrustConfig.production(offline=True)
    theirs = [json.loads(path.read_text()) for path in tmp_path.rglob("trusted_root.json")]
    ours = roots.instances(Registry(name="nobody"))[0]
    assert theirs == [json.loads(ours.trusted_root)]
