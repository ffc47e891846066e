"""Every place where a repository speaks of its parents: read, told apart, and nothing invented."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.claims.claim import DigestClaim, MethodClaim, ParentClaim, Unread
from provenance.claims.methods import GROUPS
from provenance.claims.parents import parent_claims, places_read
from provenance.model import Facts, Observation
from tests import forge
from tests.claims.models import evidence
from tests.formats.test_gguf import STRING, made, pair, text

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = "https://huggingface.co"
Row = tuple[str, str | None, str | None, str | None]
"""The place with its line, the repository, its revision, the relation."""


def card(words: str) -> dict[str, bytes]:
    return {"README.md": words.encode()}


def settings(name: str, **values: Any) -> dict[str, bytes]:
    return {name: json.dumps(values, indent=1).encode()}


def tensors(**metadata: str) -> dict[str, bytes]:
    header = {
        "__metadata__": metadata,
        "w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
    }
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return {"model.safetensors": len(head).to_bytes(8, "little") + head + bytes(4)}


MERGED = f"""# m
This model was merged using the [TIES](https://arxiv.org/abs/2306.01708) merge method using \
[acme/base]({HUB}/acme/base) as a base.

### Models Merged

The following models were included in the merge:
* [acme/a]({HUB}/acme/a)
* [acme/b]({HUB}/acme/b) + [acme/lora]({HUB}/acme/lora)
* /workspace/models/c
"""
RECIPE = """\
merge_method: ties
base_model: acme/base
models:
  - model: acme/a@v1
    parameters: {weight: 1}
  - model: acme/b+acme/lora
  - model: {model: {path: acme/c, revision: v2}, lora: acme/d}
slices:
  - sources:
      - model: /data/e
tokenizer_source: acme/base
"""
AXOLOTL = """\
base_model: acme/base
adapter: qlora
rl: dpo
datasets:
  - path: acme/data
"""
PLACES: dict[str, tuple[dict[str, bytes], list[Row]]] = {
    "front matter behind a blank line": (
        card("\n---\nbase_model: acme/b\n---\n"),
        [("README.md:3", "acme/b", None, None)],
    ),
    "front matter and words with the line ends of old": (
        card("---\rbase_model: acme/b\r---\r" + "-" * 3_000 + "\rBase model: acme/c\r"),
        [("README.md:2", "acme/b", None, None), ("README.md:5", "acme/c", None, None)],
    ),
    "a Trainer's words": (
        card(f"\nThis model is a fine-tuned version of [acme/b]({HUB}/acme/b) on the x dataset.\n"),
        [("README.md:2", "acme/b", None, "finetune")],
    ),
    "a Trainer's words about a folder": (
        card(f"This model is a fine-tuned version of [/data/x/y]({HUB}//data/x/y) on an unknown"),
        [("README.md:1", None, None, "finetune")],
    ),
    "sentence-transformers, with a revision": (
        card(f"- **Base model:** [acme/b]({HUB}/acme/b) <!-- at revision {COMMIT} -->"),
        [("README.md:1", "acme/b", COMMIT, None)],
    ),
    "an original model": (
        card(f"- Original model: [B by Acme]({HUB}/acme/b)\n- Original model: acme/b\n"),
        [("README.md:1", "acme/b", None, None), ("README.md:2", "acme/b", None, None)],
    ),
    "unsloth": (
        card("- **Finetuned from model :** acme/b-bnb-4bit\n"),
        [("README.md:1", "acme/b-bnb-4bit", None, "finetune")],
    ),
    "the Hub's template, filled in and not": (
        card(
            "- **Finetuned from model [optional]:** acme/b\n"
            "- **Finetuned from model [optional]:** [More Information Needed]\n"
        ),
        [("README.md:1", "acme/b", None, "finetune")],
    ),
    "a converter": (
        card(f"This was converted to GGUF format from [`acme/b`]({HUB}/acme/b) using llama.cpp"),
        [("README.md:1", "acme/b", None, None)],
    ),
    "quants": (
        card(f"static quants of {HUB}/acme/b\n"),
        [("README.md:1", "acme/b", None, "quantized")],
    ),
    "mergekit's card": (
        card(MERGED),
        [
            ("README.md:2", "acme/base", None, "merge"),
            ("README.md:7", "acme/a", None, "merge"),
            ("README.md:8", "acme/b", None, "merge"),
            ("README.md:8", "acme/lora", None, "merge"),
            ("README.md:9", None, None, "merge"),
        ],
    ),
    "a recipe in a card": (
        card(f"# m\n```yaml\n{AXOLOTL}```\n"),
        [("README.md:3", "acme/base", None, "adapter")],
    ),
    "code that is no recipe": (card("```yaml\nmodel: acme/b\n```\n```yaml\n{[\n```\n"), []),
    "words about others": (
        card("A fine-tuned version of a good model, better than the base model: yes."),
        [],
    ),
    "a merge recipe": (
        {"mergekit_config.yml": RECIPE.encode()},
        [
            ("mergekit_config.yml:2", "acme/base", None, "merge"),
            ("mergekit_config.yml:4", "acme/a", "v1", "merge"),
            ("mergekit_config.yml:6", "acme/b", None, "merge"),
            ("mergekit_config.yml:6", "acme/lora", None, "merge"),
            ("mergekit_config.yml:7", "acme/c", "v2", "merge"),
            ("mergekit_config.yml:7", "acme/d", None, "merge"),
            ("mergekit_config.yml:10", None, None, "merge"),
        ],
    ),
    "a mixture of experts": (
        {"mergekit_moe_config.yml": b"base_model: acme/a\nexperts:\n  - source_model: acme/b\n"},
        [
            ("mergekit_moe_config.yml:1", "acme/a", None, "merge"),
            ("mergekit_moe_config.yml:3", "acme/b", None, "merge"),
        ],
    ),
    "a recipe in two documents": (
        {"mergekit_config.yml": b"models: [{model: acme/a}]\n---\nmodels: [{model: acme/b}]\n"},
        [
            ("mergekit_config.yml:1", "acme/a", None, "merge"),
            ("mergekit_config.yml:3", "acme/b", None, "merge"),
        ],
    ),
    "where a model was loaded from, and its parts": (
        settings("config.json", _name_or_path="acme/b", text_config={"_name_or_path": "./x"}),
        [("config.json:2", "acme/b", None, None), ("config.json:4", None, None, None)],
    ),
    "a part of a pipeline": (
        settings("unet/config.json", _name_or_path="acme/sd"),
        [("unet/config.json:2", "acme/sd", None, None)],
    ),
    "an adapter at a revision": (
        settings("sub/adapter_config.json", base_model_name_or_path="acme/b", revision="v1"),
        [("sub/adapter_config.json:2", "acme/b", "v1", "adapter")],
    ),
    "a quantisation": (
        settings("quantize_config.json", bits=4, model_name_or_path="acme/b"),
        [("quantize_config.json:3", "acme/b", None, "quantized")],
    ),
    "axolotl's settings at a commit": (
        {"axolotl.yaml": b"base_model: acme/base\nrevision_of_model: v2\n"},
        [("axolotl.yaml:1", "acme/base", "v2", "finetune")],
    ),
    "axolotl's settings": (
        {"axolotl_config.yaml": AXOLOTL.encode()},
        [("axolotl_config.yaml:1", "acme/base", None, "adapter")],
    ),
    "LLaMA-Factory's settings": (
        {"training_args.yaml": b"stage: sft\nmodel_name_or_path: acme/b\n"},
        [("training_args.yaml:2", "acme/b", None, "finetune")],
    ),
    "axolotl's settings under a name of others, with an anchor": (
        {"config.yml": b"base_model: acme/b\nx: &a 1\ny: *a\npretraining_dataset: acme/d\n"},
        [("config.yml:1", "acme/b", None, "finetune")],
    ),
    "settings of others": ({"config.yaml": b"base_model: acme/b\nlr: 1\n"}, []),
    "what is no YAML under a name of others": ({"config.yaml": b"{["}, []),
    "a quoted recipe with an anchor": (
        card("```yaml\nbase_model: acme/b\nx: &a 1\ny: *a\ndatasets: [{path: acme/d}]\n```\n"),
        [("README.md:2", "acme/b", None, "finetune")],
    ),
    "mlx-lm": (
        settings("adapter_config.json", model="acme/b", fine_tune_type="lora"),
        [("adapter_config.json:2", "acme/b", None, "adapter")],
    ),
    "AdapterHub": (
        settings("adapter_config.json", model_name="acme/b", config={}),
        [("adapter_config.json:2", "acme/b", None, "adapter")],
    ),
    "optimum-neuron": (
        settings("neuron_config.json", checkpoint_id="acme/b", checkpoint_revision=COMMIT),
        [("neuron_config.json:2", "acme/b", COMMIT, None)],
    ),
    "LeRobot": (
        settings("config.json", type="act", pretrained_path="acme/b")
        | settings("train_config.json", policy={"pretrained_path": "acme/b"}),
        [
            ("config.json:3", "acme/b", None, "finetune"),
            ("train_config.json:3", "acme/b", None, "finetune"),
        ],
    ),
    "ms-swift": (
        settings("args.json", model="Qwen/Q", rlhf_type="dpo"),
        [("args.json:2", "Qwen/Q", None, "finetune")],
    ),
    "arguments of others": (settings("args.json", model="acme/b"), []),
    "AutoTrain": (
        settings("training_params.json", model="acme/b", trainer="sft"),
        [("training_params.json:2", "acme/b", None, "finetune")],
    ),
    "litgpt": (
        {
            "hyperparameters.yaml": b"checkpoint_dir: checkpoints/acme/b\n",
            "model_config.yaml": b"hf_config:\n  org: acme\n  name: b\n",
        },
        [
            ("hyperparameters.yaml:1", None, None, "finetune"),
            ("model_config.yaml", "acme/b", None, "finetune"),
        ],
    ),
    "torchtune": (
        settings("original_repo_id.json", repo_id="acme/b"),
        [("original_repo_id.json:2", "acme/b", None, "finetune")],
    ),
    "LLaMA-Factory's board": (
        {"llamaboard_config.yaml": b"top.model_name: B\ntop.model_path: acme/b\n"},
        [("llamaboard_config.yaml:2", "acme/b", None, "finetune")],
    ),
    "ai-toolkit": (
        {"config.yaml": b"config:\n  process:\n  - model:\n      name_or_path: acme/b\n"},
        [("config.yaml:4", "acme/b", None, "adapter")],
    ),
    "NeMo": (
        {"model_config.yaml": b"restore_from_path: /ws/base.nemo\n"},
        [("model_config.yaml:1", None, None, "finetune")],
    ),
    "a LoRA's metadata": (
        tensors(ss_sd_model_name="acme/sd", ss_base_model_version="sdxl_base_v1-0"),
        [("model.safetensors:1", "acme/sd", None, "adapter")],
    ),
    "a LoRA of diffusers": (
        tensors(lora_adapter_metadata=json.dumps({"unet.base_model_name_or_path": "acme/sd"})),
        [("model.safetensors:1", "acme/sd", None, "adapter")],
    ),
    "metadata that is no JSON": (tensors(lora_adapter_metadata="{["), []),
    "the base in the metadata": (
        tensors(base_model="acme/b"),
        [("model.safetensors:1", "acme/b", None, None)],
    ),
    "the arguments of a script": (
        settings("training_args.json", model_name_or_path="acme/b"),
        [("training_args.json:2", "acme/b", None, "finetune")],
    ),
    "an adapter built in": (
        settings("config.json", base_model_name_or_path="acme/b"),
        [("config.json:2", "acme/b", None, None)],
    ),
    "a recipe of any name": (
        {"my-merge.yaml": b"merge_method: slerp\nbase_model: acme/b\n"},
        [("my-merge.yaml:2", "acme/b", None, "merge")],
    ),
    "a run of any name": (
        {"train_qlora.yml": b"model_name_or_path: acme/b\nstage: sft\n"},
        [("train_qlora.yml:1", "acme/b", None, "finetune")],
    ),
    "YAML that is no recipe": (
        {"config/net.yaml": b"model: small\nexperts: [{model: a}]\n", "x.yaml": b"{["},
        [],
    ),
    "a card in another language": (
        {"README_zh-CN.md": b"---\nbase_model: acme/b\n---\n"},
        [("README_zh-CN.md:2", "acme/b", None, None)],
    ),
    "a card without a suffix": (
        {"README": b"This is a fine-tuned version of acme/b.\n"},
        [("README:1", "acme/b", None, "finetune")],
    ),
    "a file of weights": (
        tensors(ss_sd_model_name="sd_xl_base_1.0.safetensors"),
        [("model.safetensors:1", None, None, "adapter")],
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_is_read_with_its_line(name: str) -> None:
    files, expected = PLACES[name]
    claims = [c for c in parent_claims(evidence(files)) if isinstance(c, ParentClaim)]
    rows = [(c.place, c.repo, c.revision, c.relation) for c in claims]
    assert sorted(rows, key=str) == sorted(expected, key=str)


PARTS: dict[str, tuple[dict[str, bytes], list[tuple[str | None, str]]]] = {
    "parts of a configuration": (
        settings(
            "config.json",
            _name_or_path="acme/m",
            text_config={"_name_or_path": "acme/t"},
            vision_config={"inner": {"_name_or_path": "acme/v"}},
        ),
        [("acme/m", ""), ("acme/t", "text_config"), ("acme/v", "vision_config")],
    ),
    "a component": (
        settings("unet/config.json", _name_or_path="acme/u", a={"_name_or_path": "acme/a"}),
        [("acme/u", "unet"), ("acme/a", "unet/a")],
    ),
    "a component loaded by its folder": (
        settings("unet/config.json", _name_or_path="acme/p/unet"),
        [("acme/p", "unet")],
    ),
    "what several models were joined of": (
        settings("config.json", text_model_id="acme/t", audio_model_id="acme/a")
        | settings("gliner_config.json", model_name="acme/e")
        | settings("open_clip_config.json", model_cfg={"text_cfg": {"hf_model_name": "acme/o"}}),
        [("acme/t", "text"), ("acme/a", "audio"), ("acme/e", "encoder"), ("acme/o", "text")],
    ),
    "a vision tower": (settings("config.json", mm_vision_tower="acme/v"), [("acme/v", "vision")]),
    "an adapter in a folder": (
        settings("a/adapter_config.json", base_model_name_or_path="acme/b"),
        [("acme/b", "a")],
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_place_speaks_of_the_part_that_it_stands_in(name: str) -> None:
    files, expected = PARTS[name]
    claims = [c for c in parent_claims(evidence(files)) if isinstance(c, ParentClaim)]
    assert [(c.repo, c.part) for c in claims] == expected


GGUFS = {
    "a source and its base": (
        {
            "general.source.repo_url": f"{HUB}/acme/chat",
            "general.base_model.0.name": "Base",
            "general.base_model.0.organization": "Acme",
            "general.base_model.0.repo_url": f"{HUB}/acme/base",
        },
        [("acme/chat", "quantized", ""), ("acme/base", None, "acme/chat")],
    ),
    "a base alone": (
        {"general.base_model.0.repo_url": f"{HUB}/acme/base"},
        [("acme/base", None, "")],
    ),
    "an adapter's base by its title": (
        {
            "general.type": "adapter",
            "general.base_model.0.name": "Tiny Base",
            "general.base_model.0.organization": "Acme",
        },
        [("Acme/Tiny-Base", "adapter", "")],
    ),
    "a title without an organisation": ({"general.base_model.0.name": "Tiny Base"}, []),
}


@pytest.mark.parametrize("name", GGUFS)
def test_the_base_of_a_gguf_is_its_sources(name: str) -> None:
    stated, expected = GGUFS[name]
    pairs = (pair(key.encode(), STRING, text(value.encode())) for key, value in stated.items())
    data = made(tuple(pairs))
    claims = [c for c in parent_claims(evidence({"m.gguf": data})) if isinstance(c, ParentClaim)]
    assert [(c.repo, c.relation, c.of) for c in claims] == expected


METHODS: dict[str, tuple[dict[str, bytes], list[tuple[str, str, bool]]]] = {
    "tags": (
        card("---\ntags: [trl, sft, gguf]\n---\n"),
        [("README.md:2", "sft", False)],
    ),
    "TRL's words": (card("This model was trained with SFT.\n"), [("README.md:1", "sft", False)]),
    "TRL's words about a paper": (
        card("This model was trained with GRPO, a method of [a paper](https://x.org).\n"),
        [("README.md:1", "grpo", False)],
    ),
    "what a trainer logged": (
        settings("trainer_state.json", log_history=[{"loss": 1}, {"reward_std": 0.1}]),
        [("trainer_state.json", " or ".join(sorted(GROUPS)), True)],
    ),
    "what a trainer logged after many rows": (
        settings("trainer_state.json", log_history=[*[{"loss": 1}] * 5_000, {"reward_std": 1}]),
        [("trainer_state.json", " or ".join(sorted(GROUPS)), True)],
    ),
    "ms-swift": (settings("args.json", rlhf_type="kto"), [("args.json:2", "kto", True)]),
    "AutoTrain": (
        settings("training_params.json", trainer="orpo"),
        [("training_params.json:2", "orpo", True)],
    ),
    "LLaMA Board": (
        {"llamaboard_config.yaml": b"train.training_stage: DPO\n"},
        [("llamaboard_config.yaml:1", "dpo or ipo", True)],
    ),
    "LLaMA Board's name for it": (
        {"llamaboard_config.yaml": b"train.training_stage: Supervised Fine-Tuning\n"},
        [("llamaboard_config.yaml:1", "sft", True)],
    ),
    "axolotl's settings": (
        {"axolotl_config.yml": AXOLOTL.encode()},
        [("axolotl_config.yml:3", "dpo or ipo", True)],
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_read_where_it_is_told(name: str) -> None:
    files, expected = METHODS[name]
    claims = [c for c in parent_claims(evidence(files)) if isinstance(c, MethodClaim)]
    told = [(c.place, " or ".join(sorted(c.methods)), c.trace) for c in claims]
    assert told == expected


CLASSES: dict[str, tuple[str, bool] | None] = {
    "trl.trainer.sft_config.SFTConfig": ("sft", True),
    "trl.trainer.grpo_config.GRPOConfig": ("grpo", True),
    "trl.experimental.async_grpo.async_grpo_config.AsyncGRPOConfig": ("async-grpo", True),
    "trl.experimental.gmpo.gmpo_config.GMPOConfig": ("gmpo", True),
    "trl.experimental.gold.gold_config.GOLDConfig": ("gold", True),
    "trl.trainer.nash_md_config.NashMDConfig": ("nash-md", True),
    "trl.trainer.ppov2_config.PPOv2Config": ("ppo", True),
    "trl.trainer.reward_config.RewardConfig": ("reward-trainer", True),
    "trl.experimental.iw_opd.iw_opd_config.IWOPDConfig": ("iw-opd", True),
    "UnslothDPOTrainer.UnslothDPOConfig": ("dpo", True),
    "axolotl.core.trainers.kto.AxolotlKTOConfig": ("kto", True),
    "trl.experimental.zpo.zpo_config.ZPOConfig": ("zpo", False),
    "UnslothZPOTrainer.UnslothZPOConfig": ("zpo", False),
    "trl.trainer.model_config.ModelConfig": None,
    "transformers.training_args.TrainingArguments": None,
    "transformers.training_args_seq2seq.Seq2SeqTrainingArguments": None,
    "sentence_transformers.training_args.SentenceTransformerTrainingArguments": None,
    "transformers.utils.quantization_config.BitsAndBytesConfig": None,
}
"""Classes of pickled arguments: the tag that the trainer's own card writes, and whether known."""


@pytest.mark.parametrize("name", CLASSES)
def test_the_class_of_pickled_arguments_tells_the_trainer(name: str) -> None:
    given = evidence({"training_args.bin": b"\x80\x02."})
    seen = Observation(code="pickle-import", path="training_args.bin", detail=name)
    claims = parent_claims(replace(given, observations=(seen,)))
    expected = CLASSES[name]
    assert bool(claims) is bool(expected)
    for claim in claims:
        assert isinstance(claim, MethodClaim)
        assert expected
        assert expected[0] in claim.methods
        assert (claim.known, claim.trace) == (expected[1], True)


def test_a_bare_digest_names_nobody() -> None:
    (claim,) = parent_claims(evidence(tensors(source_checkpoint_sha256="a" * 64)))
    assert claim == DigestClaim(
        path="model.safetensors", key="source_checkpoint_sha256", sha256="a" * 64
    )


UNREADABLE = {
    "a recipe of many parents": (
        "mergekit_config.yml",
        b"models:\n" + b"".join(b"  - model: acme/m%d\n" % n for n in range(1_001)),
    ),
    "a bomb": (
        "mergekit_config.yml",
        b"a0: &a0 [x, x]\n"
        + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
    ),
    "not UTF-8": ("README.md", b"---\nbase_model: \xff\n---\n"),
    "front matter that is a list": ("README.md", b"---\n- base_model\n---\n"),
    "settings cut off": ("adapter_config.json", b'{"base_model_name_or_path": "acme'),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said(name: str) -> None:
    path, data = UNREADABLE[name]
    claims = parent_claims(evidence({path: data}))
    assert [claim.path for claim in claims if isinstance(claim, Unread)] == [path]


def test_a_card_too_long_is_read_as_far_as_that_goes() -> None:
    words = f"This model is a fine-tuned version of [acme/b]({HUB}/acme/b)\n".encode()
    claims = parent_claims(evidence({"README.md": words + b"x" * (10 << 20)}))
    assert [claim.repo for claim in claims if isinstance(claim, ParentClaim)] == ["acme/b"]
    assert any(isinstance(claim, Unread) for claim in claims)


def test_the_places_that_were_read_are_named() -> None:
    files = settings("config.json", a=1) | settings("x/adapter_config.json") | card("# x")
    files |= {"tokenizer.json": b"{}", "notes.toml": b"a = 1\n"}
    read = {"README.md", "config.json", "x/adapter_config.json"}
    assert set(places_read(evidence(files))) == read
    asked = replace(evidence(files), facts=Facts(id="a/b"))
    assert set(places_read(asked)) == {*read, "the Hub"}


def test_weights_say_nothing_by_themselves() -> None:
    assert parent_claims(evidence({"model.safetensors": forge.safetensors()})) == ()


@pytest.mark.each("malicious/**/*.pkl")
def test_a_hostile_pickle_in_place_of_arguments_says_nothing(each: Path) -> None:
    claims = parent_claims(evidence({"training_args.bin": each.read_bytes()}))
    assert all(isinstance(claim, MethodClaim) for claim in claims)
