"""What a repository makes a loader run: every place is a claim, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.code import CodeClaim, code_claims
from provenance.claims.configuration import speaks_of_code
from tests.claims.models import evidence
from tests.formats.test_gguf import STRING, made, pair, text

BUILT = "build/torch-universal/k/__init__.py"
SSTI = "{{ x.__class__ }}"
BROKEN = "{{ x"


def claims(path: str, data: bytes) -> set[tuple[str, str]]:
    return {(claim.code, claim.target) for claim in code_claims(evidence({path: data}))}


def gguf(key: str, value: str) -> bytes:
    return made((pair(key.encode(), STRING, text(value.encode())),))


NAMED = [
    ("config.json", {"auto_map": {"AutoModel": "modeling.M"}}, "auto-map", "modeling.py"),
    ("a/config.json", {"auto_map": {"AutoModel": "modeling.M"}}, "auto-map", "a/modeling.py"),
    ("CONFIG.json", {"auto_map": "modeling.M"}, "auto-map", "modeling.py"),
    ("config.4.1.0.json", {"auto_map": "modeling.M"}, "auto-map", "modeling.py"),
    ("text_config.json", {"a": [{"auto_map": {"b": ["m.M", None]}}]}, "auto-map", "m.py"),
    ("tokenizer_config.json", {"auto_map": {"A": ["tok.T", None]}}, "auto-map", "tok.py"),
    ("any/name.json", {"auto_map": {"AutoModel": "modeling.M"}}, "auto-map", "any/modeling.py"),
    ("config.json", {"auto_map": {"AutoModel": "nodot"}}, "auto-map", ""),
    ("config.json", {"auto_map": {"AutoModel": "org/other--m.M"}}, "remote-code", ""),
    ("config.json", {"auto_map": {"A": "org/other@main--m.M"}}, "remote-code", ""),
    ("config.json", {"custom_pipelines": {"p": {"impl": "p.P"}}}, "pipeline", "p.py"),
    ("config.json", {"custom_pipelines": {"p": {"impl": "o/r--p.P"}}}, "remote-code", ""),
    ("model_index.json", {"custom_pipeline": "my_pipe"}, "pipeline", "my_pipe.py"),
    ("model_index.json", {"custom_pipeline": "org/pipe"}, "remote-code", ""),
    ("model_index.json", {"_class_name": ["pipe", "P"]}, "pipeline", "pipe.py"),
    ("model_index.json", {"unet": ["my_unet", "U"]}, "pipeline", "unet/my_unet.py"),
    ("modular_model_index.json", {"unet": ["lib", "U", {}]}, "pipeline", "unet/lib.py"),
    ("adapter_config.json", {"auto_mapping": {"parent_library": "evil.m"}}, "auto-map", ""),
    ("config.json", {"text_config": {"trust_remote_code": True}}, "remote-code", ""),
    ("config.json", {"trust_remote_code": "yes"}, "remote-code", ""),
    ("config.json", {"_attn_implementation": "org/kernel"}, "kernel", ""),
    ("config.json", {"attn_implementation": {"text": "org/kernel@v1"}}, "kernel", ""),
    ("config.json", {"_attn_implementation_internal": "org/kernel:fn"}, "kernel", ""),
    ("config.json", {"a": [{"_experts_implementation": "org/kernel@v1:f"}]}, "kernel", ""),
    ("config.json", {"model_file": "weights.txt"}, "auto-map", "weights.txt"),
    ("a/config.json", {"b": [{"model_file": "./w.bin"}]}, "auto-map", "a/w.bin"),
    ("config.json", {"auto_map": {"AutoModel": "weights.bin.M"}}, "auto-map", "weights/bin.py"),
    ("adapter_config.json", {"megatron_core": "evil"}, "auto-map", ""),
    (
        "modular_model_index.json",
        {"unet": [None, None, {"type_hint": ["evil", "C"]}]},
        "pipeline",
        "type_hint/evil.py",
    ),
    ("modules.json", [{"type": "custom_st.T", "path": ""}], "module", "custom_st.py"),
    ("router_config.json", {"types": {"q": "custom_st.T"}}, "module", "custom_st.py"),
    ("1_Dense/config.json", {"activation_function": "os.abort"}, "module", ""),
    ("config.json", {"sbert_ce_default_activation_function": "torch.hub.list"}, "module", ""),
    ("config.json", {"activation_fn": "torch.load"}, "module", ""),
    ("tokenizer_config.json", {"chat_template": SSTI}, "template", ""),
    ("tokenizer_config.json", {"chat_template": [{"name": "a", "template": SSTI}]}, "template", ""),
    ("processor_config.json", {"chat_template": {"default": SSTI}}, "template", ""),
    ("chat_template.json", {"chat_template": SSTI}, "template", ""),
    ("tokenizer_config.json", {"chat_template": BROKEN}, "template-unparsed", ""),
]

FILES = [
    ("modeling.py", b"", "python-file", "modeling.py"),
    ("a/b/MODELING.PY", b"pass", "python-file", "a/b/MODELING.PY"),
    ("x.so", b"x", "native", ""),
    ("x.so.1.2", b"x", "native", ""),
    ("__pycache__/m.cpython-311.pyc", b"x", "native", ""),
    ("README.md", b"\x7fELF" + bytes(60), "native", ""),
    ("modeling.py", b"\x7fELF" + bytes(60), "native", ""),
    ("custom_generate/generate.py", b"", "python-file", "custom_generate/generate.py"),
    ("build/torch28-cxx11-cu128-x86_64-linux/k/_k.abi3.so", b"x", "native", ""),
    ("build/torch-universal/k/__init__.py", b"", "python-file", BUILT),
    ("model.plan", b"x", "native", ""),
    ("a/model.ENGINE", b"x", "native", ""),
    ("model.trt", b"x", "native", ""),
    ("run.sh", b"echo", "script", "run.sh"),
    ("LICENSE", b"#!/bin/sh\necho", "script", "LICENSE"),
    ("chat_template.jinja", SSTI.encode(), "template", ""),
    ("additional_chat_templates/tool.jinja", SSTI.encode(), "template", ""),
    ("chat_template.jinja", BROKEN.encode(), "template-unparsed", ""),
    ("chat_template.jinja", b"\xff", "unreadable", ""),
    ("m.gguf", gguf("tokenizer.chat_template", SSTI), "template", ""),
    ("m.gguf", gguf("tokenizer.chat_template.tool_use", SSTI), "template", ""),
    ("m.gguf", gguf("tokenizer.chat_template\0x", SSTI), "template", ""),
    ("weights.bin", gguf("tokenizer.chat_template", SSTI), "template", ""),
    ("m.gguf", gguf("general.name", "x")[:-8], "unreadable", ""),
    ("config.json", b"", "unreadable", ""),
    ("config.json", b"{", "unreadable", ""),
    ("config.json", b'{"a": 1, "a": 2}', "unreadable", ""),
    ("config.json", b"\x80\x02N.", "unreadable", ""),
    ("adapter_config.json", b'\xef\xbb\xbf{"auto_map": "m.M"}', "unreadable", ""),
    ("other.json", b'{"auto_map": 1, "auto_map": 2}', "unreadable", ""),
    ("other.json", b'{"\\u0061uto_map": "m.M", "a": NaN}', "auto-map", "m.py"),
    (
        "config.json",
        b'{"auto_map": ' + b"[" * 900 + b'"m.M"' + b"]" * 900 + b"}",
        "auto-map",
        "m.py",
    ),
]

QUIET = [
    ("config.json", {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}),
    ("config.json", {"trust_remote_code": False, "_attn_implementation": "sdpa"}),
    ("config.json", {"activation_function": "gelu_new", "auto_map": {}}),
    ("1_Dense/config.json", {"activation_function": "torch.nn.modules.activation.Tanh"}),
    ("config.json", {"activation_fn": "torch.sigmoid"}),
    ("config.json", {"custom_pipelines": {"p": {"pt": ["AutoModel"], "default": {"a": "o/m.v1"}}}}),
    ("modules.json", [{"idx": 0, "type": "sentence_transformers.models.Pooling", "path": "1"}]),
    (
        "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "unet": ["diffusers", "UNet2DConditionModel"],
            "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "image_encoder": [None, None],
        },
    ),
    ("adapter_config.json", {"auto_mapping": None, "megatron_core": "megatron.core"}),
    ("tokenizer_config.json", {"model_file": "spiece.model"}),
    ("config.json", {"_experts_implementation": "grouped_mm", "model_file": None}),
    ("modular_model_index.json", {"a": [None, None, {"type_hint": ["diffusers", "UNet"]}]}),
    (
        "adapter_config.json",
        {"auto_mapping": {"parent_library": "transformers.models.llama.modeling_llama"}},
    ),
    ("tokenizer_config.json", {"chat_template": "{{ messages[0].content }}"}),
    ("trainer_state.json", {"log_history": [{"loss": 1.0}]}),
]

QUIET_FILES = [
    ("README.md", b"import os"),
    ("notebook.ipynb", b"{}"),
    ("trainer_state.json", b'{"best_metric": NaN}'),
    ("m.gguf", gguf("tokenizer.chat_template", "{{ messages[0].content }}")),
]


@pytest.mark.parametrize(
    ("data", "speaks"),
    [
        (rb'["\u0000", "\u001f", "\u007f", "\u00e9", "\u0020"', False),
        (rb'{"auto\u005fmap"', True),
        (rb'{"\u0041\u0055TO_MAP"', True),
        (rb'{"py\u002Fobject"', True),
        (b'{"auto_map"', True),
    ],
)
def test_only_an_escape_that_may_spell_a_key_speaks_of_code(data: bytes, speaks: bool) -> None:
    assert speaks_of_code(data) is speaks


@pytest.mark.parametrize(("path", "value", "code", "target"), NAMED)
def test_what_a_configuration_names(path: str, value: object, code: str, target: str) -> None:
    assert claims(path, json.dumps(value).encode()) == {(code, target)}


@pytest.mark.parametrize(("path", "data", "code", "target"), FILES)
def test_what_a_file_is(path: str, data: bytes, code: str, target: str) -> None:
    assert claims(path, data) == {(code, target)}


@pytest.mark.parametrize(("path", "value"), QUIET)
def test_what_runs_nothing(path: str, value: object) -> None:
    assert claims(path, json.dumps(value).encode()) == set()


@pytest.mark.parametrize(("path", "data"), QUIET_FILES)
def test_files_that_run_nothing(path: str, data: bytes) -> None:
    assert claims(path, data) == set()


@pytest.mark.parametrize(
    ("path", "code"),
    [("m.py", "python-file"), ("x.so", "native"), ("config.json", "unreadable")],
)
def test_a_file_nobody_looked_into_is_judged_by_its_name(path: str, code: str) -> None:
    model = evidence({path: b"{}"}, unread=(path,))
    assert [claim.code for claim in code_claims(model)] == [code]


def test_a_configuration_beyond_the_limit_is_unreadable() -> None:
    model = evidence({"config.json": b'{"a": "' + b"a" * 100 + b'"}'}, limit=10)
    assert [claim.code for claim in code_claims(model)] == ["unreadable"]


def test_a_configuration_of_too_many_values_is_unreadable() -> None:
    model = evidence({"config.json": b"[" + b"0," * 300_000 + b"0]"})
    assert [claim.code for claim in code_claims(model)] == ["unreadable"]


REQUIRED = [
    ({"handler.py": b"", "requirements.txt": b"evil"}, ["requirements.txt"]),
    ({"code/inference.py": b"", "requirements.txt": b"evil"}, ["requirements.txt"]),
    ({"code/inference.py": b"", "code/requirements-gpu.txt": b""}, ["code/requirements-gpu.txt"]),
    (
        {"custom_generate/generate.py": b"", "custom_generate/requirements.txt": b"evil"},
        ["custom_generate/requirements.txt"],
    ),
    ({"config.json": b'{"auto_map": "m.M"}', "requirements.txt": b"x"}, ["requirements.txt"]),
    ({"custom_generate/x.json": b"{}", "custom_generate/requirements.txt": b"x"}, []),
    ({"handler.py": b"", "docs/requirements.txt": b"x"}, []),
    ({"model.safetensors": b"", "requirements.txt": b"numpy"}, []),
    ({"handler.py": b"", "notes.txt": b"x"}, []),
]


@pytest.mark.parametrize(("files", "paths"), REQUIRED, ids=str)
def test_requirements_beside_code_are_named(files: dict[str, bytes], paths: list[str]) -> None:
    found = code_claims(evidence(files))
    assert [claim.path for claim in found if claim.code == "requirements"] == paths
    assert [claim.path for claim in code_claims(evidence(files, unread=tuple(paths)))] == [
        claim.path for claim in found
    ]


def test_requirements_are_told_line_by_line() -> None:
    files = {"handler.py": b"", "requirements.txt": b"# words\nnumpy\n\nevil @ git+https://x"}
    _, claim = code_claims(evidence(files))
    assert claim.detail.endswith("'numpy', 'evil @ git+https://x'")


def test_five_thousand_lines_are_code_as_one_is() -> None:
    model = evidence({"modeling.py": b"x = (\n" * 5_000, "old.py": b"print 'Python 2'"})
    assert [claim.code for claim in code_claims(model)] == ["python-file"] * 2


def test_ten_megabytes_of_anchors_are_not_read() -> None:
    model = evidence({"config.yaml": b"a: &a [x]\n" + b"b: *a\n" * 1_700_000}, limit=16 << 20)
    assert [claim.code for claim in code_claims(model)] == ["unreadable"]


def test_claims_come_in_the_order_of_paths() -> None:
    model = evidence({"b.py": b"", "a.so": b"x", "c.sh": b""})
    assert [claim.path for claim in code_claims(model)] == ["a.so", "b.py", "c.sh"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.just("o/r--m.M"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["auto_map", "auto_mapping", "chat_template", "impl", "custom_pipelines", "type"]
            ),
            inner,
        )
    ),
)


@given(st.sampled_from(["config.json", "modules.json", "model_index.json"]), VALUES)
def test_never_raises(path: str, value: object) -> None:
    found = code_claims(evidence({path: json.dumps(value).encode()}))
    assert all(isinstance(claim, CodeClaim) for claim in found)


def test_real_models_run_nothing(corpus: Path) -> None:
    adapters = sorted((corpus / "adapters").rglob("*adapter_config.json"))
    found = {path.name: claims("adapter_config.json", path.read_bytes()) for path in adapters}
    assert len(found) > 20
    assert {name: seen for name, seen in found.items() if seen} == {}


def test_real_directories_run_nothing(corpus: Path) -> None:
    folder = corpus / "models/all-MiniLM-L6-v2-meta"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert "tokenizer_config.json" in files
    assert code_claims(evidence(files)) == ()


def test_real_vocabularies_run_nothing(corpus: Path) -> None:
    models = {path.name: path.read_bytes() for path in sorted((corpus / "gguf").glob("*.gguf"))}
    assert len(models) >= 3
    assert code_claims(evidence(models, limit=16 << 20)) == ()


def test_templates_are_read_once_and_so_many_characters_in_all() -> None:
    """Twenty quantisations bring one template; a flood of others is unknown, not waited for."""
    same = {f"{number}/chat_template.jinja": SSTI.encode() for number in range(20)}
    assert [claim.code for claim in code_claims(evidence(same))] == ["template"] * 20
    flood = {f"{n}.jinja": f"{n}{'x' * 900_000}".encode() for n in range(4)}
    assert [claim.code for claim in code_claims(evidence(flood))] == ["template-unparsed"] * 2
