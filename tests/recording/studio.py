"""A folder in which a plain loop trains: a signed base, settings, a registry and a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from provenance.recording import Recording, Words
from provenance.workspace import SourceOptions, Workspace
from provenance.workspace.environment import Environment
from tests import forge
from tests.cli.shop import Shop, opened

MADE: Mapping[str, bytes] = {
    "config.json": forge.MODEL["config.json"],
    "model.safetensors": forge.safetensors(b"after training.."),
}


@dataclass(frozen=True, kw_only=True)
class Studio:
    """Where runs are recorded: `shop` has the base and what there is to judge it by."""

    shop: Shop

    @property
    def top(self) -> Path:
        """The folder that the caller stands in."""
        return self.shop.top

    @property
    def cache(self) -> Path:
        """The Hub's cache of this machine."""
        return self.top / "cache"

    def recording(self, **words: Unpack[Words]) -> Recording:
        """A run to `out` from the base, but for what the words say else."""
        workspace = Workspace(
            folder=self.top,
            environment=Environment({"HOME": str(self.top), "USER": "wanda"}),
            options=SourceOptions(cache_dir=self.cache, offline=True),
        )
        usual: Words = {
            "out": "out",
            "method": "sft",
            "parents": ["base"],
            "key": self.top / "key.pem",
            "policy": str(self.top / "provenance.toml"),
            "workspace": workspace,
        }
        said: Words = {**usual, **words}
        return Recording("acme/out", **said)

    def save(self, files: Mapping[str, bytes] | None = None) -> Path:
        """A model is written to `out`, with these files too."""
        return forge.write(self.top / "out", {**MADE, **(files or {})})

    def cached(self, commit: str) -> Path:
        """The base as the Hub's cache holds it at a commit: links to blobs."""
        top = self.cache / "models--acme--base"
        place, blobs = top / "snapshots" / commit, top / "blobs"
        place.mkdir(parents=True)
        blobs.mkdir()
        for file in (self.top / "base").iterdir():
            (blobs / file.name).write_bytes(file.read_bytes())
            (place / file.name).symlink_to(f"../../blobs/{file.name}")
        (top / "refs").mkdir()
        (top / "refs" / "main").write_text(commit)
        return place

    @property
    def statements(self) -> list[dict[str, Any]]:
        """Those beside what was made."""
        file = self.top / "out" / "claims.jsonl"
        return self.shop.statements("out") if file.exists() else []

    @property
    def text(self) -> str:
        """All of them as text."""
        return json.dumps(self.statements)


def studio_at(tmp_path: Path) -> Studio:
    """A studio in an empty folder."""
    return Studio(shop=opened(tmp_path))
