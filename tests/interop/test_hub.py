"""The journeys against a Hub and a mirror that nobody tuned to us, and what loads the result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.hubs import card
from tests.interop.servers import await_answer, free_port, told

pytestmark = pytest.mark.interop

REPO, STRANGER, LORA = "acme/bot", "someone/llama-ft", "acme/lora"
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
TINY = """
import sys
from transformers import LlamaConfig, LlamaForCausalLM
config = LlamaConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=1,
    num_attention_heads=1, num_key_value_heads=1, vocab_size=16)
LlamaForCausalLM(config).save_pretrained(sys.argv[1])
"""
LOAD = """
import sys
from transformers import AutoModelForCausalLM
where = {"revision": sys.argv[2]} if len(sys.argv) > 2 else {}
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], **where)
print(sum(p.numel() for p in model.parameters()))
"""


def publish(root: Path, repo: str, files: Mapping[str, bytes]) -> None:
    folder = forge.write(root / repo, files)
    words = (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"])
    for word in words:
        subprocess.run([*GIT, *word], cwd=folder, check=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Hub: a tiny model by transformers, signed; a fine-tune of it; an adapter."""
    base = tmp_path_factory.mktemp("origin")
    model = base.parent / "tiny"
    subprocess.run([told("PROVENANCE_TRANSFORMERS") / "python", "-c", TINY, model], check=True)
    forge.sign(model, forge.TufKey(key=forge.key("release")))
    tiny = {path.name: path.read_bytes() for path in model.iterdir()}
    publish(base, REPO, tiny)
    *kept, last = tiny["model.safetensors"]
    tuned = {**tiny, "model.safetensors": bytes([*kept, last ^ 1])}
    del tuned["model.sig"]
    publish(base, STRANGER, {**tuned, "README.md": card("base_model: acme/bot")})
    config = {"base_model_name_or_path": "/root/models/acme/bot", "peft_type": "LORA"}
    adapter = {"adapter_model.safetensors": forge.safetensors()}
    publish(base, LORA, {**adapter, "adapter_config.json": json.dumps(config).encode()})
    return base


@contextmanager
def served(words: list[str | Path], address: str, folder: Path) -> Iterator[str]:
    server = subprocess.Popen(
        [*map(str, words)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_answer(f"{address}/api/models/{REPO}")
        yield address
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def origin(root: Path) -> Iterator[str]:
    port = free_port()
    words: list[str | Path] = [
        sys.executable,
        told("PROVENANCE_SERVERS") / "hub.py",
        root,
        str(port),
    ]
    with served(words, f"http://127.0.0.1:{port}", root) as address:
        yield address


@pytest.fixture(scope="module")
def mirror(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """olah in front of that Hub, by its own example of a configuration with the ports replaced."""
    folder, port, behind = tmp_path_factory.mktemp("olah"), free_port(), origin.rpartition(":")[2]
    text = (told("PROVENANCE_SERVERS") / "olah.toml").read_text()
    (folder / "olah.toml").write_text(text.replace("8770", behind).replace("8771", str(port)))
    words: list[str | Path] = [told("PROVENANCE_OLAH") / "olah-cli", "-c", "olah.toml"]
    with served(words, f"http://127.0.0.1:{port}", folder) as address:
        yield address


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A working directory, a home, and a Hub."""

    folder: Path
    home: Path
    endpoint: str

    def run(self, *words: str | Path, program: list[str | Path] | None = None) -> tuple[int, str]:
        ended = subprocess.run(
            [*map(str, program or [sys.executable, "-m", "provenance"]), *map(str, words)],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "HOME": str(self.home),
                "HF_ENDPOINT": self.endpoint,
                **({"HF_HUB_OFFLINE": "1"} if program else {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(params=["origin", "mirror"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    (tmp_path / "work").mkdir()
    table = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    (tmp_path / "work" / "trust.toml").write_text(tomli_w.dumps(table))
    endpoint = request.getfixturevalue(request.param)
    return Desk(folder=tmp_path / "work", home=tmp_path / "home", endpoint=endpoint)


def test_the_journey_from_a_hub_to_a_loaded_model(desk: Desk) -> None:
    code, said = desk.run("verify", f"{REPO}@main", "--registry", "trust.toml")
    assert code == 0, said
    code, said = desk.run("init", REPO, STRANGER, "--registry", "trust.toml")
    assert code == 0, said
    for words in (
        ["lock"],
        ["lock", "--check"],
        ["fetch", REPO, "--local-dir", "model"],
        ["fetch"],
    ):
        code, said = desk.run(*words)
        assert code == 0, said
    assert desk.run("verify", "./model", "--lock")[0] == 0
    snapshot = next(desk.home.glob(".cache/huggingface/hub/models--acme--bot/snapshots/*"))
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    for where in ([desk.folder / "model"], [REPO, snapshot.name], [REPO, "provenance"]):
        code, said = desk.run(*where, program=[python, "-c", LOAD])
        assert code == 0, said


def test_what_fails_says_what_to_do(desk: Desk) -> None:
    code, said = desk.run("verify", STRANGER, "--registry", "trust.toml")
    assert (code, "[[policy.exempt]]" in said) == (1, True)
    code, said = desk.run("verify", LORA, "--registry", "trust.toml")
    assert (code, 'parents = ["org/name@<commit>"]' in said) == (1, True)
    assert desk.run("verify", "acme/none", "--registry", "trust.toml")[0] == 5
