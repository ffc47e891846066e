"""What is an adapter and what a model: by its factors and the matrices beside them."""

from __future__ import annotations

import pytest

from provenance.weights.factored import is_adapter
from provenance.weights.roles import Tensor, layout_of

Shapes = dict[str, tuple[int, ...]]
PEFT = "base_model.model.model.layers.0.self_attn.q_proj"
FACTORS: Shapes = {f"{PEFT}.lora_A.weight": (4, 64), f"{PEFT}.lora_B.weight": (64, 4)}
MLX: Shapes = {"model.layers.0.self_attn.q_proj.lora_a": (64, 4)}
KOHYA: Shapes = {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 64)}
TABLE: Shapes = {"model.embed_tokens.weight": (99, 64)}
ADAPTERS: dict[str, Shapes] = {
    "of peft": FACTORS,
    "of MLX": MLX,
    "of kohya": KOHYA,
    "magnitudes": {**FACTORS, f"{PEFT}.lora_magnitude_vector": (64,)},
    "norms trained whole": {**FACTORS, "model.layers.0.input_layernorm.weight": (64,)},
    "a table saved whole": {**FACTORS, "base_model.model.model.embed_tokens.weight": (99, 64)},
    "a head saved whole": {**FACTORS, "base_model.model.lm_head.weight": (99, 64)},
    "a head of several modules": {**FACTORS, "base_model.model.classifier.0.weight": (9, 64)},
    "singular values": {**FACTORS, f"{PEFT}.lora_E": (4, 1)},
}
WHOLE: dict[str, Shapes] = {
    "no factor": TABLE,
    "nothing": {},
    "a layer's matrix": {**FACTORS, f"{PEFT.replace('q', 'o')}.weight": (64, 64)},
    "called as Llama's first files": {**FACTORS, "layers.0.attention.wq.weight": (64, 64)},
    "called as GPT-2's": {**FACTORS, "h.0.attn.c_attn.weight": (64, 192)},
    "called as nobody's": {**FACTORS, "x.0.y.weight": (64, 64)},
    "experts in one": {**FACTORS, "model.layers.0.mlp.experts.gate_up_proj": (2, 64, 96)},
    "a layer in a head": {**FACTORS, "classifier.0.layers.0.mlp.up_proj.weight": (96, 64)},
    "a layer saved whole": {**FACTORS, f"{PEFT}.modules_to_save.default.weight": (64, 64)},
    "packed in lines": {
        **FACTORS,
        "model.layers.0.mlp.up_proj.weight": (2048, 1),
        "model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4": (9,),
        "model.layers.0.mlp.up_proj.weight.absmax": (64,),
        "model.layers.0.mlp.up_proj.weight.quant_map": (16,),
    },
    "factors by the hundred": {
        **{f"model.layers.{n}.x.lora_A.weight": (1, 1) for n in range(200)},
        "model.layers.0.mlp.up_proj.weight": (96, 64),
    },
}
CASES = {**dict.fromkeys(ADAPTERS, True), **dict.fromkeys(WHOLE, False)}


@pytest.mark.parametrize("name", CASES)
def test_an_adapter_has_factors_and_no_matrix_of_a_layer(name: str) -> None:
    shapes = {**ADAPTERS, **WHOLE}[name]
    dtype = "U8" if "packed" in name else "F32"
    tensors = [("", Tensor(name=n, dtype=dtype, shape=shape)) for n, shape in shapes.items()]
    assert is_adapter(layout_of(tensors)) is CASES[name]
