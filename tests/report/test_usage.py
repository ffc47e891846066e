"""The lines that load a model: fitting what it is, pinned, and no stranger's words."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.report.usage import Loaded, usage

REPO, COMMIT, PLACE = "acme/bot", "c" * 40, Path("/cache/snap")
BASE, BASE_COMMIT = "meta/base", "b" * 40
WEIGHTS = "model.safetensors"


def loaded(*files: str, **documents: object) -> Loaded:
    """A model of these files; `config` is config.json, and so on."""
    named = {f"{name}.json": value for name, value in documents.items()}
    return Loaded(
        repo=REPO,
        commit=COMMIT,
        place=PLACE,
        files=(*files, *named),
        documents=named,
        locked={BASE: BASE_COMMIT},
    )


def config(architecture: str, **fields: Any) -> Loaded:
    return loaded(WEIGHTS, config={"architectures": [architecture], **fields})


def adapter(base: str, task: str | None = "CAUSAL_LM") -> Loaded:
    words = {"base_model_name_or_path": base, "task_type": task}
    return loaded("adapter_model.safetensors", adapter_config=words)


PINNED = f'"{REPO}", revision="{COMMIT}"'
SERVED = f"{REPO} --revision {COMMIT}"
KINDS: dict[str, tuple[Loaded, dict[str, str]]] = {
    "a language model": (
        config("LlamaForCausalLM"),
        {
            "transformers": f"AutoModelForCausalLM.from_pretrained({PINNED})",
            "vLLM": f"vllm serve {SERVED}",
            "TGI": f"text-generation-launcher --model-id {SERVED}",
        },
    ),
    "GPT-2": (
        config("GPT2LMHeadModel"),
        {
            "transformers": "AutoModelForCausalLM.from_pretrained",
            "vLLM": SERVED,
            "TGI": SERVED,
        },
    ),
    "a classifier": (
        config("BertForSequenceClassification"),
        {"transformers": "AutoModelForSequenceClassification.from_pretrained"},
    ),
    "a class of its own": (
        config("WhisperForConditionalGeneration"),
        {"transformers": "import WhisperForConditionalGeneration; Whisper"},
    ),
    "an encoder": (config("BertModel"), {"transformers": "import AutoModel; AutoModel.from"}),
    "no architecture": (
        loaded(WEIGHTS, config={"model_type": "bert"}),
        {"transformers": "import AutoModel; AutoModel.from"},
    ),
    "an architecture that is no name": (
        config("x'; import os; os.system('reboot')ForCausal"),
        {"transformers": "import AutoModel; AutoModel.from"},
    ),
    "a configuration that is a list": (
        loaded(WEIGHTS, config=[1]),
        {"transformers": "import AutoModel; AutoModel.from"},
    ),
    "code of its own": (
        config("BotForCausalLM", auto_map={"AutoModelForCausalLM": "modeling.Bot"}),
        {
            "transformers": f"({PINNED}, trust_remote_code=True)",
            "vLLM": f"{SERVED} --trust-remote-code",
            "TGI": f"{SERVED} --trust-remote-code",
        },
    ),
    "code of another repository": (
        config("BotForCausalLM", auto_map={"AutoModelForCausalLM": "evil/x--modeling.Bot"}),
        {"transformers": "none: its code lies in another repository"},
    ),
    "an adapter whose base is locked": (
        adapter(BASE),
        {
            "peft": f'base = AutoModelForCausalLM.from_pretrained("{BASE}", '
            f'revision="{BASE_COMMIT}"); PeftModel.from_pretrained(base, {PINNED})',
            "vLLM": f"vllm serve {BASE} --revision {BASE_COMMIT} --enable-lora "
            f"--lora-modules bot={PLACE}",
        },
    ),
    "an adapter of another task": (
        adapter(BASE, None),
        {"peft": "import AutoModel; from peft"},
    ),
    "an adapter whose base is not": (
        adapter("evil/base\x1b[31m"),
        {"peft": "none yet: lock and fetch its base too: evil/base\\x1b[31m"},
    ),
    "sentence-transformers": (
        loaded(WEIGHTS, config={"architectures": ["BertModel"]}, modules=[]),
        {"sentence-transformers": f"SentenceTransformer({PINNED})"},
    ),
    "diffusers": (
        loaded("unet/model.safetensors", model_index={}),
        {"diffusers": f"DiffusionPipeline.from_pretrained({PINNED})"},
    ),
    "GGUF": (
        loaded("bot-Q4_K_M.gguf", config={"model_type": "llama"}),
        {"llama.cpp": f"llama-server -m {PLACE}/bot-Q4_K_M.gguf"},
    ),
    "GGUF in parts": (
        loaded("bot-00002-of-00002.gguf", "bot-00001-of-00002.gguf"),
        {"llama.cpp": f"llama-server -m {PLACE}/bot-00001-of-00002.gguf"},
    ),
    "nothing that is known": (loaded("model.onnx"), {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_own_lines(kind: str) -> None:
    model, wanted = KINDS[kind]
    found = dict(usage(model))
    assert found.keys() == wanted.keys()
    for tool, part in wanted.items():
        assert part in found[tool], found[tool]


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_of_python_is_python(kind: str) -> None:
    """Whatever a model calls itself: what a shell hands over compiles, offline and pinned."""
    model, _ = KINDS[kind]
    for place in (model, replace(model, local=True, place=Path('/a b/it\'s "x"'))):
        for _, line in usage(place):
            if " python -c " in line:
                offline, python, flag, code = shlex.split(line)
                assert (offline, python, flag) == ("HF_HUB_OFFLINE=1", "python", "-c")
                compile(code, "line", "exec")


def test_a_folder_of_the_callers_is_loaded_from_there() -> None:
    model = replace(config("LlamaForCausalLM"), local=True, place=Path("my model"))
    found = dict(usage(model))
    assert 'AutoModelForCausalLM.from_pretrained("my model")' in found["transformers"]
    assert found["vLLM"].endswith("vllm serve 'my model'")


def test_another_cache_is_named() -> None:
    model = replace(config("LlamaForCausalLM"), cache=Path("/other cache"))
    assert all("HF_HUB_CACHE='/other cache' " in line for _, line in usage(model))


def test_a_repository_of_many_ggufs_has_few_lines() -> None:
    files = [f"bot-{n}.gguf" for n in range(12)]
    assert len(usage(loaded(*files))) == 3
