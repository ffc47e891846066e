"""One edit beside what is declared: each kind of child as an honest tool makes it, and the same
with one thing changed of which nobody speaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from provenance.checks.weights import check
from provenance.model import Facts
from provenance.verdict import Finding, Outcome
from tests.checks import edited as e
from tests.checks import packs
from tests.checks.weighed import ancestor, case
from tests.claims.models import evidence
from tests.hubs import card
from tests.weights.tiny import Array, file

Files = Mapping[str, bytes]
BASE = e.base()
PARENT = e.Registered(repo="base/b", model={}, files={"model.safetensors": packs.halves(BASE)})
CONFIG = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj", "v_proj"]}
LORA = {"adapter_config.json": json.dumps(CONFIG).encode()}
PACKS: Mapping[str, Callable[[e.Tensors], Files]] = {
    "lora": lambda model: {"model.safetensors": packs.halves(model), **LORA},
    "lora as gguf": lambda model: {"model.gguf": packs.gguf(model), **LORA},
    "lora as gguf of halves": lambda model: {"model.gguf": packs.gguf(model, packs.F16), **LORA},
    "int8": lambda model: {"model.safetensors": packs.int8(model)},
    "gguf": lambda model: {"model.gguf": packs.gguf(model)},
    "gguf of 4 bits": lambda model: {"model.gguf": packs.gguf(model, packs.Q4_0)},
    "gguf of halves": lambda model: {"model.gguf": packs.gguf(model, packs.F16)},
    "gemma": lambda model: {"model.gguf": packs.gguf(model, packs.Q8_0, "gemma")},
    "awq": lambda model: {"model.safetensors": packs.awq(model)},
    "awq, nothing moved": lambda model: {"model.safetensors": packs.awq(model, moved=False)},
    "gptq": lambda model: {"model.safetensors": packs.gptq(model)},
}
"""What becomes of a model; of those with a declared adapter its factors were merged before."""
EDITS: Mapping[str, e.Edit] = {
    "a matrix": e.edit(e.DOWN),
    "a matrix far": e.edit(e.DOWN, 0.4),
    "a matrix a little": e.edit(e.DOWN, 0.01),
    "keys": e.edit(e.K, 0.3),
    "a norm": e.edit(e.INPUT, 0.2),
    "the last norm": e.edit(e.NORM, 0.2),
    "the table": e.edit(e.TABLE, 0.1),
    "the head": e.edit(e.HEAD, 0.1),
    "one more layer": e.one_more_layer,
    "a bias": e.extra("model.layers.0.self_attn.q_proj.bias", np.full(e.WIDTH, 0.1, np.float32)),
    "one more matrix": e.extra("model.extra.weight", np.full((64, 64), 0.1, np.float32)),
    "a buffer": e.extra(
        "model.layers.0.self_attn.rotary_emb.inv_freq", np.linspace(3, 1, 32, dtype=np.float32)
    ),
}
HONEST: Mapping[str, e.Edit] = {
    "nothing": lambda model: model,
    "a buffer": e.extra(
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        (1e4 ** (-np.arange(32) / 32)).astype(np.float32),
    ),
    "a bias of zeros": e.extra(
        "model.layers.0.self_attn.q_proj.bias", np.zeros(e.WIDTH, np.float32)
    ),
}
BELOW = {
    ("gguf of 4 bits", "a matrix a little"),
    ("awq", "a matrix a little"),
    ("awq, nothing moved", "a matrix a little"),
    ("gptq", "a matrix a little"),
    *((pack, "a matrix") for pack in ("gguf of 4 bits", "awq", "awq, nothing moved", "gptq")),
}
"""What is smaller than half the error of the packing (of GPTQ, than its error), and is not seen in
a matrix as small as these."""
STORED = {"the last norm", "the table", "the head", "one more layer", "one more matrix", "a bias"}
TOLD = {
    "lora": {*EDITS} - {"a buffer"},
    "lora as gguf": {"a norm", "the last norm", "one more layer", "a bias"},
    "lora as gguf of halves": {*EDITS} - {"a buffer", "one more matrix"},
    "int8": {
        "the last norm",
        "the table",
        "the head",
        "one more layer",
        "one more matrix",
        "a bias",
    },
    "gguf": {"a norm", "the last norm", "one more layer", "a bias"},
    "awq": {
        "the last norm",
        "the table",
        "the head",
        "one more layer",
        "one more matrix",
        "a bias",
    },
}
"""What a fingerprint of the parent tells without its weights; the pass says what it leaves open."""
SEEN = [(p, name) for p in PACKS for name in EDITS if (p, name) not in BELOW and p != "gemma"]
SEEN += [("gemma", name) for name in ("a norm", "the last norm")]


@cache
def model(pack: str) -> e.Tensors:
    """What is packed: the base, or the base with the factors that are declared."""
    return e.adapted(BASE, "q_proj", "v_proj") if pack.startswith("lora") else BASE


def found(pack: str, edit: e.Edit, *, here: bool) -> list[Finding]:
    """What is found of the edited child that is not fine."""
    relation = "" if pack.startswith("lora") else "quantized"
    files = PACKS[pack](edit(model(pack)))
    every = e.findings(PARENT, files, relation=relation, here=here)
    return [one for one in every if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]


@pytest.mark.parametrize(("pack", "name"), SEEN, ids=lambda one: one)
def test_an_edit_beside_the_base(pack: str, name: str) -> None:
    rules = {one.rule for one in found(pack, EDITS[name], here=True)}
    assert rules & {"weights/exceeded", "weights/partial"}


KEPT = [
    (pack, name, here)
    for pack in PACKS
    for name in HONEST
    for here in (True, False)
    if here or name != "a bias of zeros"
]


@pytest.mark.parametrize(("pack", "name", "here"), KEPT)
def test_an_honest_child(pack: str, name: str, here: bool) -> None:
    assert not found(pack, HONEST[name], here=here)


@pytest.mark.parametrize(
    ("pack", "name"), [(p, name) for p, names in TOLD.items() for name in sorted(names)]
)
def test_an_edit_by_the_fingerprint_of_the_base(pack: str, name: str) -> None:
    rules = {one.rule for one in found(pack, EDITS[name], here=False)}
    assert rules & {"weights/exceeded", "weights/partial"}


LEFT: Mapping[str, tuple[str, e.Edit, Files, str]] = {
    "packed matrices": ("gguf", HONEST["nothing"], {}, "edits of packed matrices are not told"),
    "a buffer": ("lora", EDITS["a buffer"], {}, "as programs write it is not told by digests"),
    "rows of tokens": (
        "lora",
        EDITS["the table"],
        {"adapter_config.json": json.dumps({**CONFIG, "trainable_token_indices": [1]}).encode()},
        "which rows of model.embed_tokens.weight were changed is not told",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_a_fingerprint_leaves_open_is_said(name: str) -> None:
    pack, edit, files, words = LEFT[name]
    child = {**PACKS[pack](edit(model(pack))), **files}
    relation = "" if pack.startswith("lora") else "quantized"
    (passed,) = e.findings(PARENT, child, relation=relation, here=False)
    assert passed.rule == "weights/pass"
    assert words in passed.message


def singles(model: e.Tensors) -> Files:
    return {"model.safetensors": file(model)}


def fused(model: e.Tensors, name: str, *parts: str) -> e.Tensors:
    """These matrices of attention as one."""
    at = [f"model.layers.{layer}.self_attn" for layer in range(e.LAYERS)]
    wholes = {
        f"{one}.{name}.weight": np.vstack([model[f"{one}.{part}.weight"] for part in parts])
        for one in at
    }
    gone = {f"{one}.{part}.weight" for one in at for part in parts}
    return {name: values for name, values in model.items() if name not in gone} | wholes


WIDER = e.Registered(repo="base/b", model={}, files=singles(BASE))
"""The base with a type that has more values than a half."""
BY_DIGESTS: Mapping[str, tuple[e.Edit, Callable[[e.Tensors], Files], tuple[str, str]]] = {
    "norms in each other's place": (
        lambda m: m | {e.INPUT: m[e.NORM], e.NORM: m[e.INPUT]},
        singles,
        ("weights/exceeded", " norm also changed"),
    ),
    "a norm beside one packed matrix": (
        lambda m: e.edit(e.INPUT, 0.3)(m) | {"model.unused.weight": np.ones((2, 2), np.int8)},
        singles,
        ("weights/exceeded", "input_layernorm also changed"),
    ),
    "rows of a table that grew": (
        lambda m: m | {e.TABLE: np.vstack([m[e.TABLE], m[e.TABLE][:1]])},
        singles,
        ("weights/pass", "which rows of model.embed_tokens.weight, of another length, were"),
    ),
    "a layer left out": (
        lambda m: {name: one for name, one in m.items() if ".layers.1." not in name},
        singles,
        ("weights/exceeded", "layers.1."),
    ),
    "queries, keys and values in one": (
        lambda m: fused(m, "qkv_proj", "q_proj", "k_proj", "v_proj"),
        singles,
        ("weights/pass", "self_attn.qkv_proj.weight and of 1 more, in other pieces there, are"),
    ),
    "a matrix kept as F16": (
        e.edit(e.DOWN, 0.01),
        lambda m: {"model.safetensors": file(m | {e.DOWN: m[e.DOWN].astype(np.float16)})},
        ("weights/pass", f"edits of {e.DOWN}, kept as F16, are not told"),
    ),
}
"""What digests tell of a child, and what the pass says that they do not."""


@pytest.mark.parametrize("name", BY_DIGESTS)
def test_what_digests_tell_of_a_base_that_is_not_here(name: str) -> None:
    edit, kept, (rule, words) = BY_DIGESTS[name]
    child = {**kept(edit(model("lora"))), **LORA}
    found = e.findings(WIDER, child, here=False)
    assert [one for one in found if one.rule == rule and words in one.message], found


RECIPES = """---
base_model: base/b
---
## Training
```yaml
adapter: lora
lora_r: 4
lora_target_modules:
  - q_proj
```
```yaml
adapter: lora
lora_r: 2
lora_target_modules:
  - v_proj
```
"""


@pytest.mark.parametrize(("edit", "exceeds"), [(HONEST["nothing"], False), (e.edit(e.DOWN), True)])
def test_recipes_that_differ_are_one_or_the_other(edit: e.Edit, exceeds: bool) -> None:
    child = {"model.safetensors": packs.halves(edit(e.adapted(BASE, "q_proj")))}
    every = e.findings(PARENT, {**child, "README.md": RECIPES.encode()}, here=True)
    assert ("weights/exceeded" in {one.rule for one in every}) is exceeds


def factors(*modules: str, rank: int = 4, layers: int = 2, **more: tuple[int, ...]) -> bytes:
    """An adapter with factors of that rank for these modules, and other tensors of a shape."""
    found: dict[str, Array] = {}
    for layer in range(layers):
        for module in modules:
            rows, columns = e.SHAPES[module]
            at = f"base_model.model.model.layers.{layer}.{module}"
            found[f"{at}.lora_A.weight"] = np.ones((rank, columns), np.float32)
            found[f"{at}.lora_B.weight"] = np.ones((rows, rank), np.float32)
    whole = {f"base_model.model.{name}.weight": shape for name, shape in more.items()}
    return file(found | {name: np.ones(shape, np.float32) for name, shape in whole.items()})


QV = ("self_attn.q_proj", "self_attn.v_proj")
ADAPTERS: Mapping[str, tuple[bytes, Mapping[str, object], bool]] = {
    "as declared": (factors(*QV), {}, False),
    "another module": (factors(*QV, "mlp.down_proj"), {}, True),
    "a higher rank": (factors(*QV, rank=16), {}, True),
    "another layer": (factors(*QV), {"layers_to_transform": [0]}, True),
    "that layer": (factors(*QV, layers=1), {"layers_to_transform": [0]}, False),
    "a norm saved whole": (factors(*QV, norm=(256,)), {}, True),
    "a norm that is declared": (factors(*QV, norm=(256,)), {"modules_to_save": ["norm"]}, False),
    "a head, which may have grown": (factors(*QV, lm_head=(1024, 256)), {}, False),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_without_its_base_is_held_to_its_configuration(name: str) -> None:
    data, more, exceeds = ADAPTERS[name]
    config = {**CONFIG, **more, "base_model_name_or_path": "base/b"}
    files = {
        "README.md": card("base_model: base/b\nbase_model_relation: adapter"),
        "adapter_model.safetensors": data,
        "adapter_config.json": json.dumps(config).encode(),
    }
    given = replace(evidence(files), facts=Facts(id="acme/m", repo_id="6" * 24))
    given = replace(given, ancestors=(ancestor("base/b"),))
    rules = {one.rule for one in check.check(case(given, []))}
    assert ("weights/exceeded" in rules) is exceeds
