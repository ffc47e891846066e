"""A folder in which models are made and attested, as its owner works in it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from tests import forge, program
from tests.hubs import card

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "attestations" / "training.schema.json").read_text()
)
COMMIT = "c" * 40


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A folder with a base and what was made from it, settings, a registry and keys."""

    top: Path

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.top), "COLUMNS": "100"}
        ended = program.run(words, self.top, environment)
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def attest(self, name: str, method: str, *words: str | Path) -> tuple[int, str]:
        ended = self.run(
            "attest", name, "--as", f"acme/{name}", "--method", method, "--key", "key.pem", *words
        )
        return ended.returncode, ended.stderr

    def statements(self, name: str) -> list[dict[str, Any]]:
        lines = (self.top / name / "claims.jsonl").read_text().splitlines()
        return [
            json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]))
            for line in lines
        ]


def dependencies(statement: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """What a statement says went in, under this name."""
    every = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return [one for one in every if one["name"] == name]


def opened(tmp_path: Path) -> Shop:
    """The shop at a path: a signed base, a step from it, and another from that."""
    release = forge.TufKey(key=forge.key("release"))
    for name, parent in (("base", ""), ("sft", "acme/base"), ("bot", "acme/sft")):
        text = card(f"base_model: {parent}") if parent else b"# base\n"
        files = {
            **forge.MODEL,
            "README.md": text,
            "model.safetensors": forge.safetensors(name.encode().ljust(16, b".")),
        }
        forge.sign(forge.write(tmp_path / name, files), release)
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "sft", "bot")]
    root = {"repo": "acme/base", "manifest": forge.digested(tmp_path / "base").manifest}
    acme = forge.org(
        "Acme", forge.signer("release"), forge.signer("trainer", ["trainer"]), root=[root]
    )
    settings = {"policy": {"profile": "attested", "registry": ["trust.toml"]}, "models": models}
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps(settings))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme)))
    (tmp_path / "key.pem").write_bytes(forge.pem(forge.key("trainer")))
    return Shop(top=tmp_path)
