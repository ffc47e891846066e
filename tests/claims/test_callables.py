"""Configurations that name what Python shall call: every way of saying it, and nothing honest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.code import code_claims
from tests.claims.models import evidence

HONEST = """\
seed: 1986
folder: !ref results/<seed>
shape: !tuple (1, 2)
pair: !!python/tuple [1, 2]
features: !new:speechbrain.lobes.features.Fbank
    n_mels: 80
embedding: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    activation: !name:torch.nn.LeakyReLU
copy: !copy <features>
when: !!timestamp 2024-01-01
preprocessor:
  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
model: &m
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params: {target: image}
again: *m
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
name: a.dotted.name
"""

YAML = [
    "_target_: os.system",
    "a: {b: [{_target_: os.system}]}",
    "- x\n---\na: {_target_: os.system}",
    "_target_: os.system\n_target_: torch.nn.ReLU",
    "a: &t _target_\nb: {*t : os.system}",
    "a: &n os.system\nb: {_target_: *n}",
    '"\\x5ftarget_": os.system',
    "model: {target: builtins.exec, params: {}}",
    "model: {target: builtins.exec}",
    "class_path: os.system\ninit_args: {}",
    "a: !apply:os.system [id]",
    "a: !applyref:os.system [id]",
    "a: !new:subprocess.Popen [id]",
    "a: !name:os.system",
    "a: !module:evil",
    "a: !%61pply:os.system [id]",
    "!apply:os.system : x",
    "a: !include:../x.yaml",
    "a: !include:notes.txt",
    "a: !!python/object/apply:os.system [id]",
    "a: !!python/object/new:os.system [id]",
    "a: !!python/object:evil.C {}",
    "a: !!python/name:os.system",
    "a: !!python/module:evil",
    "a: !<tag:yaml.org,2002:python/object/apply:os.system> [id]",
    "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system [id]",
    "pipeline: {name: evil.Pipeline}",
    "preprocessors: {audio: {name: evil.Preprocessor}}",
    "x: &a {name: evil.Pipeline}\npipeline: *a",
    "x: &a {name: evil.Pipeline}\npipeline: {<<: *a, params: {}}",
    "<<: {pipeline: {name: evil.Pipeline}}",
    "pipeline: {<<: [{name: evil.Pipeline}], params: {}}",
    "x: &a {b: {name: evil.Preprocessor}}\npreprocessors: *a",
    "x: [&a {module: os, name: system}]\ny: {__fn_or_cls__: *a}",
    "a: {target: '${b}'}\nb: os.system",
    "a: !new:speechbrain.core.os.system",
    "a: !new:speechbrain.core.subprocess.Popen",
    "a: !apply:speechbrain.utils.superpowers.run_shell",
    "_target_: torch.hub.load",
    "_target_: nemo.core.pickle.Unpickler",
    "_target_: nemo.core.torch.hub.HTTPError",
    "_target_: nemoevil.C",
    "_target_: nemo.collections.tts.torch.torch.hub.X",
    "_target_: nemo.collections.asr.torch.Tensor",
    "!fdl.Config\n__fn_or_cls__: {module: os, name: system}",
    "a: !fdl.Partial\n  __fn_or_cls__: {name: Popen, module: subprocess}",
    "a: !new:torch.nn.functional.importlib.Any",
    "a: !apply:speechbrain.nnet.torch.hub.load",
    "a: !apply:speechbrain.utils.fetching.fetch [x]",
    "_target_: nemo._private.C",
]

JSON: list[object] = [
    {"_target_": "os.system"},
    {"parts": [{"a": {"_target_": "os.system"}}]},
    {"model": {"target": "os.system", "params": {}}},
    {"class_path": "os.system"},
    {"a": {"py/object": "evil.C"}},
    {"a": {"py/reduce": [{"py/function": "os.system"}]}},
    {"layers": [{"class_name": "Lambda", "config": {}}]},
    {"function": {"class_name": "__lambda__"}},
    {"module": "os", "class_name": "system", "config": {}},
    {"layers": [{"module": "builtins", "class_name": "exec"}]},
    {"module": "kerasevil.layers", "class_name": "Dense"},
    {"module": "keras.utils", "class_name": "get_file"},
    {"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"},
    {"module": "keras.layers", "class_name": "TorchModuleWrapper"},
    {"module": "keras.src.layers.layer", "class_name": "importlib.import_module"},
    {"root": {"type": {"type": "pyref", "module": "os", "name": "system"}, "items": []}},
    {"a": {"__fn_or_cls__": {"module": "os", "name": "system"}}},
]

KERAS = [
    {"module": "keras.layers", "class_name": "Dense", "config": {}},
    {"module": "keras_hub.src.models.bert", "class_name": "BertBackbone"},
    {"module": "builtins", "class_name": "function", "config": "relu"},
    {"module": None, "class_name": "Custom"},
    {"module": "keras.activations", "class_name": "function", "config": "relu"},
    {"module": "os"},
]

UNKNOWN = [
    "a: !own x",
    "a: !<tag:example.com,2000:x> y",
    "a: [",
    "a: \x00",
    "a: " + "[" * 100 + "]" * 100,
    "a: " + "[" * 100_000,
    "a: " + "x" * (1 << 20),
]


def found(path: str, data: bytes) -> list[str]:
    return [claim.code for claim in code_claims(evidence({path: data}, limit=1 << 22))]


def test_what_honest_libraries_write_is_clean() -> None:
    assert found("hyperparams.yaml", HONEST.encode()) == ["library-class"]


@pytest.mark.parametrize("text", YAML)
def test_a_yaml_that_names_a_callable_is_named(text: str) -> None:
    assert set(found("a/any name.YML", text.encode())) - {"library-class"} == {"callable"}


@pytest.mark.parametrize("value", JSON, ids=json.dumps)
def test_a_json_that_names_a_callable_is_named(value: object) -> None:
    assert "callable" in found("any.json", json.dumps(value).encode())


@pytest.mark.parametrize("value", KERAS, ids=json.dumps)
def test_what_keras_writes_is_clean(value: object) -> None:
    assert found("any.json", json.dumps(value).encode()) == []


def test_a_name_behind_an_anchor_is_quiet_where_nothing_is_looked_up_by_it() -> None:
    assert found("x.yaml", b"a: &a {name: a.dotted.name}\nb: *a") == []


NOTES = [
    ("hyperparams.yaml", "a: !new:torch.nn.ModuleList\nb: !name:torch.nn.functional.relu"),
    ("hyperparams.yaml", "__set_seed: !apply:torch.manual_seed [1986]"),
    ("hyperparams.yaml", "a: !name:speechbrain.decoders.ctc_greedy_decode"),
    ("hyperparams.yaml", "a: !name:speechbrain.decoders.ctc.ctc_greedy_decode"),
    ("hyperparams.yaml", "a: !name:speechbrain.processing.signal_processing.mean_std_norm"),
    (
        "hyperparams.yaml",
        "a: !apply:speechbrain.utils.seed_everything [1]\nb: !apply:numpy.arange [3]",
    ),
    ("hyperparams.yaml", "a: !new:sentencepiece.SentencePieceProcessor"),
    ("hyperparams.yaml", "a: !name:speechbrain.nnet.losses.nll_loss"),
    ("model_config.yaml", "a: {_target_: nemo.collections.asr.modules.ConformerEncoder}"),
    ("model_config.yaml", "a: {_target_: nemo.collections.tts.torch.g2ps.EnglishG2p}"),
    ("model_config.yaml", "a: {_target_: nemo_text_processing.text_normalization.Normalizer}"),
    ("cldm_v15.yaml", "model: {target: cldm.cldm.ControlLDM}"),
    ("config.json", '{"_target_": "torch.nn.GELU"}'),
    ("io.json", '{"type": {"type": "pyref", "module": "torch", "name": "bfloat16"}}'),
    ("io.json", '{"type": {"type": "pyref", "module": "builtins", "name": "dict"}}'),
    ("model.yaml", "!fdl.Config\n__fn_or_cls__: {module: nemo.collections.llm, name: LlamaModel}"),
]


@pytest.mark.parametrize(("path", "text"), NOTES)
def test_a_class_of_a_loaders_own_library_is_a_note(path: str, text: str) -> None:
    assert found(path, text.encode()) == ["library-class"]


def test_what_is_built_and_trusts_remote_code_is_named() -> None:
    built = "a: !new:speechbrain.lobes.models.X\n  trust_remote_code: {}\n"
    assert found("a.yaml", built.format("True").encode()) == ["remote-code", "library-class"]
    assert found("a.yaml", built.format("False").encode()) == ["library-class"]
    assert found("training_args.yaml", b"trust_remote_code: true") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ['{"_target_": "os.system"}', '{"\\u005ftarget_": "os.system"}'])
def test_a_json_in_another_encoding_that_python_reads_is_unknown(encoding: str, text: str) -> None:
    assert found("any.json", text.encode(encoding)) == ["unreadable"]
    assert found("any.json", '{"a": "b"}'.encode(encoding)) == []


@pytest.mark.parametrize(
    "key",
    ["_target_", "class_path", "activation_fn", "sbert_ce_default_activation_function"],
)
def test_a_json_that_is_none_and_speaks_of_code_is_unknown(key: str) -> None:
    """Python's own reader takes the last of two equal keys."""
    assert found("any.json", f'{{"a": 1, "a": 2, "{key}": "os.system"}}'.encode()) == ["unreadable"]
    keras = b'{"a": 1, "a": 2, "module": "os", "class_name": "system"}'
    assert found("any.json", keras) == ["unreadable"]


