"""The null is what it is said to be, and what is kin is found, on models made for it."""

from __future__ import annotations

from itertools import combinations, islice

import numpy as np
import pytest

from provenance.weights.coordinates import Coordinates
from provenance.weights.kind import Kind
from provenance.weights.kinship import kinship
from provenance.weights.matrix import Part, rows
from provenance.weights.relation import By, relate
from provenance.weights.sample import chosen
from provenance.weights.values import Floats
from tests.weights.models import PUBLIC, Weights, llama, noisy, of, printed, sampled

SPREAD = (0.9, 1.1)
"""Of the standard deviation of z between models that have nothing in common."""
KEY = Coordinates.keyed(bytes(range(32)))


def strangers(models: int, pairs: int) -> list[float]:
    samples = [sampled(llama(seed, layers=2)) for seed in range(models)]
    some = islice(combinations(samples, 2), pairs)
    found = [relate(one, other) for one, other in some]
    return [z for one in found for z in (one.whole.z, one.signless.z)]


def test_strangers_are_not_kin() -> None:
    found = strangers(18, 150)
    assert len(found) == 300
    assert max(np.abs(found)) < 5
    assert 0.8 < np.std(found) < 1.2


@pytest.mark.exhaustive
def test_of_two_thousand_pairs_of_strangers_none_is_kin() -> None:
    found = strangers(66, 2_145)
    assert len(found) >= 4_000
    assert max(np.abs(found)) < 8
    assert SPREAD[0] < np.std(found) < SPREAD[1]
    assert abs(np.mean(found)) < 0.1


def layers_of(weights: Weights, order: list[int]) -> Weights:
    """The model with its layers in this order."""
    found = {name: one for name, one in weights.items() if ".layers." not in name}
    for at, layer in enumerate(order):
        for name, one in weights.items():
            if f".layers.{layer}." in name:
                found[name.replace(f".layers.{layer}.", f".layers.{at}.")] = one
    return found


def only(weights: Weights, other: Weights, word: str) -> Weights:
    """The other model with those of its tensors that are called so taken from the first."""
    return {name: weights[name] if word in name else one for name, one in other.items()}


def longer(weights: Weights, lines: int) -> Weights:
    """The model with a larger vocabulary."""
    tables = ("model.embed_tokens.weight", "lm_head.weight")
    return weights | {
        name: np.concatenate([weights[name], np.ones((lines, 64), np.float32)]) for name in tables
    }


def called(weights: Weights, names: list[str]) -> Weights:
    return dict(zip(names, weights.values(), strict=True))


