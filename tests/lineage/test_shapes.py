"""Honest children whose headers differ from their parent's, and liars whose shapes cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.files import ModelFiles
from provenance.formats.safetensors import BITS
from provenance.lineage.consistency import Agreement, compare
from tests.claims.models import evidence

SHARD = "model.safetensors"
Table = dict[str, tuple[str, tuple[int, ...]]]


def weights(table: Table) -> bytes:
    """A safetensors file of zeros."""
    entries: dict[str, object] = {}
    end = 0
    for name, (dtype, shape) in table.items():
        size = BITS[dtype] // 8
        for number in shape:
            size *= number
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(end)


def floats(**shapes: tuple[int, ...]) -> Table:
    """Tensors of 16 bit; `__` stands for a dot."""
    return {name.replace("__", "."): ("F16", shape) for name, shape in shapes.items()}


def decoder(layers: int = 4, before: str = "model.") -> Table:
    """A small llama: 8 wide, 12 in between, two heads of keys for four."""
    table: Table = {
        f"{before}embed_tokens.weight": ("F16", (32, 8)),
        f"{before}norm.weight": ("F16", (8,)),
        "lm_head.weight": ("F16", (32, 8)),
    }
    for n in range(layers):
        for name, shape in {
            "self_attn.q_proj": (8, 8),
            "self_attn.k_proj": (4, 8),
            "self_attn.v_proj": (4, 8),
            "self_attn.o_proj": (8, 8),
            "mlp.gate_proj": (12, 8),
            "mlp.up_proj": (12, 8),
            "mlp.down_proj": (8, 12),
            "input_layernorm": (8,),
        }.items():
            table[f"{before}layers.{n}.{name}.weight"] = ("F16", shape)
    return table


def changed(**shapes: tuple[int, ...]) -> Table:
    return decoder() | floats(**shapes)


def without(*ends: str, table: Table | None = None) -> Table:
    return {name: t for name, t in (table or decoder()).items() if not name.endswith(ends)}


def moe(experts: int, router: int | None = None) -> Table:
    table = decoder(2) | {
        f"model.layers.{n}.mlp.gate.weight": ("F16", (router or experts, 8)) for n in (0, 1)
    }
    for n in range(experts):
        table |= {
            f"model.layers.{m}.mlp.experts.{n}.up_proj.weight": ("F16", (6, 8)) for m in (0, 1)
        }
    return table


def lora(into: int, out: int) -> Table:
    stem = "base_model.model.model.layers.1.self_attn.k_proj"
    return {f"{stem}.lora_A.weight": ("F32", (2, into)), f"{stem}.lora_B.weight": ("F32", (out, 2))}


BNB: Table = {
    "model.layers.0.mlp.up_proj.weight.absmax": ("U8", (2,)),
    "model.layers.0.mlp.up_proj.weight.quant_map": ("F32", (16,)),
}
SOUND = floats(
    feature_extractor__conv_layers__0__conv__weight=(8, 1, 10),
    feature_extractor__conv_layers__1__conv__weight=(8, 8, 3),
    encoder__layers__0__attention__k_proj__weight=(8, 8),
)
K1, UP1 = "model__layers__1__self_attn__k_proj__weight", "model__layers__1__mlp__up_proj__weight"

LIARS: dict[str, tuple[Table, Table]] = {
    "a middle layer of another width": (changed(**{UP1: (12, 10)}), decoder()),
    "another width of a head of keys": (changed(**{K1: (6, 8)}), decoder()),
    "another intermediate size": (changed(**{UP1: (16, 8)}), decoder()),
    "a swapped intermediate size": (changed(**{UP1: (8, 12)}), decoder()),
    "another width of an embedding": (
        changed(model__embed_tokens__weight=(32, 10)),
        decoder(),
    ),
    "another width of the last norm": (changed(model__norm__weight=(10,)), decoder()),
    "a norm in a layer": (changed(model__layers__2__input_layernorm__weight=(6,)), decoder()),
    "more experts than the parent has": (moe(6), moe(4)),
    "a kernel of another size": (
        {**SOUND, "feature_extractor.conv_layers.1.conv.weight": ("F16", (8, 8, 5))},
        SOUND,
    ),
    "an adapter for another width": (lora(10, 4), decoder()),
    "an adapter for other heads": (lora(8, 6), decoder()),
    "another width behind a prefix": (
        {f"wrapped.{name}": t for name, t in changed(**{UP1: (12, 10)}).items()},
        decoder(),
    ),
    "fewer layers, one of another width": (
        decoder(3) | floats(**{UP1: (12, 10)}),
        decoder(),
    ),
    "4 bits of another size": (
        decoder() | BNB | {"model.layers.0.mlp.up_proj.weight": ("U8", (400, 1))},
        decoder(),
    ),
}
HONEST: dict[str, tuple[Table, Table, str]] = {
    "layers removed": (decoder(3), decoder(), "3 of 4 layers"),
    "layers repeated": (decoder(6), decoder(), "6 layers from 4"),
    "tied": (without("lm_head.weight"), decoder(), "lm_head"),
    "a score": (
        without("lm_head.weight", table=decoder() | floats(score__weight=(1, 8))),
        decoder(),
        "a head of its own: score",
    ),
    "another number of labels": (
        decoder() | floats(classifier__weight=(3, 8), classifier__bias=(3,)),
        decoder() | floats(classifier__weight=(5, 8), classifier__bias=(5,)),
        "a head of another shape: classifier",
    ),
    "biases": (
        decoder() | floats(model__layers__0__self_attn__q_proj__bias=(8,)),
        decoder(),
        "biases of its own",
    ),
    "inside a model of pictures": (
        decoder(before="model.language_model.")
        | floats(model__visual__blocks__0__qkv__weight=(9, 3)),
        decoder(),
        "a part of its own: model.visual",
    ),
    "a tower and a projector": (
        decoder(before="language_model.")
        | floats(
            vision_tower__embeddings__class=(9,),
            vision_tower__layers__0__fc__weight=(9, 9),
            multi_modal_projector__linear__weight=(8, 9),
        ),
        decoder(),
        "a part of its own: multi_modal_projector.linear; a part of its own: vision_tower",
    ),
    "compiled": ({f"_orig_mod.{n}": t for n, t in decoder().items()}, decoder(), "fit"),
    "bitsandbytes": (
        decoder() | BNB | {"model.layers.0.mlp.up_proj.weight": ("U8", (48, 1))},
        decoder(),
        "weights packed as bitsandbytes 4 bit",
    ),
    "experts removed": (moe(3), moe(4), "3 of 4 experts"),
    "query, key and value in one": (
        without("q_proj.weight", "k_proj.weight", "v_proj.weight")
        | {f"model.layers.{n}.self_attn.qkv_proj.weight": ("F16", (16, 8)) for n in range(4)},
        decoder(),
        "fit",
    ),
    "an adapter": (lora(8, 4), decoder(), "fit"),
    "multi-token prediction": (
        decoder() | floats(mtp__layers__0__self_attn__q_proj__weight=(8, 8)),
        decoder(),
        "a multi-token-prediction layer",
    ),
}


def judged(child: Table, parent: Table, relation: str | None = None) -> Agreement:
    pair = [
        ModelFiles(evidence=evidence({"model.safetensors": weights(t)})) for t in (child, parent)
    ]
    return compare(pair[0], pair[1], relation)


@pytest.mark.parametrize("name", LIARS)
def test_a_shape_that_cannot_come_from_the_parents_convicts(name: str) -> None:
    found = judged(*LIARS[name])
    assert found.holds is False, found.detail


@pytest.mark.parametrize("name", HONEST)
def test_what_honest_tools_change_is_said(name: str) -> None:
    child, parent, words = HONEST[name]
    found = judged(child, parent)
    assert found.holds is True, found.detail
    assert words in found.detail


APART: dict[str, tuple[Table, Table, str]] = {
    "names of another scheme": (
        floats(blk__0__attn_q__weight=(8, 8), token_embd__weight=(32, 8)),
        decoder(),
        "their tensors have no name in common",
    ),
    "of it nothing is read": ({}, decoder(), "its tensors are not read: shapes are not compared"),
    "of the parent of an adapter nothing is read": (
        lora(8, 4),
        {},
        "the parent's tensors are not read: shapes are not compared",
    ),
    "of the parent nothing is read": (
        decoder(),
        {},
        "the parent's tensors are not read: shapes are not compared",
    ),
}


@pytest.mark.parametrize("name", APART)
def test_where_nothing_can_be_compared_no_part_is_called_dropped(name: str) -> None:
    child, parent, words = APART[name]
    assert judged(child, parent) == Agreement(detail=words)


def whole(folder: Path) -> ModelFiles:
    paths = [path for path in folder.iterdir() if path.is_file()]
    files = {path.name: path.read_bytes() for path in paths}
    return ModelFiles(evidence=evidence(files, limit=16 << 20))


@pytest.mark.each("reports/heads/INDEX.tsv")
def test_the_reported_children_are_not_contradicted(each: Path) -> None:
    for line in each.read_text().splitlines()[1:]:
        child, parent, _ = line.split("\t")
        found = compare(whole(each.parent / child), whole(each.parent / parent), "finetune")
        assert found.holds is True, (child, found.detail)


def widened(before: str = "model.") -> Table:
    """The small llama twice as wide in every axis."""
    return {n: (kind, tuple(2 * axis for axis in s)) for n, (kind, s) in decoder(4, before).items()}


UNUSED = {f"model.layers.{n}.x{i}.lora_A.weight": ("F16", (2, 8)) for n in (0, 1) for i in range(9)}
FOREIGN: dict[str, tuple[Table, str | None]] = {
    "called a merge": (widened(), "merge"),
    "called an adapter": (widened(), "adapter"),
    "with factors of an adapter beside them": (widened() | UNUSED, None),
}
OWN: dict[str, tuple[Table, str | None]] = {
    "a merge": (decoder(), "merge"),
    "a merge with more layers": (decoder(9), "merge"),
    "a merge with layers of another": (decoder() | floats(**{UP1: (24, 8)}), "merge"),
    "a merge in which the parent is a part": (widened("vision.") | decoder(4, "text."), "merge"),
    "an adapter with a whole layer": (
        lora(8, 4) | {UP1.replace("__", "."): ("F16", (12, 8))},
        None,
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_no_word_for_the_step_hides_layers_of_another_model(name: str) -> None:
    child, relation = FOREIGN[name]
    assert judged(child, decoder(), relation).holds is False


@pytest.mark.parametrize("name", OWN)
def test_a_merge_and_an_adapter_may_have_layers_of_their_own(name: str) -> None:
    child, relation = OWN[name]
    assert judged(child, decoder(), relation).holds is not False


WORDS = ("", "#", "0", "12", "model", "layers", "experts", "q_proj", "qkv_proj", "lora_A", "weight")
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(".".join)
DTYPES = st.sampled_from(("F32", "U8", "I32"))
TABLES = st.dictionaries(
    NAMES, st.tuples(DTYPES, st.lists(st.integers(0, 3), max_size=4).map(tuple)), max_size=6
)


@given(child=TABLES, parent=TABLES)
def test_no_names_and_no_shapes_raise(child: Table, parent: Table) -> None:
    given = [ModelFiles(evidence=evidence({SHARD: weights(t)})) for t in (child, parent)]
    assert compare(given[0], given[1], None).holds in (True, False, None)
