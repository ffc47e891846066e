"""Models as ordinary tools write them convict nobody; what is silent says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provenance.model import Evidence
from tests.checks.ancestors import ancestor, based, found, made, model, tensors
from tests.hubs import card


def configured(**keys: object) -> bytes:
    return json.dumps(keys).encode()


def named(base: str) -> dict[str, str]:
    return {"_name_or_path": base}


def lora(base: str) -> bytes:
    return configured(base_model_name_or_path=base)


def called(given: Evidence, repo: str) -> Evidence:
    return replace(given, ref=replace(given.ref, repo=repo))


CARD_ALONE = {"README__md": b"# A model\n"}
SETTINGS = [f"s{number}/config.json" for number in range(10)]
SILENT: dict[str, tuple[dict[str, bytes], str]] = {
    "none": ({"model__bin": b"\x00"}, "0 places read"),
    "one": (CARD_ALONE, "1 place read: README.md"),
    "two": (
        CARD_ALONE | {"config__json": b"{}"},
        "2 places read: README.md, config.json",
    ),
    "many": (
        CARD_ALONE | {path.replace(".", "__"): b"{}" for path in SETTINGS},
        f"11 places read: README.md, {', '.join(SETTINGS[:7])} and 3 more",
    ),
}


@pytest.mark.parametrize("name", SILENT)
@pytest.mark.parametrize("repo", ["base/m", "acme/m"], ids=["passes", "warned of"])
def test_silence_names_the_places_that_were_read(name: str, repo: str) -> None:
    files, read = SILENT[name]
    (finding,) = found(called(made(**files), repo))
    assert f"no place that is read names a parent ({read})" in finding.message


ENCODER_DECODER = configured(encoder=named("base/e"), decoder=named("base/d"))
VISION = configured(text_config=named("base/t"), vision_config=named("base/v"))
PASS: set[tuple[str, str]] = {("pass", "")}
HONEST: dict[str, Evidence] = {
    "an encoder and a decoder": made(
        README__md=card("base_model: [base/e, base/d]"), config__json=ENCODER_DECODER
    ),
    "an encoder and a decoder that the card leaves out": made(
        README__md=card("base_model: base/c"), config__json=ENCODER_DECODER
    ),
    "the parts of a vision model": made(README__md=card("base_model: base/b"), config__json=VISION),
    "a pipeline's component": made(
        README__md=card("base_model: base/b"),
        **{"unet/config__json": configured(**named("base/u"))},
    ),
    "an adapter in a folder, of the model itself": made(
        README__md=card("base_model: base/b"), **{"lora/adapter_config__json": lora("acme/m")}
    ),
    "the base of a merge, and the other models": made(
        README__md=b"This is a merge using the TIES merge method using [base/b]"
        b"(https://huggingface.co/base/b) as a base.\n\n### Models Merged\n\n"
        b"The following models were included in the merge:\n"
        b"* [base/c](https://huggingface.co/base/c)\n"
        b"* [base/d](https://huggingface.co/base/d)\n",
        mergekit_config__yml=b"base_model: base/b\nmodels: [{model: base/c}, {model: base/d}]\n"
        b"merge_method: ties\n",
    ),
    "a base, and a teacher of another width": replace(
        made(
            README__md=card("base_model: base/b") + b"It was distilled from base/t.\n",
            model__safetensors=tensors(4, 2),
        ),
        ancestors=(
            replace(ancestor("base/b"), evidence=made(model__safetensors=tensors(4, 2))),
            replace(ancestor("base/t"), evidence=made(model__safetensors=tensors(8, 4))),
        ),
    ),
    "letter case alone": made(
        README__md=card("base_model: base/B-Instruct"), adapter_config__json=lora("base/b-instruct")
    ),
    "a sentence about the model itself": made(
        README__md=card("base_model: base/b") + b"GGUF quants of acme/m are on their way.\n"
    ),
    "a publisher's quantisation, and the model": made(
        README__md=card("base_model: base/b-7B-Instruct"),
        adapter_config__json=lora("base/b-7b-instruct-unsloth-bnb-4bit"),
    ),
    "letter case of the namespace alone": made(
        README__md=card("base_model: Base/b"), adapter_config__json=lora("base/b")
    ),
    "a name of old and today's": made(
        README__md=card("base_model: bert-base-uncased\nbase_model_relation: adapter"),
        adapter_config__json=lora("google-bert/bert-base-uncased"),
    ),
    "a whole of diffusers that is called an adapter": based(
        "adapter",
        config__json=configured(_class_name="ControlNetModel"),
        diffusion_pytorch_model__safetensors=tensors(4, 2),
    ),
    "an adapter merged of several": based(
        "merge", adapter_config__json=lora("base/b"), adapter_model__safetensors=tensors(4, 2)
    ),
    "a quantisation of MLX": based(
        "quantized",
        config__json=configured(quantization={"bits": 4}),
        model__safetensors=tensors(4, 2),
    ),
    "a quantisation with its file beside it": based(
        "quantized",
        config__json=configured(),
        quantize_config__json=configured(bits=4),
        model__safetensors=tensors(4, 2),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_ordinary_tools_write_is_no_contradiction(name: str) -> None:
    known = {"google-bert/bert-base-uncased"}
    rules = {f.rule.removeprefix("ancestry/") for f in found(HONEST[name]) if f.where not in known}
    assert rules <= {"pass"}


def test_parts_are_ancestors_all_the_same() -> None:
    given = made(
        README__md=card("base_model: base/b"), config__json=configured(text_config=named("old/t"))
    )
    assert [(f.rule, f.where) for f in found(given)] == [("ancestry/unknown-ancestor", "old/t")]


def gguf(stated: str, **keys: str) -> Evidence:
    """A GGUF with these keys, and what its card says."""
    return made(README__md=card(f"base_model: {stated}"), m__gguf=packed(keys))


def packed(keys: dict[str, str]) -> bytes:
    """The header of a GGUF with these texts and no tensor."""
    data = b"GGUF" + (3).to_bytes(4, "little") + bytes(8) + len(keys).to_bytes(8, "little")
    for key, text in keys.items():
        data += _text(key) + (8).to_bytes(4, "little") + _text(text)
    return data


def _text(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


SOURCE = "general.source.huggingface.repository"
BASE = "general.base_model.0.repo_url"


def test_another_publishers_quantisation_is_another_model() -> None:
    given = made(
        README__md=card("base_model: base/b"), adapter_config__json=lora("acme/b-bnb-4bit")
    )
    assert [f.rule for f in found(given)] == ["ancestry/conflict"]


def test_of_many_contrary_places_the_first_are_told() -> None:
    files = {f"m{n}.gguf": packed({SOURCE: f"base/b{n}"}) for n in range(30)}
    found_of = [f for f in found(made(**files)) if f.rule == "ancestry/conflict"]
    assert len(found_of) == 21
    assert [f.where for f in found_of if "more than 20 sets" in f.message] == ["acme/m"]


def test_the_base_of_a_gguf_may_be_its_parents_where_nobody_was_asked() -> None:
    given = gguf("base/chat", **{BASE: "https://huggingface.co/base/b"})
    assert {(f.rule.removeprefix("ancestry/"), f.where) for f in found(given)} == PASS
    known = replace(given, ancestors=(ancestor("base/chat"), ancestor("base/b")))
    assert [f.rule for f in found(known)] == ["ancestry/conflict"]


@pytest.mark.parametrize("stated", ["base/chat", "base/b"])
def test_the_base_of_a_gguf_is_its_sources_parent(stated: str) -> None:
    """Whichever of the two the card names: one leads to the other, without a Hub."""
    given = gguf(stated, **{SOURCE: "base/chat", BASE: "https://huggingface.co/base/b"})
    assert {(f.rule.removeprefix("ancestry/"), f.where) for f in found(given)} == PASS


RECIPE = b"models: [{model: base/b}, {model: base/c}]"
QUOTED = b"```yaml\n" + RECIPE + b"\n```\n"
ONCE: dict[str, tuple[Evidence, str]] = {
    "a quoted recipe and its file": (
        made(README__md=card("base_model: base/b") + QUOTED, mergekit_config__yml=RECIPE),
        "ancestry/under-declared",
    ),
    "three places that say one thing, and two another": (
        made(
            README__md=card("base_model: base/b") + b"This is a fine-tuned version of base/b\n",
            adapter_config__json=lora("base/c"),
            config__json=configured(**named("base/c")),
        ),
        "ancestry/conflict",
    ),
    "one path in two files": (
        made(
            adapter_config__json=lora("/data/x"), mergekit_config__yml=b"models: [{model: /data/x}]"
        ),
        "ancestry/unresolvable",
    ),
}


@pytest.mark.parametrize("name", ONCE)
def test_one_thing_is_found_once(name: str) -> None:
    given, rule = ONCE[name]
    assert [f.rule for f in found(given)].count(rule) == 1


UNNAMED = b"This model is a fine-tuned version of [None](https://huggingface.co/None) on x.\n"


def test_a_trainer_that_names_no_parent_says_that_there_was_one() -> None:
    (finding,) = found(called(made(README__md=UNNAMED), "base/m"))
    assert finding.rule == "ancestry/unresolvable"
    assert "a model that it does not name" in finding.message
    assert 'parents = ["org/name@<commit>"]' in finding.message


def test_an_adapter_has_a_base_whether_it_is_named_or_not() -> None:
    files = {"adapter_config__json": configured(peft_type="LORA", base_model_name_or_path=None)}
    weights = {"adapter_model__safetensors": tensors(4, 2)}
    (finding,) = found(called(made(**files, **weights), "base/m"))
    assert (finding.rule, finding.where) == ("ancestry/unresolvable", "base/m")
    assert 'parents = ["org/name@<commit>"]' in finding.message
    known = called(made(README__md=card("base_model: base/b"), **files, **weights), "base/m")
    assert [f.rule for f in found(known)] == ["ancestry/pass"]


def test_a_base_is_compared_whatever_words_call_it_a_teacher() -> None:
    liar = made(
        README__md=card("base_model: base/b") + b"It was distilled from base/b.\n",
        model__safetensors=tensors(8, 4),
    )
    base = replace(ancestor("base/b"), evidence=made(model__safetensors=tensors(4, 2)))
    assert "ancestry/contradicted" in {f.rule for f in found(replace(liar, ancestors=(base,)))}


@pytest.mark.parametrize(
    "named_itself",
    [{"config__json": configured(**named("base/m"))}, {"adapter_config__json": lora("base/m")}],
    ids=["a hint", "an adapter"],
)
def test_the_models_own_name_answers_nothing(named_itself: dict[str, bytes]) -> None:
    given = called(made(README__md=UNNAMED, **named_itself), "base/m")
    assert "ancestry/unresolvable" in {f.rule for f in found(given)}


def test_a_parent_that_is_named_elsewhere_answers_it() -> None:
    given = made(README__md=card("base_model: base/b") + UNNAMED)
    assert {(f.rule.removeprefix("ancestry/"), f.where) for f in found(given)} == PASS


def same_weights(*parents: str) -> Evidence:
    """A model whose weights are those of base/b and of base/a above it."""
    weights = tensors(4, 2)
    child = made(README__md=card(f"base_model: [{', '.join(parents)}]"), model__safetensors=weights)
    copies = {
        "base/b": made(README__md=card("base_model: base/a"), model__safetensors=weights),
        "base/a": made(model__safetensors=weights),
        "base/c": made(
            README__md=card("base_model: base/a"), model__safetensors=tensors(4, 2)[:-1] + b"1"
        ),
    }
    known = tuple(replace(ancestor(name), evidence=copies[name]) for name in copies)
    return replace(child, ancestors=known)


@pytest.mark.parametrize(
    ("parents", "copied"),
    [
        (("base/b",), set()),
        (("base/a",), {"base/b"}),
        (("base/c",), {"base/a", "base/b"}),
    ],
)
def test_weights_that_a_named_parent_left_unchanged_are_no_copy(
    parents: tuple[str, ...], copied: set[str]
) -> None:
    rule = "ancestry/identical"
    assert {f.where for f in found(same_weights(*parents)) if f.rule == rule} == copied


@pytest.mark.parametrize(
    ("files", "copied"),
    [
        ({"model__safetensors": tensors(4, 2), "extra__safetensors": tensors(1, 1)}, True),
        ({"vae/model__safetensors": tensors(4, 2), "model__safetensors": tensors(1, 1)}, False),
        ({"model__safetensors": tensors(1, 1), "extra__safetensors": tensors(2, 2)}, False),
    ],
    ids=["a file laid beside them", "as a part", "other weights"],
)
def test_a_copy_is_one_with_more_beside_it(files: dict[str, bytes], copied: bool) -> None:
    child = made(README__md=card("base_model: base/b"), **files)
    copies = {
        "base/b": made(README__md=card("base_model: base/a"), model__safetensors=tensors(3, 3)),
        "base/a": made(model__safetensors=tensors(4, 2)),
    }
    known = tuple(replace(ancestor(name), evidence=copies[name]) for name in copies)
    rules = {f.rule for f in found(replace(child, ancestors=known)) if f.where == "base/a"}
    assert ("ancestry/identical" in rules) is copied


def test_the_users_word_answers_a_path() -> None:
    assert [f.rule for f in found(model(adapter="/root/b"), "base/b")] == ["ancestry/pass"]