def turned(weights: Weights, lines: int, coordinates: int) -> Weights:
    """The model with every so many-th hidden unit and coordinate of the residual stream turned to
    its negative in all matrices."""
    stream = np.where(np.arange(64) % coordinates == 0, -1, 1)
    found = {}
    for name, one in weights.items():
        units = np.where(np.arange(one.size // 64) % lines == 0, -1, 1)
        signs = np.outer(units, stream)
        found[name] = (one * (signs if one.shape[1] == 64 else signs.T)).astype(np.float32)
    return found


def sized(one: Weights, other: Weights) -> Weights:
    """The one with coordinates of the sizes that they have in the other."""

    def sizes(values: Floats) -> Floats:
        axis = 0 if values.shape[1] == 64 else 1
        return np.asarray(np.abs(values).mean(axis, keepdims=True), np.float32)

    return {name: values * sizes(other[name]) / sizes(values) for name, values in one.items()}


BASE, STRANGER = llama(1), llama(2)
NONE = 10**9
BROKEN = {
    name: np.where(np.arange(one.size).reshape(one.shape) % 4999 == 0, np.nan, one)
    for name, one in BASE.items()
}
CASES: dict[str, tuple[Weights, Kind, By]] = {
    "itself": (BASE, Kind.CORROBORATED, By.NAMES),
    "fine-tune": (noisy(BASE, 0.5), Kind.CORROBORATED, By.NAMES),
    "prefix": (
        {f"wrapped.language.{name}": one for name, one in BASE.items()},
        Kind.CORROBORATED,
        By.NAMES,
    ),
    "anonymous": (called(BASE, [f"t{n:03}" for n in range(22)]), Kind.CORROBORATED, By.SHAPES),
    "layer dropped": (layers_of(BASE, [0, 1, 3]), Kind.CORROBORATED, By.NAMES),
    "first layer dropped": (layers_of(BASE, [1, 2, 3]), Kind.CORROBORATED, By.LAYERS),
    "re-ordered": (layers_of(BASE, [3, 2, 1, 0]), Kind.CORROBORATED, By.LAYERS),
    "repeated": (layers_of(BASE, [0, 1, 2, 1, 2, 3]), Kind.CORROBORATED, By.NAMES),
    "tables": (only(BASE, STRANGER, "e"), Kind.CORROBORATED, By.NAMES),
    "tables alone": (
        only(BASE, only(BASE, STRANGER, "embed_tokens"), "lm_head"),
        Kind.PARTIAL,
        By.NAMES,
    ),
    "one table of many matrices": (
        {
            name: one + 0.3 * BASE[name] * ("embed" in name)
            for name, one in STRANGER.items()
            if name != "lm_head.weight"
        },
        Kind.PARTIAL,
        By.NAMES,
    ),
    "one layer": (only(STRANGER, BASE, ".layers.2."), Kind.PARTIAL, By.NAMES),
    "one matrix of another": (only(STRANGER, BASE, ".1.mlp.up_proj"), Kind.PARTIAL, By.NAMES),
    "all of one role": (only(STRANGER, BASE, ".mlp.down_proj"), Kind.PARTIAL, By.NAMES),
    "another beside it": (
        {**BASE, **{f"base_model.model.{name}": one for name, one in STRANGER.items()}},
        Kind.PARTIAL,
        By.NAMES,
    ),
    "hidden among copies": (
        {
            **STRANGER,
            **{
                name.replace(".layers.", f".layers.{n}"): one
                for n in range(1, 9)
                for name, one in BASE.items()
                if ".layers." in name
            },
        },
        Kind.PARTIAL,
        By.SHAPES,
    ),
    "vocabulary": (longer(BASE, 77), Kind.CORROBORATED, By.NAMES),
    "some values are no numbers": (BROKEN, Kind.CORROBORATED, By.NAMES),
    "a tenth": (
        {name: 0.88 * STRANGER[name] + 0.12 * one for name, one in BASE.items()},
        Kind.WEAK,
        By.NAMES,
    ),
    "its negative": (turned(BASE, NONE, 1), Kind.OBFUSCATED, By.NAMES),
    "half of its coordinates turned": (
        noisy(turned(BASE, NONE, 2), 0.3),
        Kind.OBFUSCATED,
        By.NAMES,
    ),
    "half of its units turned": (turned(BASE, 2, NONE), Kind.OBFUSCATED, By.NAMES),
    "both turned, anonymous": (
        called(turned(BASE, 2, 2), [f"t{n:03}" for n in range(22)]),
        Kind.OBFUSCATED,
        By.SHAPES,
    ),
    "a stranger of the base's scales": (
        sized(STRANGER, BASE),
        Kind.NOT_SUPPORTED,
        By.NAMES,
    ),
    "a stranger": (STRANGER, Kind.NOT_SUPPORTED, By.NAMES),
    "a stranger, anonymous": (
        called(STRANGER, [f"t{n:03}" for n in range(22)]),
        Kind.NOT_SUPPORTED,
        By.SHAPES,
    ),
    "no numbers": (
        {name: np.full_like(one, np.nan) for name, one in BASE.items()},
        Kind.INCOMPARABLE,
        By.NAMES,
    ),
    "constant": ({n: np.ones_like(one) for n, one in BASE.items()}, Kind.INCOMPARABLE, By.NAMES),
    "one matrix": ({"lm_head.weight": BASE["lm_head.weight"][:20]}, Kind.INCOMPARABLE, By.NAMES),
    "another shape": (
        {name: np.repeat(np.repeat(one, 2, 0), 2, 1) for name, one in BASE.items()},
        Kind.INCOMPARABLE,
        By.NAMES,
    ),
}


@pytest.mark.parametrize(("weights", "kind", "by"), CASES.values(), ids=CASES.keys())
def test_a_model_is_to_the_base_what_was_done_to_it(weights: Weights, kind: Kind, by: By) -> None:
    found = kinship(printed(weights, "derived"), printed(BASE), anchored=True)
    assert (found.kind, found.relation.by) == (kind, by), found.words


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("one layer", "only layers 0-1 and 3 match base@c0ffee (z = "),
        ("tables alone", "only the tables match base@c0ffee (z = "),
        ("one table of many matrices", "only the tables match base@c0ffee (z = "),
        ("another shape", "shapes differ from those of base@c0ffee (width 128 and 64)"),
        ("layer dropped", "; layers.2 is its layers.3"),
        ("a tenth", "shares weights or an initialisation with base@c0ffee, or holds a minor share"),
        (
            "its negative",
            "matches base@c0ffee in magnitudes, and not in signs; ordinary fine-tuning",
        ),
        ("constant", "no line of the matrices of the model holds differing numbers"),
        ("another shape", "shapes differ from those of base@c0ffee (width "),
        ("a stranger", "; retraining or distillation cannot be excluded"),
        ("fine-tune", "statistically incompatible with independence from base@c0ffee (z = "),
        ("fine-tune", "permutation p ≤ 1e-5)"),
    ],
)
def test_words_say_what_was_found(case: str, words: str) -> None:
    assert words in kinship(printed(CASES[case][0]), printed(BASE), anchored=True).words


