"""What matrices are for: one role for one thing, whatever program spelled it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provenance.weights.matrix import Matrix, Part, matrices
from tests.weights.held import shapes

D, F, V = 64, 160, 200
Shapes = dict[str, tuple[int, ...]]

LLAMA: Shapes = {
    "model.embed_tokens.weight": (V, D),
    "model.layers.0.self_attn.q_proj.weight": (D, D),
    "model.layers.0.self_attn.k_proj.weight": (16, D),
    "model.layers.0.self_attn.v_proj.weight": (16, D),
    "model.layers.0.self_attn.o_proj.weight": (D, D),
    "model.layers.0.mlp.gate_proj.weight": (F, D),
    "model.layers.0.mlp.up_proj.weight": (F, D),
    "model.layers.0.mlp.down_proj.weight": (D, F),
    "model.layers.0.input_layernorm.weight": (D,),
}
GGUF: Shapes = {
    "token_embd.weight": (V, D),
    "blk.0.attn_q.weight": (D, D),
    "blk.0.attn_k.weight": (16, D),
    "blk.0.attn_v.weight": (16, D),
    "blk.0.attn_output.weight": (D, D),
    "blk.0.ffn_gate.weight": (F, D),
    "blk.0.ffn_up.weight": (F, D),
    "blk.0.ffn_down.weight": (D, F),
    "blk.0.attn_norm.weight": (D,),
}
PHI3: Shapes = {
    "model.embed_tokens.weight": (V, D),
    "model.layers.0.self_attn.qkv_proj.weight": (D + 32, D),
    "model.layers.0.self_attn.o_proj.weight": (D, D),
    "model.layers.0.mlp.gate_up_proj.weight": (2 * F, D),
    "model.layers.0.mlp.down_proj.weight": (D, F),
}
META: Shapes = {
    "tok_embeddings.weight": (V, D),
    "layers.0.attention.wq.weight": (D, D),
    "layers.0.attention.wk.weight": (16, D),
    "layers.0.attention.wv.weight": (16, D),
    "layers.0.attention.wo.weight": (D, D),
    "layers.0.feed_forward.w1.weight": (F, D),
    "layers.0.feed_forward.w3.weight": (F, D),
    "layers.0.feed_forward.w2.weight": (D, F),
}
WRAPPED = {f"base_model.model.language_model.{name}": shape for name, shape in LLAMA.items()}

MIXTRAL: Shapes = {
    "model.layers.0.self_attn.q_proj.weight": (D, D),
    "model.layers.0.self_attn.o_proj.weight": (D, D),
    **{f"model.layers.0.block_sparse_moe.experts.{e}.w1.weight": (F, D) for e in range(2)},
    **{f"model.layers.0.block_sparse_moe.experts.{e}.w3.weight": (F, D) for e in range(2)},
    **{f"model.layers.0.block_sparse_moe.experts.{e}.w2.weight": (D, F) for e in range(2)},
}
STACKED: Shapes = {
    "model.layers.0.self_attn.q_proj.weight": (D, D),
    "model.layers.0.self_attn.o_proj.weight": (D, D),
    "model.layers.0.mlp.experts.gate_up_proj": (2, 2 * F, D),
    "model.layers.0.mlp.experts.down_proj": (2, D, F),
}
TURNED_STACK: Shapes = {
    **STACKED,
    "model.layers.0.mlp.experts.gate_up_proj": (2, D, 2 * F),
    "model.layers.0.mlp.experts.down_proj": (2, F, D),
}
GGUF_EXPERTS: Shapes = {
    "blk.0.attn_q.weight": (D, D),
    "blk.0.attn_output.weight": (D, D),
    "blk.0.ffn_gate_exps.weight": (2, F, D),
    "blk.0.ffn_up_exps.weight": (2, F, D),
    "blk.0.ffn_down_exps.weight": (2, D, F),
}
GPT2: Shapes = {
    "transformer.wte.weight": (V, D),
    "transformer.wpe.weight": (128, D),
    "transformer.h.0.attn.c_attn.weight": (D, 3 * D),
    "transformer.h.0.attn.c_proj.weight": (D, D),
    "transformer.h.0.mlp.c_fc.weight": (D, 4 * D),
    "transformer.h.0.mlp.c_proj.weight": (4 * D, D),
}
NANO: Shapes = {
    name: shape[::-1] if ".h." in name else shape
    for name, shape in GPT2.items()
    if ".wpe" not in name
}
GPT2_GGUF: Shapes = {
    "token_embd.weight": (V, D),
    "blk.0.attn_qkv.weight": (3 * D, D),
    "blk.0.attn_output.weight": (D, D),
    "blk.0.ffn_up.weight": (4 * D, D),
    "blk.0.ffn_down.weight": (D, 4 * D),
}
BERT: Shapes = {
    "bert.embeddings.word_embeddings.weight": (V, D),
    "bert.encoder.layer.0.attention.self.query.weight": (D, D),
    "bert.encoder.layer.0.attention.self.key.weight": (D, D),
    "bert.encoder.layer.0.attention.self.value.weight": (D, D),
    "bert.encoder.layer.0.attention.output.dense.weight": (D, D),
    "bert.encoder.layer.0.intermediate.dense.weight": (F, D),
    "bert.encoder.layer.0.output.dense.weight": (D, F),
}
ROBERTA = {name.replace("bert.", "roberta.", 1): shape for name, shape in BERT.items()}
BERT_GGUF: Shapes = {
    "token_embd.weight": (V, D),
    "blk.0.attn_q.weight": (D, D),
    "blk.0.attn_k.weight": (D, D),
    "blk.0.attn_v.weight": (D, D),
    "blk.0.attn_output.weight": (D, D),
    "blk.0.ffn_up.weight": (F, D),
    "blk.0.ffn_down.weight": (D, F),
}
DISTIL: Shapes = {
    "distilbert.embeddings.word_embeddings.weight": (V, D),
    "distilbert.transformer.layer.0.attention.q_lin.weight": (D, D),
    "distilbert.transformer.layer.0.attention.k_lin.weight": (D, D),
    "distilbert.transformer.layer.0.attention.v_lin.weight": (D, D),
    "distilbert.transformer.layer.0.attention.out_lin.weight": (D, D),
    "distilbert.transformer.layer.0.ffn.lin1.weight": (F, D),
    "distilbert.transformer.layer.0.ffn.lin2.weight": (D, F),
}
T5: Shapes = {
    "shared.weight": (V, D),
    "encoder.block.0.layer.0.SelfAttention.q.weight": (D, D),
    "encoder.block.0.layer.1.DenseReluDense.wo.weight": (D, F),
    "decoder.block.0.layer.1.EncDecAttention.k.weight": (D, D),
    "decoder.block.0.layer.2.DenseReluDense.wi_0.weight": (F, D),
}
T5_GGUF: Shapes = {
    "token_embd.weight": (V, D),
    "enc.blk.0.attn_q.weight": (D, D),
    "enc.blk.0.ffn_down.weight": (D, F),
    "dec.blk.0.cross_attn_k.weight": (D, D),
    "dec.blk.0.ffn_gate.weight": (F, D),
}
HEAD_ALONE = {name.replace("model.embed_tokens", "lm_head"): s for name, s in LLAMA.items()}

ALIKE = {
    "Llama in a GGUF": (LLAMA, GGUF),
    "Llama as Meta has it": (LLAMA, META),
    "Llama with fused matrices": (LLAMA, PHI3),
    "Llama in wrappers": (LLAMA, WRAPPED),
    "a head in place of its table": (LLAMA, HEAD_ALONE),
    "experts in one tensor": (MIXTRAL, STACKED),
    "experts in one tensor, turned": (MIXTRAL, TURNED_STACK),
    "experts in a GGUF": (MIXTRAL, GGUF_EXPERTS),
    "GPT-2 and linear layers": (GPT2, NANO),
    "GPT-2 in a GGUF": (GPT2, GPT2_GGUF),
    "BERT and RoBERTa": (BERT, ROBERTA),
    "BERT in a GGUF": (BERT, BERT_GGUF),
    "BERT and DistilBERT": (BERT, DISTIL),
    "T5 in a GGUF": (T5, T5_GGUF),
}


def placed(tensors: Shapes) -> dict[tuple[str, tuple[str, ...]], tuple[int, int, Part]]:
    """Width, other length and part of each matrix with a residual axis, by role and numbers."""
    found = [m for m in matrices(shapes(tensors)) if m.residual is not None]
    return {(m.role, m.numbers): (m.width, m.across, m.part) for m in found}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_two_spellings_of_one_model_are_alike(one: Shapes, other: Shapes) -> None:
    assert placed(one) == placed(other)
    assert {width for width, _, _ in placed(one).values()} == {D}


def by_role(tensors: Mapping[str, tuple[int, ...]]) -> dict[str, Matrix]:
    return {m.role: m for m in matrices(shapes(tensors))}


def test_square_matrices_turn_with_what_is_stored_beside_them() -> None:
    role = "layers.#.self_attn.o_proj.weight"
    assert (by_role(GPT2)[role].residual, by_role(NANO)[role].residual) == (1, 0)


def test_parts_lie_one_behind_the_other() -> None:
    fused = by_role(PHI3)
    parts = [fused[f"layers.#.self_attn.{name}_proj.weight"] for name in "qkv"]
    assert [(m.first, m.rows) for m in parts] == [(0, 64), (64, 16), (80, 16)]
    turned = by_role(GPT2)
    parts = [turned[f"layers.#.self_attn.{name}_proj.weight"] for name in "qkv"]
    assert [(m.left, m.columns, m.wide) for m in parts] == [
        (0, 64, 192),
        (64, 64, 192),
        (128, 64, 192),
    ]


def test_what_stands_by_heads_or_cannot_be_cut_stays_whole() -> None:
    neox = {"gpt_neox.layers.0.attention.query_key_value.weight": (3 * D, D)}
    assert list(by_role(neox)) == ["layers.#.self_attn.query_key_value.weight"]
    alone = {"model.layers.0.self_attn.qkv_proj.weight": (D + 32, D), "model.norm.weight": (D,)}
    assert list(by_role(alone)) == ["layers.#.self_attn.qkv_proj.weight"]


def test_each_stack_has_its_own_width() -> None:
    tensors = {
        f"{stack}.layers.0.self_attn.{name}.weight": (width, width)
        for stack, width in (("vision_model.encoder", 32), ("text_model.encoder", 48))
        for name in ("q_proj", "k_proj", "v_proj", "out_proj")
    }
    assert {(m.role.split(".")[0], m.width) for m in matrices(shapes(tensors))} == {
        ("vision_model", 32),
        ("text_model", 48),
    }


def test_tables_positions_and_the_inside_of_a_layer() -> None:
    found = by_role(GPT2)
    assert found["embed_tokens.weight"].part is Part.TABLE
    assert found["embed_positions.weight"].residual is None
    inner = {**LLAMA, "model.layers.0.self_attn.q_b_proj.weight": (D, D)}
    assert by_role(inner)["layers.#.self_attn.q_b_proj.weight"].residual is None


ODD: dict[str, Shapes] = {
    "nothing": {},
    "scalars": {"a": (), "b.weight": ()},
    "empty": {"a.weight": (0, 5), "layers.0.mlp.experts.gate_up_proj": (0, 4, 4), "b": (3, 0)},
    "huge": {"a.weight": (2**40, 2**20)},
    "many axes": {"a.weight": (1,) * 50},
    "long numbers": {f"model.layers.{'9' * 6000}.self_attn.q_proj.weight": (32, 32)},
    "odd names": {"": (4, 4), ".": (4, 4), "#.#.weight": (4, 4), "layers.#.0": (4, 4)},
    "parts of nothing": {"model.layers.0.self_attn.qkv_proj.weight": (1, 64)},
}


@pytest.mark.parametrize("tensors", ODD.values(), ids=ODD.keys())
def test_odd_shapes_and_names_are_no_traceback(tensors: Shapes) -> None:
    assert len(matrices(shapes(tensors))) <= len(tensors)
