"""transformers under `run`: what is locked loads by name, without a request, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, Desk, desk, signed
from tests.interop.servers import told

pytestmark = pytest.mark.interop

CODE = b"""
from transformers import PretrainedConfig


class C(PretrainedConfig):
    model_type = "acme"
    origin = "locked"
"""
EVIL = CODE.replace(b"locked", b"planted")
TOKENIZERS = "acme/tokenizer"
TOKENIZER = {
    "tokenizer.json": json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            **dict.fromkeys(["normalizer", "pre_tokenizer", "post_processor", "decoder"]),
            "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "b"},
        }
    ).encode(),
    "tokenizer_config.json": b'{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "b"}',
}
CALLER = {
    **FILES,
    "config.json": json.dumps(
        {"model_type": "acme", "auto_map": {"AutoConfig": f"{UNSIGNED}--configuration.C"}}
    ).encode(),
}
LOADS: dict[str, tuple[str, str]] = {
    "code of another repository": (
        f"AutoConfig.from_pretrained('{REPO}', trust_remote_code=True).origin",
        "locked",
    ),
    "a tokenizer without config.json": (
        f"AutoTokenizer.from_pretrained('{TOKENIZERS}')('a')['input_ids'][-1]",
        "0",
    ),
    "what is not locked": ("AutoConfig.from_pretrained('acme/other')", "OSError"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A model whose code lies elsewhere, and a tokenizer; other code is on main by now, and lies in
    the user's own cache of modules."""
    top = tmp_path_factory.mktemp("run")
    with Hub(top) as hub:
        commit = hub.commit(UNSIGNED, {"configuration.py": CODE, "config.json": b"{}"})
        hub.commit(REPO, signed(top / "m", CALLER))
        hub.commit(TOKENIZERS, signed(top / "t", TOKENIZER))
        found = desk(top, hub)
        digest = sha256(CODE).hexdigest()
        found.locked(
            {"repo": REPO, "members": [f"{UNSIGNED}@{commit}"]},
            {"repo": TOKENIZERS},
            code=[{"repo": UNSIGNED, "path": "configuration.py", "sha256": digest}],
        )
        assert found.run("fetch", "-q").returncode == 0
        hub.commit(UNSIGNED, {"configuration.py": EVIL})
        modules = found.home / ".cache/huggingface/modules/transformers_modules"
        for name in ("acme-free", "acme_hyphen_free"):
            place = modules / name / "base" / commit
            forge.write(place, {"configuration.py": EVIL, "__init__.py": b""})
        yield found


@pytest.mark.parametrize("name", LOADS)
def test_a_load_finds_what_is_locked(made: Desk, name: str) -> None:
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    load, expected = LOADS[name]
    lines = ["from transformers import AutoConfig, AutoTokenizer", "try:", f"    print({load})"]
    lines += ["except Exception as error:", "    print(type(error).__name__)"]
    made.hub.clear()
    ended = made.run("run", "-q", "--", python, "-c", "\n".join(lines))
    assert (ended.returncode, ended.stdout.split()[-1:]) == (0, [expected]), ended.stderr
    assert made.hub.requests == []
