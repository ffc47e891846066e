"""Settings in sections: what spaCy looks up by name, and every other key that names a callable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.code import code_claims
from tests.claims.models import evidence

HONEST = """\
[paths]
train = "corpus/train.spacy"
[nlp]
lang = "en"
pipeline = ["tok2vec","ner"]
tokenizer = {"@tokenizers":"spacy.Tokenizer.v1"}
before_creation = null
[components.ner]
factory = "ner"
[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
width = ${components.tok2vec.model.encode.width}
[components.ner.model.embed]
@architectures = "spacy-transformers.TransformerModel.v3"
[training.optimizer]
@optimizers = "Adam.v1"
[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
"""
DARKNET = "[net]\nbatch=64\n[convolutional]\nfilters=32\n[convolutional]\nfilters=64\n"
MANY = "".join(f"k{number} =\n" for number in range(1000))
INHERITED = f"[DEFAULT]\n{MANY}" + "".join(f"[s{number}]\n" for number in range(1000))

CALLS = [
    ("config.cfg", '[a]\n@misc = "evil.v1"'),
    ("ner/config.cfg", "[a]\n@misc = evil.v1"),
    ("config.cfg", "[DEFAULT]\n@misc = evil.v1\n[a]\nb = 1"),
    ("config.cfg", '[a]\nb = {"@readers": "evil.v1"}'),
    ("config.cfg", '[a]\nb = [{"c": {"@readers": "evil.v1"}}]'),
    ("config.cfg", "[a]\n@misc = ${paths.x}"),
    ("config.cfg", "[a]\r@misc = evil.v1\r"),
    ("config.cfg", "[a]\n@misc = Adam.v1.evil"),
    ("config.cfg", "[a]\n@architectures = spacy-evil.Model.v1"),
    ("config.cfg", "[a]\n@llm_models = spacy.GPT-4.v2"),
    ("config.cfg", '[components.a]\nfactory = "evil"'),
    ("config.cfg", '[components.a]\nsource = "evil_pipeline"'),
    ("config.cfg", '[components]\na = {"factory": "evil"}'),
    ("config.cfg", '[nlp]\nlang = "evil.module"'),
    ("config.cfg", "[nlp]\nlang = ${x.y}"),
    ("x.cfg", '[a]\n_target_ = "os.system"'),
    ("x.cfg", "[a.b]\nclass_path: os.system"),
    ("x.cfg", "target = os.system\n[a]\nb = 1"),
    ("x.ini", "[pipeline]\nname = evil.Pipeline"),
    ("x.ini", '[a]\nb = {"_target_": "os.system"}'),
    ("x.toml", '_target_ = "os.system"'),
    ("x.toml", '[a.b]\n"_target_" = "os.system"'),
    ("x.toml", '[[a]]\nb = [{"\\u005ftarget_" = "os.system"}]'),
    ("x.toml", '[model]\ntarget = "builtins.print"'),
    ("x.toml", "[model]\nclass_path = '''\nos.system'''"),
    ("x.toml", '[a]\nmodule = "os"\nclass_name = "system"'),
]
UNKNOWN = [
    ("config.cfg", "garbage"),
    ("config.cfg", "[a]\nb = 1\n[a]\nc = 2"),
    ("config.cfg", "[a]\nb = 1\nb = 2"),
    ("x.cfg", f"{DARKNET}[a]\n@misc = evil.v1"),
    ("x.cfg", f"{DARKNET}_target_ = os.system"),
    ("config.cfg", '[a]\nb = {"@misc": "a", "@misc": "evil.v1"}'),
    ("config.cfg", "[a]\nb = {'@misc': 'evil.v1'}"),
    ("x.cfg", "[a\nb"),
    ("x.ini", "[a]\nb = 1\nwithout a value\n"),
    ("x.cfg", INHERITED),
    ("x.toml", "[a"),
    ("x.toml", "a = 1\na = 2"),
    ("x.toml", "a = " + "[" * 100_000),
    ("x.toml", "#" * ((1 << 20) + 1)),
    ("x.cfg", "#" * ((1 << 20) + 1)),
]
QUIET = [
    ("config.cfg", "[nlp]\nlang = en"),
    ("yolov3.cfg", DARKNET),
    ("preset.ini", "version = 1\n[*]\ntemp = 0.7\n[m]\nhf = org/model\n"),
    ("preprocessor.ini", "[a]\nb = [not, json]\n"),
    ("pyproject.toml", '[project]\nname = "m"\n[tool.ruff]\ntarget-version = "py311"\n'),
    ("x.toml", 'when = 2026-01-01\nlimit = inf\ntarget = "image"\n'),
]


def found(path: str, text: str) -> list[str]:
    return [claim.code for claim in code_claims(evidence({path: text.encode()}, limit=1 << 22))]


def test_what_spacy_writes_is_a_note() -> None:
    (claim,) = code_claims(evidence({"config.cfg": HONEST.encode()}))
    assert claim.code == "library-class"
    assert "spacy.Tokenizer.v1" in claim.detail


@pytest.mark.parametrize(("path", "text"), CALLS)
def test_what_calls_something_is_named(path: str, text: str) -> None:
    assert found(path, text) == ["callable"]


@pytest.mark.parametrize(("path", "text"), UNKNOWN, ids=range(len(UNKNOWN)))
def test_what_cannot_be_read_is_unknown(path: str, text: str) -> None:
    assert found(path, text) == ["unreadable"]


@pytest.mark.parametrize(("path", "text"), QUIET)
def test_settings_that_call_nothing_are_quiet(path: str, text: str) -> None:
    assert found(path, text) == []


@given(
    st.sampled_from(["x.cfg", "x.toml"]), st.text(alphabet="[]{}=:#;@.\"'\n\r %a${}\\", max_size=80)
)
def test_nothing_is_raised(path: str, text: str) -> None:
    assert isinstance(found(path, text), list)
