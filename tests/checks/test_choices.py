"""Files that make a loader use other weights or code than it would without them are said."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping

import pytest

from provenance.checks.format import check
from provenance.verdict import Finding
from tests.checks.test_format import REPO, SHARDED, TORCH, case, tensors
from tests.formats.test_gguf import ARCH, TWO, made

Files = Mapping[str, bytes]
MODEL = {"config.json": b"{}", "model.safetensors": tensors("a")}
ADAPTER = {"adapter_config.json": b"{}", "adapter_model.safetensors": tensors("a")}
GGUF = {"m-Q4_K.gguf": made((ARCH,), TWO, 64)}
MISTRAL = {
    **SHARDED,
    "consolidated.safetensors": tensors("a", "b"),
    "params.json": b"{}",
    "config.json": b"{}",
}
CODE = b"def generate(model): ...\n"


def config(**values: object) -> bytes:
    return json.dumps(values).encode()


def found(files: Files) -> list[Finding]:
    return [f for f in check.check(case(files)) if f.rule == "format/loader-choice"]


CHOSEN: dict[str, tuple[Files, str, str]] = {
    "an adapter's base instead of the model": (
        {**MODEL, "adapter_config.json": b"{}"},
        "adapter_config.json",
        "transformers loads the base that it names instead of the weights beside it",
    ),
    "instead of shards": (
        {**SHARDED, "adapter_config.json": b"{}"},
        "adapter_config.json",
        "transformers loads the base",
    ),
    "instead of a pickle": (
        {"pytorch_model.bin": TORCH, "adapter_config.json": b"{}"},
        "adapter_config.json",
        "transformers loads the base",
    ),
    "instead of a GGUF": (
        {**GGUF, "adapter_config.json": b"{}"},
        "adapter_config.json",
        "transformers loads the base",
    ),
    "an adapter beside the model, with weights": (
        {**MODEL, **ADAPTER},
        "adapter_config.json",
        "transformers loads the base",
    ),
    "in the folder of a part": (
        {"text/adapter_config.json": b"{}", "text/model.safetensors": tensors("a")},
        "text/adapter_config.json",
        "transformers loads the base",
    ),
    "weights by name": (
        {**MODEL, "config.json": config(transformers_weights="other.safetensors")},
        "config.json",
        "before all other weights: 'other.safetensors'",
    ),
    "Mistral's own format": (
        MISTRAL,
        "consolidated.safetensors",
        "vLLM takes it and the tokenizer",
    ),
    "a preset": (
        {**GGUF, "preset.ini": b"[a]\nhf = other/m\n"},
        "preset.ini",
        "loads what it names, not the GGUF beside it",
    ),
    "a projector": (
        {**GGUF, "mmproj-f16.gguf": made((ARCH,), TWO, 64)},
        "mmproj-f16.gguf",
        "llama.cpp (-hf) loads it together with the GGUF",
    ),
    "a draft model": (
        {**GGUF, "mtp-m.gguf": made((ARCH,), TWO, 64)},
        "mtp-m.gguf",
        "llama.cpp (-hf) loads it together with the GGUF",
    ),
    "its own generation": (
        {**MODEL, "custom_generate/generate.py": CODE},
        "custom_generate/generate.py",
        "from_pretrained of transformers runs it",
    ),
    "code of any suffix": (
        {**MODEL, "config.json": config(model_file="model.txt")},
        "config.json",
        "mlx-lm runs the Python that it names here as the model, whatever its suffix: 'model.txt'",
    ),
    "another model": (
        {
            **MODEL,
            "config.json": config(speculators_config={"verifier": {"name_or_path": "other/m"}}),
        },
        "config.json",
        "vLLM serves the model that it names here instead of this one: 'other/m'",
    ),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_used_is_said_once(name: str) -> None:
    files, path, words = CHOSEN[name]
    (finding,) = found(files)
    assert finding.where == path
    assert words in finding.message
    assert len(finding.message.splitlines()[0]) < 200


@pytest.mark.parametrize("name", CHOSEN)
def test_the_lines_leave_out_what_decides(name: str) -> None:
    files, path, _ = CHOSEN[name]
    (finding,) = found(files)
    _, *lines = finding.message.splitlines()
    if path == "config.json":
        assert lines == []
        return
    line, command = lines
    assert tomllib.loads(line) == {"exclude": [path]}
    assert shlex.split(command) == ["provenance", "add", REPO, "--exclude", path]
    assert found({name: data for name, data in files.items() if name != path}) == []


HONEST: dict[str, Files] = {
    "a model": MODEL,
    "shards": SHARDED,
    "an adapter": ADAPTER,
    "an adapter of old": {"adapter_config.json": b"{}", "adapter_model.bin": TORCH},
    "an adapter with its tokenizer": {**ADAPTER, "tokenizer.json": b"{}"},
    "a LoRA of diffusers": {"pytorch_lora_weights.safetensors": tensors("a")},
    "Mistral's format alone": {"consolidated.safetensors": tensors("a"), "params.json": b"{}"},
    "Mistral's format in a folder of its own": {
        **MODEL,
        "original/consolidated.safetensors": tensors("a"),
    },
    "adapters in a folder of their own": {
        **MODEL,
        **{f"lora/{path}": data for path, data in ADAPTER.items()},
    },
    "a GGUF": GGUF,
    "a projector alone": {"mmproj-f16.gguf": made((ARCH,), TWO, 64)},
    "a preset without a GGUF": {**MODEL, "preset.ini": b"[a]\n"},
    "a key without a value": {**MODEL, "config.json": config(transformers_weights=None)},
    "a key at another place": {**MODEL, "config.json": config(a={"model_file": "x"})},
    "a list for a table": {**MODEL, "config.json": config(speculators_config=["verifier"])},
    "a configuration that is a list": {**MODEL, "config.json": b"[]"},
    "a configuration that cannot be read": {**MODEL, "config.json": b"{"},
}


@pytest.mark.parametrize("name", HONEST)
def test_what_decides_nothing_is_not_said(name: str) -> None:
    assert found(HONEST[name]) == []


def test_a_choice_is_no_fault_of_the_format() -> None:
    rules = [finding.rule for finding in check.check(case(MISTRAL))]
    assert rules == ["format/loader-choice", "format/pass"]


def test_the_shards_of_a_format_are_one_finding() -> None:
    more = {f"consolidated-0000{n}-of-00003.safetensors": tensors("a") for n in (1, 2, 3)}
    names = list(more)
    index = json.dumps({"weight_map": {f"t{n}": path for n, path in enumerate(names)}}).encode()
    (finding,) = found({**SHARDED, **more, "consolidated.safetensors.index.json": index})
    assert "(and 2 more of its kind)" in finding.message
    assert tomllib.loads(finding.message.splitlines()[1]) == {"exclude": names}


def test_a_value_of_the_repository_is_cut_off_and_printed_as_it_stands() -> None:
    files = {**MODEL, "config.json": config(model_file="\n\u202e" + "x" * 5_000)}
    (finding,) = found(files)
    assert finding.message.isprintable()
    assert len(finding.message) < 300
