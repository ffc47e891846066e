"""A store of Ollama's as `ollama pull` leaves it, with whatever layers a test wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests import forge

LIBRARY = "registry.ollama.ai/library"
CONFIG = b'{"model_format":"gguf"}'
MEDIA = "application/vnd.ollama.image."


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """The store in a folder."""

    folder: Path

    def blob(self, data: bytes) -> dict[str, Any]:
        """A blob lies there; what a manifest states of it."""
        digest = sha256(data).hexdigest()
        forge.write(self.folder / "blobs", {f"sha256-{digest}": data})
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def place(self, data: bytes) -> Path:
        """Where a blob lies."""
        return self.folder / "blobs" / f"sha256-{sha256(data).hexdigest()}"

    def tag(self, name: str, *layers: tuple[str, bytes]) -> Path:
        """A model of these layers, each by the last word of its media type."""
        rows = [{"mediaType": MEDIA + kind, **self.blob(data)} for kind, data in layers]
        return self.manifest(
            name, {"config": self.blob(b'{"model_format":"gguf"}'), "layers": rows}
        )

    def named(self, name: str, files: Mapping[str, bytes]) -> Path:
        """A model of layers that have names of their own, as those of safetensors have."""
        rows = [
            {"mediaType": f"{MEDIA}tensor", "name": p, **self.blob(d)} for p, d in files.items()
        ]
        return self.manifest(name, {"layers": rows})

    def manifest(self, name: str, table: Mapping[str, Any] | bytes) -> Path:
        """A manifest lies there, at `host/namespace/name/tag` or `name/tag` of the library."""
        path = name if name.count("/") > 1 else f"{LIBRARY}/{name}"
        text = table if isinstance(table, bytes) else json.dumps({"schemaVersion": 2, **table})
        data = text if isinstance(text, bytes) else text.encode()
        forge.write(self.folder / "manifests", {path: data})
        return self.folder / "manifests" / path
