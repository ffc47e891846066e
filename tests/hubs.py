"""Models on a loopback Hub, and what stands around them: registry, settings, the program itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from tests import forge, program
from tests.hub import Hub

REPO = "acme/bot"
UNSIGNED = "acme-free/base"
STRANGER = "someone/llama-ft"
SIZE = 3 << 20
WEIGHTS = forge.safetensors(bytes(range(256)) * (SIZE // 256))
FILES: Mapping[str, bytes] = {**forge.MODEL, "model.safetensors": WEIGHTS}


def signed(
    folder: Path, files: Mapping[str, bytes] = FILES, key: str = "release"
) -> dict[str, bytes]:
    """The files, and a signature over them by the key of this name."""
    forge.sign(forge.write(folder, files), forge.TufKey(key=forge.key(key)))
    return {**files, "model.sig": (folder / "model.sig").read_bytes()}


def card(text: str) -> bytes:
    """A model card with this front matter."""
    return f"---\n{text}\n---\n# A model\n".encode()


def trust(**fields: Any) -> dict[str, Any]:
    """A registry: Acme signs what it publishes with two keys, Free does not sign."""
    acme = forge.org("Acme", forge.signer("release"), forge.signer("second"), originates=True)
    free = forge.org("Free", namespaces=["acme-free"], originates=True)
    return forge.registry(acme, free, **fields)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A working directory with a trust.toml, a home of its own, and a Hub to ask."""

    hub: Hub
    folder: Path
    home: Path

    def settings(self, *models: Mapping[str, Any], **policy: Any) -> None:
        """The provenance.toml."""
        own = {"registry": ["trust.toml"], **policy}
        text = tomli_w.dumps({"policy": own, "models": list(models)})
        (self.folder / "provenance.toml").write_text(text)

    def trust(self, table: Mapping[str, Any]) -> None:
        """The trust.toml."""
        (self.folder / "trust.toml").write_text(tomli_w.dumps(table))

    def start(self, *words: str | Path, **environment: str) -> subprocess.Popen[str]:
        """`provenance` with these words, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "provenance", *map(str, words)],
            cwd=self.folder,
            env=self._environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """`provenance` with these words, to its end."""
        ended = program.run(words, self.folder, self._environment(environment))
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
        own = {"HOME": str(self.home), "HF_ENDPOINT": self.hub.url, "COLUMNS": "100"}
        return {**kept, **own, **more}

    def rules(self, *words: str | Path) -> tuple[int, set[str]]:
        """The exit code of `verify`, and the required rules that did not pass."""
        ended = self.run("verify", *words, "--registry", "trust.toml", "--format", "json")
        models = json.loads(ended.stdout)["models"]
        return ended.returncode, {
            finding["rule"]
            for model in models
            for finding in model["findings"]
            if finding["outcome"] in ("fail", "unknown") and finding["level"] == "require"
        }

    @property
    def lock(self) -> Path:
        """The lockfile."""
        return self.folder / "provenance.lock"

    def locked(self, *models: Mapping[str, Any], **policy: Any) -> None:
        """The models are in provenance.toml, and locked."""
        self.settings(*models, **policy)
        ended = self.run("lock", "-q")
        assert ended.returncode == 0, ended.stdout + ended.stderr


def desk(root: Path, hub: Hub) -> Desk:
    """A desk below `root`, with the usual registry."""
    made = Desk(hub=hub, folder=root / "work", home=root / "home")
    made.folder.mkdir()
    made.home.mkdir()
    made.trust(trust())
    return made