@pytest.mark.parametrize("text", UNKNOWN, ids=lambda text: text[:20])
def test_a_yaml_that_cannot_be_followed_is_unknown(text: str) -> None:
    assert found("config.yaml", text.encode()) == ["unreadable"]


def test_what_mlflow_imports_is_named() -> None:
    flavor = "flavors:\n  python_function:\n    loader_module: {}\n"
    assert found("MLmodel", flavor.format("evil").encode()) == ["callable"]
    assert found("a/MLmodel", flavor.format("mlflow.evil.x.y").encode()) == ["callable"]
    assert found("MLmodel", flavor.format("mlflow.pytorch").encode()) == []
    assert found("MLmodel", b"a: [") == ["unreadable"]


def test_a_file_that_mlx_runs_is_named_whatever_its_suffix() -> None:
    (claim,) = code_claims(evidence({"config.json": b'{"model_file": "weights.txt"}'}))
    assert (claim.code, claim.target) == ("auto-map", "weights.txt")


@given(st.text(alphabet="!a:/-&*<>{}[]'\"\n %_.,|?", max_size=120))
def test_nothing_is_raised(text: str) -> None:
    assert isinstance(found("x.yaml", text.encode()), list)


@pytest.mark.each("reports/loaders/c-*")
def test_reports(each: Path) -> None:
    files = {
        str(path.relative_to(each / "repo")): path.read_bytes()
        for path in (each / "repo").rglob("*.y*ml")
    }
    assert [claim.code for claim in code_claims(evidence(files))] == ["callable"]


@pytest.mark.each("reports/hub-and-formats/02-config-calls-code/*")
def test_configurations_of_outsiders(each: Path) -> None:
    data = (each / "config.yaml").read_bytes()
    (claim,) = code_claims(evidence({"config.yaml": data}))
    assert claim.code == "callable"
    assert "builtins.print" in claim.detail
