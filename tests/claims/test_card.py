"""A model card as a whole: where front matter may stand, parts, methods, hints, odd cards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.claim import Claim, Mention, MethodClaim, ParentClaim, Unread
from provenance.claims.methods import MEANS, METHODS
from provenance.claims.parents import parent_claims
from provenance.claims.reference import UNNAMED
from tests.claims.models import evidence

HUB = "https://huggingface.co"
BLOCK = "---\nbase_model: acme/base\n---\n"


def read(text: str, path: str = "README.md") -> tuple[Claim, ...]:
    return parent_claims(evidence({path: text.encode()}))


def parents(text: str, path: str = "README.md") -> list[tuple[str | None, str, str]]:
    """The parents that a card names: repository, place, part."""
    claims = read(text, path)
    return [(c.repo, c.place, c.part) for c in claims if isinstance(c, ParentClaim)]


FRONT = {
    "first": (BLOCK, 2),
    "behind a blank line": (f"\n{BLOCK}", 3),
    "behind a line of spaces": (f"  \n{BLOCK}", 3),
    "behind a line with a non-breaking space": (f"\u00a0\n{BLOCK}", 3),
    "behind a byte order mark": (f"\ufeff{BLOCK}", 2),
    "with the line ends of old": (BLOCK.replace("\n", "\r"), 2),
    "with the line ends of Windows": (BLOCK.replace("\n", "\r\n"), 2),
    "with a doubled fence": (f"---\n{BLOCK}", 3),
    "without a last line end": (BLOCK.rstrip(), 2),
    "with a space behind the fence": (BLOCK.replace("---\n", "---  \n"), 2),
    "as a second block": (f"---\nlicense: mit\n---\n{BLOCK}", 5),
    "as a second block behind words": (f"---\nlicense: mit\n---\n# Words\n\n{BLOCK}", 7),
    "behind a heading": (f"# Words\n\n{BLOCK}", 4),
    "behind many rules": ("---\n\n" * 40 + BLOCK, 82),
    "behind words and without an end": ("# Words\n---\nbase_model:\n- acme/base\n", 4),
}


@pytest.mark.parametrize("name", FRONT)
def test_front_matter_is_found_wherever_it_stands(name: str) -> None:
    text, line = FRONT[name]
    assert parents(text) == [("acme/base", f"README.md:{line}", "")]
    assert not any(isinstance(claim, Unread) for claim in read(text))


@pytest.mark.parametrize(
    "front",
    [
        "base_models: [acme/base]",
        "base-model: acme/base",
        "Base_Model: acme/base",
        "tags: [{base_model: acme/base}]",
        "tags: ['Base_Model:finetune:acme/base']",
        "model-index: [{base_model: acme/base}]",
    ],
)
def test_a_key_that_people_understand_is_read(front: str) -> None:
    assert parents(f"---\n{front}\n---\n") == [("acme/base", "README.md:2", "")]


UNREADABLE = {
    "a tab": "---\nbase_model: acme/base\n\tfoo: bar\n---\n",
    "a key that stands twice": "---\nbase_model: acme/base\na: 1\na: 2\n---\n",
    "a table for a name": "---\nbase_model:\n  name: acme/base\n---\n",
    "a second block that is no YAML": "---\nlicense: mit\n---\n---\nbase_model: [acme\n---\n",
    "no end": "---\nlicense: mit\nbase_model:\n- acme/base\n",
    "more blocks than are read": f"{BLOCK}\n" * 20,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_front_matter_that_cannot_be_read_is_said(name: str) -> None:
    assert any(isinstance(claim, Unread) for claim in read(UNREADABLE[name]))


NO_FRONT = {
    "a rule above a heading": "---\n# Words\n\nMore words.\n",
    "rules between words": "# Words\n\n---\nNote: all is well.\n\n---\n",
    "an example": f"# How to write a card\n\n```yaml\n{BLOCK}```\n",
    "a comment": f"# Words\n<!--\n{BLOCK}-->\n",
}


@pytest.mark.parametrize("name", NO_FRONT)
def test_words_between_rules_are_no_front_matter(name: str) -> None:
    assert read(NO_FRONT[name]) == ()


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("README.md", ""),
        ("readme.md", ""),
        ("ReadMe.MD", ""),
        ("MODEL_CARD.md", ""),
        ("model_card.md", ""),
        ("unet/README.md", "unet"),
        ("checkpoint-500/README.md", "checkpoint-500"),
    ],
)
def test_a_card_speaks_of_what_it_lies_beside(path: str, part: str) -> None:
    text = "---\nbase_model: acme/base\ntags: [sft]\n---\n"
    assert parents(text, path) == [("acme/base", f"{path}:2", part)]
    methods = [claim for claim in read(text, path) if isinstance(claim, MethodClaim)]
    assert bool(methods) is not bool(part)


def test_a_card_that_begins_like_weights_is_read() -> None:
    assert parents("GGUF quants of acme/base\n") == [("acme/base", "README.md:1", "")]


@pytest.mark.parametrize("text", ["None", "N/A", "unsloth/None", "unknown"])
def test_a_name_that_is_none_is_a_model_that_is_not_named(text: str) -> None:
    (claim,) = read(f"---\nbase_model: {text}\n---\n")
    assert isinstance(claim, ParentClaim)
    assert (claim.repo, claim.reason) == (None, UNNAMED)


def test_what_a_trainer_does_not_name_is_said_once() -> None:
    sentence = f"This model is a fine-tuned version of [None]({HUB}/None).\n\n"
    (claim,) = (c for c in read(sentence * 3) if isinstance(c, ParentClaim))
    assert (claim.repo, claim.reason, claim.hint) == (None, UNNAMED, False)
    assert parents(f"{BLOCK}{sentence}") == [("acme/base", "README.md:2", "")]


def test_scratch_is_what_a_program_left_behind() -> None:
    (claim,) = read("This model was trained from scratch on the imdb dataset.")
    assert isinstance(claim, ParentClaim)
    assert (claim.repo, claim.reason, claim.hint) == (None, UNNAMED, True)


TRAINED = {
    "This model was trained with SFT.": {"sft"},
    "This model was trained with GRPO, a method introduced in [a paper](https://x.org).": {"grpo"},
    "This model was trained with Online DPO, a method introduced in x.": {"online-dpo"},
    "This model was trained with Nash-MD, a method introduced in x.": {"nash-md"},
    "This model was trained with Iterative SFT.": {"iterative-sft"},
    "This model was trained with AsyncGRPO, a method introduced in x.": {"async-grpo"},
    "This model was trained with Reward.": {"reward"},
    f"It was trained with [DPO]({HUB}/papers/2305.18290).": {"dpo"},
    "It was fine-tuned using **ORPO** on our data.": {"orpo"},
    "It was trained with SFT and then DPO.": {"sft", "dpo"},
    "It was aligned with KTO.": {"kto"},
    "We used supervised fine-tuning (SFT).": {"sft"},
    "We then applied Direct Preference Optimization (DPO) to our model.": {"dpo"},
    "It was trained with supervised fine-tuning and GRPO.": {"sft", "grpo"},
    "Training procedure: SFT": {"sft"},
    "- **Training method:** DPO": {"dpo"},
    "| Fine-tuning method | ORPO |": {"orpo"},
    "We used SFT models as a start.": set(),
    "We used the DPO dataset of others.": set(),
    "We used PPO for comparison.": set(),
    "## Training procedure\n\nDPO is of no use here.": set(),
    "It was not trained with DPO.": set(),
    "It was trained with Reward models of others.": set(),
    "It was trained with Adam on the GRPO paper.": set(),
    "It was trained with distillation in mind.": set(),
}


@pytest.mark.parametrize("text", TRAINED)
def test_a_method_is_what_a_sentence_says_it_is(text: str) -> None:
    found = [claim.methods for claim in read(text) if isinstance(claim, MethodClaim)]
    assert {method for methods in found for method in methods} == TRAINED[text]


@pytest.mark.parametrize("method", sorted(MEANS))
def test_every_trainers_sentence_is_read(method: str) -> None:
    text = f"This model was trained with {method.upper()}, a method introduced in a paper."
    found = [claim.methods for claim in read(text) if isinstance(claim, MethodClaim)]
    assert [MEANS[method] & methods != set() for methods in found] == [True]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_tag_of_a_trainer_is_read(method: str) -> None:
    found = read(f"---\ntags: [trl, {method}]\n---\n")
    assert [c.methods for c in found if isinstance(c, MethodClaim)] == [frozenset({method})]


HINTS = {
    "It shares its base with acme/other-7b, more or less.": ["acme/other-7b"],
    f"Not a fine-tuned version of [Other]({HUB}/acme/other).": ["Other"],
    "It shares its base with acme/base, more or less.": [],
    "Its scores are those of acme/other-7b.": [],
    "# The base acme/other-7b": [],
    "If you want another base, take acme/other-7b.": [],
    "It reads the base and the model_index/eval_results too.": [],
    "```python\nmodel = from_pretrained('acme/other-7b')  # the base\n```": [],
    "| base | acme/other-7b |\n|---|---|\n": [],
}


@pytest.mark.parametrize("text", HINTS)
def test_a_model_in_other_words_is_a_hint(text: str) -> None:
    found = read(f"---\nbase_model: acme/base\n---\n# m\n\n{text}\n")
    quotes = [claim.quote for claim in found if isinstance(claim, Mention)]
    assert len(quotes) == len(HINTS[text])
    assert all(name in quote for name, quote in zip(HINTS[text], quotes, strict=True))
    assert [claim.line for claim in found if isinstance(claim, Mention)] == [6] * len(quotes)


QUOTED = {
    "This is a fine-tune of another model[^1].\n\n[^1]: acme-labs/base": ["acme-labs/base"],
    "This is a fine-tune of\n[x]: HUB/acme/base-7b": ["acme/base-7b"],
    "| Model | Base model |\n|---|---|\n| y | acme/base-7b |": ["acme/base-7b"],
    "```yaml\nbase_model: acme/base\nlearning_rate: 1\n```": ["acme/base"],
    "```python\nbase = AutoModel.from_pretrained('acme/base')\n```": ["acme/base"],
    "このモデルは acme/base-7b をファインチューニングしたものです。": ["acme/base-7b"],
    "이 모델은 acme/base-7b 를 파인튜닝한 모델입니다.": ["acme/base-7b"],
    "Эта модель дообучена на основе acme/base-7b.": ["acme/base-7b"],
    "Ten model to dostrojona wersja acme/base-7b.": ["acme/base-7b"],
    "Tämä malli on hienosäädetty versio mallista [x](HUB/acme/base).": ["acme/base"],
    "Its scores are those of acme/other-7b.": ["acme/other-7b"],
    "Read src/train.py, acme/notes.md and either/or.": [],
    "It was trained on acme/data-7b.": [],
    "The dataset is acme/data-7b.": [],
    "Our space: [Demo](HUB/spaces/acme/demo).": [],
    "The paper is [here](HUB/papers/2305.18290), the manual [there](HUB/docs/peft/index).": [],
}


@pytest.mark.parametrize("text", QUOTED)
def test_where_no_parent_is_named_every_model_is_a_hint(text: str) -> None:
    found = read(f"# m\n\n{text}\n".replace("HUB", HUB))
    assert [claim.repo for claim in found if isinstance(claim, Mention)] == QUOTED[text]
    assert not any(isinstance(claim, ParentClaim) for claim in found)


@pytest.mark.parametrize(
    ("words", "of"),
    [
        (f"[Base]({HUB}/acme/base) is a fine-tuned version of", "acme/base"),
        ("The base model was itself finetuned from", "acme/base"),
        ("The base model is", ""),
        ("This model is a fine-tuned version of", ""),
    ],
)
def test_the_parent_of_a_declared_parent_is_a_grandparent(words: str, of: str) -> None:
    text = f"{BLOCK}{words} [Root]({HUB}/acme/root).\n"
    found = [(c.repo, c.of) for c in read(text) if isinstance(c, ParentClaim)]
    assert found == [("acme/base", ""), ("acme/root", of)]


def test_hints_are_few_and_short() -> None:
    text = "".join(
        f"It shares its base with acme/m{n}-7b {'and more ' * 40}.\n\n" for n in range(9)
    )
    quotes = [claim.quote for claim in read(text) if isinstance(claim, Mention)]
    assert len(quotes) == 5
    assert all(len(quote) <= 160 for quote in quotes)


@given(st.text(alphabet="[]()<>!-*_`#|•\n :/\\abmodel.0\ue000\u200b\u0130", max_size=300))
def test_no_card_is_too_odd(text: str) -> None:
    for claim in read(f"{text}This is a fine-tuned version of acme/base{text}"):
        line = getattr(claim, "line", None)
        assert line is None or 1 <= line <= text.count("\n") * 2 + 1
