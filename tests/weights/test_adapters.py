"""An adapter alone beside its base: what it holds are parameters of its own, by every method.

The layouts are those that peft 0.21 writes for a model of two layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from provenance.claims.trained import declared
from provenance.model import TensorDigest
from provenance.weights.changes.change import Change, Kind
from provenance.weights.changes.declared import exceeded, exceeded_by_ledger
from provenance.weights.changes.mapping import change_map
from provenance.weights.factored import is_adapter_of
from provenance.weights.ledger import Ledger
from tests.weights.tiny import Array, opened

Shapes = Mapping[str, tuple[int, ...]]
WIDTH, WIDE, TOKENS = 64, 128, 256
MODEL: Shapes = {
    "model.embed_tokens.weight": (TOKENS, WIDTH),
    "lm_head.weight": (TOKENS, WIDTH),
    "model.norm.weight": (WIDTH,),
    **{
        f"model.layers.{layer}.{name}.weight": shape
        for layer in range(2)
        for name, shape in {
            "self_attn.q_proj": (WIDTH, WIDTH),
            "self_attn.k_proj": (WIDTH, WIDTH),
            "self_attn.v_proj": (WIDTH, WIDTH),
            "mlp.down_proj": (WIDTH, WIDE),
            "input_layernorm": (WIDTH,),
        }.items()
    },
}
PEFT = "base_model.model."
TIED = {name: shape for name, shape in MODEL.items() if not name.startswith("lm_head")}


def filled(shapes: Shapes) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}


Q = {"target_modules": ["q_proj"]}
K: Shapes = {"lora_A.weight": (4, WIDTH), "lora_B.weight": (WIDTH, 4)}
LORA = {"peft_type": "LORA", "r": 4, **Q}
NO_SHARED: Shapes = {}
OF_Q: Mapping[str, tuple[Mapping[str, object], Shapes, Shapes]] = {
    "LoRA": (LORA, K, NO_SHARED),
    "LoRA by the name of its adapter": (
        LORA,
        {"lora_A.default.weight": (4, WIDTH), "lora_B.default.weight": (WIDTH, 4)},
        NO_SHARED,
    ),
    "LoRA of MLX": (LORA, {"lora_a": (WIDTH, 4), "lora_b": (4, WIDTH)}, NO_SHARED),
    "LoRA with a bias": (
        {**LORA, "lora_bias": True},
        {**K, "lora_B.bias": (WIDTH,)},
        NO_SHARED,
    ),
    "DoRA": ({**LORA, "use_dora": True}, {**K, "lora_magnitude_vector": (WIDTH,)}, NO_SHARED),
    "AdaLoRA": (
        {**LORA, "peft_type": "ADALORA", "init_r": 6},
        {"lora_A": (6, WIDTH), "lora_B": (WIDTH, 6), "lora_E": (6, 1)},
        NO_SHARED,
    ),
    "IA3": ({"peft_type": "IA3", **Q}, {"ia3_l": (WIDTH, 1)}, NO_SHARED),
    "LoHa": (
        {"peft_type": "LOHA", "r": 4, **Q},
        {
            **{f"hada_w{n}_a": (WIDTH, 4) for n in (1, 2)},
            **{f"hada_w{n}_b": (4, WIDTH) for n in (1, 2)},
        },
        NO_SHARED,
    ),
    "LoKr": ({"peft_type": "LOKR", **Q}, {"lokr_w1": (8, 8), "lokr_w2": (8, 8)}, NO_SHARED),
    "VeRA": (
        {"peft_type": "VERA", "r": 8, **Q},
        {"vera_lambda_b": (WIDTH,), "vera_lambda_d": (8,)},
        {"base_model.vera_A": (8, WIDTH), "base_model.vera_B": (WIDTH, 8)},
    ),
    "OFT": ({"peft_type": "OFT", **Q}, {"oft_R.weight": (4, 120)}, NO_SHARED),
    "BOFT": (
        {"peft_type": "BOFT", **Q},
        {"boft_R": (1, 16, 4, 4), "boft_s": (WIDTH, 1)},
        NO_SHARED,
    ),
    "VB-LoRA": (
        {"peft_type": "VBLORA", "r": 4, **Q},
        {"vblora_logits_A": (4, 8, 8), "vblora_logits_B": (8, 4, 8)},
        {"base_model.vblora_vector_bank": (8, 8)},
    ),
    "RandLoRA": (
        {"peft_type": "RANDLORA", **Q},
        {"randlora_lambda": (4, 16), "randlora_gamma": (16, WIDTH), "randlora_A": (4, 1, WIDTH)},
        {"base_model.randlora_A": (4, 1, WIDTH)},
    ),
    "spectra": ({"peft_type": "FOURIERFT", **Q}, {"fourierft_spectrum": (20,)}, NO_SHARED),
    "experts of adapters": (
        {"peft_type": "POLY", **Q},
        {"poly_lora_A": (1, 4, WIDTH, 4), "poly_router.module_logits": (1, 4)},
        NO_SHARED,
    ),
}
"""The configuration, the parameters of each module, and those of all together."""


def placed(module: str, parameters: Shapes) -> dict[str, tuple[int, ...]]:
    stems = [f"{PEFT}model.layers.{layer}.self_attn.{module}" for layer in range(2)]
    return {f"{stem}.{name}": shape for stem in stems for name, shape in parameters.items()}


def changes(place: Path, adapter: Shapes, base: Shapes = MODEL) -> tuple[Change, ...]:
    theirs, base_reader = opened(place / "base", model=filled(base))
    ours, reader = opened(place / "adapter", adapter_model=filled(adapter))
    assert is_adapter_of(ours)
    return change_map(theirs, ours, base_reader, reader, named="base").changes


def beyond(config: Mapping[str, object], found: tuple[Change, ...]) -> list[str]:
    (said,) = declared("adapter_config.json", [config])
    return [one.change.name for one in exceeded(said, found)]


@pytest.mark.parametrize("method", OF_Q)
def test_a_method_changes_the_declared_modules_alone(method: str, tmp_path: Path) -> None:
    config, own, shared = OF_Q[method]
    found = changes(tmp_path, {**placed("q_proj", own), **shared})
    assert {one.base for one in found if one.base} == set(MODEL)
    changed = {one.base for one in found if one.kind is not Kind.IDENTICAL and one.base}
    assert changed == {f"model.layers.{layer}.self_attn.q_proj.weight" for layer in range(2)}
    assert beyond(config, found) == []


@pytest.mark.parametrize("method", OF_Q)
def test_a_method_on_another_module_is_beyond(method: str, tmp_path: Path) -> None:
    config, own, shared = OF_Q[method]
    found = changes(tmp_path, {**placed("q_proj", own), **placed("k_proj", own), **shared})
    assert any("k_proj" in name for name in beyond(config, found))


@pytest.mark.parametrize("method", OF_Q)
def test_by_digests_alone(method: str) -> None:
    config, own, shared = OF_Q[method]
    theirs = Ledger(entries=tuple(_digest(name, MODEL[name]) for name in MODEL))
    (said,) = declared("adapter_config.json", [config])
    for module, exceeds in (("q_proj", False), ("k_proj", True)):
        held = {**placed(module, own), **shared}
        ours = Ledger(entries=tuple(_digest(name, shape) for name, shape in held.items()))
        assert bool(exceeded_by_ledger(said, ours, theirs)) is exceeds


def _digest(name: str, shape: tuple[int, ...]) -> TensorDigest:
    return TensorDigest(path="m", name=name, dtype="F32", shape=shape, opening=name, digest="")


MORE_THAN_FACTORS = ("DoRA", "IA3", "LoHa", "OFT", "VeRA")


@pytest.mark.parametrize("method", MORE_THAN_FACTORS)
def test_what_is_no_product_is_beyond_a_declared_rank(method: str, tmp_path: Path) -> None:
    _, own, shared = OF_Q[method]
    found = changes(tmp_path, {**placed("q_proj", own), **shared})
    assert len(beyond(LORA, found)) == 2


TABLE, HEAD = f"{PEFT}model.embed_tokens", f"{PEFT}lm_head"
BOTH = {"modules_to_save": ["lm_head", "embed_tokens"]}
WHOLE: Mapping[str, tuple[Mapping[str, object], Shapes, Shapes, list[str]]] = {
    "factors of a table": (
        {"target_modules": ["q_proj", "embed_tokens"]},
        {f"{TABLE}.lora_embedding_A": (4, TOKENS), f"{TABLE}.lora_embedding_B": (WIDTH, 4)},
        MODEL,
        [],
    ),
    "some tokens": (
        {"trainable_token_indices": [1, 2]},
        {f"{TABLE}.token_adapter.trainable_tokens_delta": (2, WIDTH)},
        MODEL,
        [],
    ),
    "tokens that nobody declares": (
        {},
        {f"{TABLE}.token_adapter.trainable_tokens_delta": (2, WIDTH)},
        MODEL,
        [f"{TABLE}.weight"],
    ),
    "head and table saved": (
        BOTH,
        {f"{TABLE}.weight": (TOKENS, WIDTH), f"{HEAD}.weight": (TOKENS, WIDTH)},
        MODEL,
        [],
    ),
    "a table saved, the head left alone": (
        {"modules_to_save": ["embed_tokens"]},
        {f"{TABLE}.weight": (TOKENS, WIDTH)},
        MODEL,
        [],
    ),
    "a head saved": (
        {"modules_to_save": ["lm_head"]},
        {f"{HEAD}.weight": (TOKENS, WIDTH)},
        MODEL,
        [],
    ),
    "a head saved, the table too": (
        {"modules_to_save": ["lm_head"]},
        {f"{HEAD}.weight": (TOKENS, WIDTH), f"{TABLE}.weight": (TOKENS, WIDTH)},
        MODEL,
        [f"{TABLE}.weight"],
    ),
    "a head of its own, where the base has none": (
        {"modules_to_save": ["lm_head"]},
        {f"{HEAD}.weight": (TOKENS, WIDTH)},
        TIED,
        [],
    ),
    "a head that nobody declares": (
        {},
        {f"{HEAD}.weight": (TOKENS, WIDTH)},
        MODEL,
        [f"{HEAD}.weight"],
    ),
    "norms": (
        {"peft_type": "LN_TUNING", "target_modules": ["q_proj", "input_layernorm"]},
        {f"{PEFT}model.layers.0.input_layernorm.ln_tuning_layers.weight": (WIDTH,)},
        MODEL,
        [],
    ),
    "a module that the base has not": (
        {},
        {f"{PEFT}model.extra.lora_A.weight": (4, 8), f"{PEFT}model.extra.lora_B.weight": (8, 4)},
        MODEL,
        [f"{PEFT}model.extra.weight"],
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_stands_beside_the_factors(name: str, tmp_path: Path) -> None:
    more, held, base, expected = WHOLE[name]
    found = changes(tmp_path, {**placed("q_proj", K), **held}, base)
    assert beyond({**LORA, **more}, found) == expected


FUSED: Shapes = {"lora_A.weight": (4, WIDTH), "lora_B.weight": (3 * WIDTH, 4)}
LAYOUTS: Mapping[str, tuple[str, tuple[int, ...], Shapes]] = {
    "inputs first, as GPT-2": ("h.0.attn.c_attn", (WIDTH, 3 * WIDTH), FUSED),
    "fused": ("h.0.attn.c_attn", (3 * WIDTH, WIDTH), FUSED),
    "a convolution": (
        "blocks.0.resnets.0.conv1",
        (WIDTH, 16, 3, 3),
        {"lora_A.weight": (4, 16, 3, 3), "lora_B.weight": (WIDTH, 4, 1, 1)},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_factors_of_a_weight_of_another_form(name: str, tmp_path: Path) -> None:
    module, shape, both = LAYOUTS[name]
    base = {f"{module}.weight": shape, "h.0.attn.c_proj.weight": (WIDTH, WIDTH)}
    factors = {f"{PEFT}transformer.{module}.{which}": size for which, size in both.items()}
    found = {one.base: one for one in changes(tmp_path, factors, base)}
    low = found[f"{module}.weight"]
    assert (low.kind, low.rank) == (Kind.LOW_RANK, 4)
    assert found["h.0.attn.c_proj.weight"].kind is Kind.IDENTICAL
    a, b = (np.asarray(one, np.float64).reshape(len(one), -1) for one in filled(factors).values())
    size = np.linalg.norm(b @ a) / np.linalg.norm(filled(base)[f"{module}.weight"])
    assert low.relative == pytest.approx(size, rel=1e-4)