def transplanted(weights: Weights, base: Weights, coordinates: Coordinates) -> Weights:
    """Weights with the base's values planted where these coordinates look, and nowhere else."""
    planted = {name: one.copy() for name, one in weights.items()}
    blocks = {block.name: block for block in sampled(base, coordinates).blocks}
    for matrix in chosen(of(base)[0]):
        block = blocks[matrix.name]
        table = matrix.part is Part.TABLE
        lines = coordinates.lines(matrix.width, matrix.across, len(block.values), table=table)
        columns = coordinates.columns(matrix.width)
        turned = planted[matrix.name] if matrix.residual == 1 else planted[matrix.name].T
        turned[np.ix_(np.array(lines.positions), columns)] = block.values
    return planted


def wide(seed: int) -> Weights:
    """A model of which the coordinates are a part, as in every real one."""
    rng = np.random.default_rng(seed)
    shapes = {"mlp.up_proj": (640, 512), "mlp.gate_proj": (640, 512)}
    return {
        f"model.layers.{layer}.{name}.weight": rng.standard_normal(shape).astype(np.float32)
        for layer in range(8)
        for name, shape in shapes.items()
    }


def test_what_is_planted_at_public_coordinates_deceives_and_a_key_sees_through() -> None:
    base, stranger = wide(1), wide(2)
    forged = transplanted(stranger, base, PUBLIC)
    found = kinship(printed(forged), printed(base), anchored=False)
    assert found.kind in (Kind.CONSISTENT, Kind.WEAK)
    assert found.words.endswith("on public coordinates, which a forger could plant")
    keyed = kinship(printed(forged, coordinates=KEY), printed(base, coordinates=KEY), anchored=True)
    assert keyed.kind is Kind.NOT_SUPPORTED, keyed.words


def test_samples_at_other_coordinates_are_not_compared() -> None:
    with pytest.raises(ValueError, match="coordinates key:"):
        relate(sampled(BASE, KEY), sampled(BASE))


def test_a_vocabulary_that_grew_is_sampled_at_the_same_lines() -> None:
    for one, other in zip(sampled(BASE).blocks, sampled(longer(BASE, 77)).blocks, strict=True):
        assert len(set(one.ordinals) & set(other.ordinals)) > 0.7 * len(one.ordinals)


def test_memory_holds_what_is_read() -> None:
    some, reader = of(BASE)
    assert np.array_equal(rows(some[0], reader, 0, 2), BASE[some[0].name][:2])


def test_of_a_square_matrix_without_a_name_nobody_says_that_it_is_not_the_bases() -> None:
    """Which of its axes is the residual one is told by names alone."""
    rng = np.random.default_rng(5)
    square = {
        f"model.layers.{layer}.self_attn.{name}.weight": 0.02 * rng.standard_t(4, (64, 64))
        for layer in range(4)
        for name in ("q_proj", "k_proj", "x_proj")
    }
    base = BASE | {name: np.asarray(values, np.float32) for name, values in square.items()}
    tuned = called(noisy(base, 0.5), [f"t{n:03}" for n in range(len(base))])
    found = relate(sampled(tuned), sampled(base))
    assert (found.by, found.whole.z >= 8, found.odd) == (By.SHAPES, True, {})
