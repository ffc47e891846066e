"""What each place makes a loader fetch, and what looks like a reference and is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.claims.files import ModelFiles
from provenance.closure import member_claims
from provenance.model import Ref
from provenance.source import directory
from tests import forge

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Found = set[tuple[str | None, str | None]]


def claimed(folder: Path, files: Mapping[str, Any], *, imported: bool = False) -> Found:
    """The repositories and revisions that these files make loaders ask for."""
    texts = {
        path: (body if isinstance(body, str) else json.dumps(body)).encode()
        for path, body in files.items()
    }
    forge.write(folder, texts)
    evidence = directory.collect(folder, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)
    found = member_claims(ModelFiles(evidence=evidence), imported=imported)
    return {(claim.repo, claim.revision) for claim in found}


CONFIGURATIONS: Mapping[str, tuple[Mapping[str, Any], Found]] = {
    "code of another repository": (
        {"config.json": {"auto_map": {"AutoModel": "org/x--m.C", "AutoConfig": "own.C"}}},
        {("org/x", None)},
    ),
    "code for a tokenizer, in a list": (
        {"tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["org/x--t.T", None]}}},
        {("org/x", None)},
    ),
    "a code_revision that the loader ignores": (
        {"config.json": {"auto_map": {"AutoModel": "org/x--m.C"}, "code_revision": COMMIT}},
        {("org/x", None)},
    ),
    "the base of an adapter at its revision": (
        {"adapter_config.json": {"base_model_name_or_path": "org/x", "revision": COMMIT}},
        {("org/x", COMMIT)},
    ),
    "a base on somebody's disk": (
        {"adapter_config.json": {"base_model_name_or_path": "/mnt/models/x"}},
        set(),
    ),
    "a base in a folder that a Hub could know": (
        {"adapter_config.json": {"base_model_name_or_path": "models/x"}},
        {("models/x", None)},
    ),
    "adapters of X-LoRA": (
        {"adapter_config.json": {"adapters": {"0": "org/a", "1": "org/b"}}},
        {("org/a", None), ("org/b", None)},
    ),
    "a component at its revision": (
        {
            "modular_model_index.json": {
                "unet": ["d", "U", {"pretrained_model_name_or_path": "org/u", "revision": "v2"}]
            }
        },
        {("org/u", "v2")},
    ),
    "kernels, however they are written": (
        {
            "config.json": {
                "_attn_implementation": "paged|org/k@v3:run",
                "text_config": {"attn_implementation": {"": "org/l", "vision": "sdpa"}},
            }
        },
        {("org/k", "v3"), ("org/l", "v1")},
    ),
    "pyannote's parameters": (
        {
            "config.yaml": f"pipeline:\n  name: p.P\n  params:\n    segmentation: org/s@{COMMIT}\n"
            "    embedding:\n      checkpoint: org/e\n    clustering: Agglomerative\n"
            "    plda: $model/plda\n"
        },
        {("org/s", COMMIT), ("org/e", None)},
    ),
    "a source behind a reference of HyperPyYAML": (
        {
            "hyperparams.yaml": "hub: org/w2v\nm: !new:speechbrain.lobes.W\n"
            "  source: !ref <hub>\n  save: !ref <folder>/x\n"
        },
        {("org/w2v", None)},
    ),
    "an address that is no Hub's": (
        {"hyperparams.yaml": "m: !new:speechbrain.lobes.W\n  source: https://x.example/m\n"},
        {(None, None)},
    ),
    "a preset of llama.cpp": (
        {"preset.ini": "[a]\nhf-repo = org/g:Q4_K_M\nhf-repo-draft = org/d\nname = org/n\n"},
        {("org/g", None), ("org/d", None)},
    ),
    "a Modelfile": (
        {"Modelfile": "FROM hf.co/org/g:Q8_0\nADAPTER ./lora.gguf\nSYSTEM be FROM org/s\n"},
        {("org/g", None)},
    ),
    "an alias and a merge, wherever they put a name": (
        {
            "config.yaml": "a: &n {embedding: org/e}\nb: &m {params: *n}\n"
            "pipeline:\n  <<: [*m]\n  name: p.P\n",
        },
        {("org/e", None)},
    ),
    "an argument by its place, and files of a Pretrainer": (
        {
            "hyperparams.yaml": "hub: org/a\nm: !new:speechbrain.x.W [!ref <hub>, d]\n"
            "n: !new:torch.nn.Linear [c/d, 2]\np: !new:speechbrain.p.Pretrainer\n"
            "  paths:\n    one: org/f/one.ckpt\n    two: local.ckpt\n  source: null\n",
        },
        {("org/a", None), ("org/f", None)},
    ),
    "a chain of references that is too long": (
        {
            "hyperparams.yaml": "".join(f"k{n}: <k{n + 1}>\n" for n in range(40))
            + "k40: org/x\nm: !new:speechbrain.x.W\n  source: !ref <k0>\n"
        },
        {(None, None)},
    ),
    "a text of a Modelfile": (
        {"Modelfile": 'FROM ./a.gguf\nSYSTEM """\nFROM org/x\n"""\nADAPTER hf.co/org/y\n'},
        {("org/y", None)},
    ),
    "more keys of a preset": (
        {"preset.ini": "hfd = org/d\nLLAMA_ARG_HF_REPO = org/e\nmodel-url = https://x.example/m\n"},
        {("org/d", None), ("org/e", None), (None, None)},
    ),
    "what timm fetches for open_clip": (
        {
            "open_clip_config.json": {
                "vision_cfg": {"timm_model_name": "hf-hub:org/t"},
                "other": {"timm_model_name": "vit_base"},
            }
        },
        {("org/t", None)},
    ),
    "GLiNER's encoders": (
        {"gliner_config.json": {"model_name": "org/m", "labels_encoder": "org/l"}},
        {("org/m", None), ("org/l", None)},
    ),
    "what is written with escapes": (
        {"config.json": '{"\\u0061uto_map": {"AutoModel": "org\\u002fx--m.C"}}'},
        {("org/x", None)},
    ),
    "a configuration that cannot be read": ({"open_clip_config.json": "{"}, {(None, None)}),
    "the model itself": (
        {"adapter_config.json": {"base_model_name_or_path": "acme/m"}},
        set(),
    ),
}


@pytest.mark.parametrize(("files", "found"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_configurations(tmp_path: Path, files: Mapping[str, Any], found: Found) -> None:
    assert claimed(tmp_path / "m", files) == found


MODULES: Mapping[str, tuple[str, Found]] = {
    "a literal": ('AutoModel.from_pretrained("org/x")', {("org/x", None)}),
    "a pinned one": (
        f'hf_hub_download("org/x", "f", revision="{COMMIT}")',
        {("org/x", COMMIT)},
    ),
    "a key of the configuration": (
        "AutoModel.from_pretrained(self.config.tower)",
        {("org/tower", None)},
    ),
    "a key that is got": (
        "AutoModel.from_pretrained(getattr(config, 'tower', None))",
        {("org/tower", None)},
    ),
    "a key that is not there": ("AutoModel.from_pretrained(config.gone)", {(None, None)}),
    "a name that is put together": ('AutoModel.from_pretrained("org/" + name)', {(None, None)}),
    "what the caller gave": (
        "class M(P):\n    @classmethod\n    def from_pretrained(cls, name, **k):\n"
        "        return super().from_pretrained(name, **k)",
        set(),
    ),
    "code by torch.hub": ('torch.hub.load("org/x", "m")', {(None, None)}),
    "a kernel": ('get_kernel("org/x")', {(None, None)}),
    "an address": ('urllib.request.urlopen("https://x.example")', {(None, None)}),
    "a data set": ('load_dataset("org/d")', set()),
    "Python 2": ("print 'x'", {(None, None)}),
    "not Python": ("def (", {(None, None)}),
}


@pytest.mark.parametrize(("text", "found"), MODULES.values(), ids=MODULES)
def test_modules_that_a_loader_imports(tmp_path: Path, text: str, found: Found) -> None:
    config = {"auto_map": {"AutoModel": "modeling.M"}, "tower": "org/tower"}
    files = {"config.json": config, "modeling.py": f"{text}\n"}
    assert claimed(tmp_path / "m", files) == found
    assert claimed(tmp_path / "n", {"train.py": f"{text}\n"}) == set()


def test_modules_of_a_member_are_imported_for_another(tmp_path: Path) -> None:
    files = {"m.py": 'AutoModel.from_pretrained("org/x")\n'}
    assert claimed(tmp_path / "m", files, imported=True) == {("org/x", None)}
    assert claimed(tmp_path / "n", {"custom_generate/generate.py": files["m.py"]}) == {
        ("org/x", None)
    }


def test_a_long_module_is_read_and_a_longer_one_unknown(tmp_path: Path) -> None:
    config = {"auto_map": {"AutoModel": "modeling.M"}}
    lines = "".join(f"x{n} = {n}\n" for n in range(5_000))
    long = {"config.json": config, "modeling.py": f'{lines}AutoModel.from_pretrained("org/x")\n'}
    assert claimed(tmp_path / "m", long) == {("org/x", None)}
    longer = {"config.json": config, "modeling.py": "#" * (1 << 20)}
    assert claimed(tmp_path / "n", longer) == {(None, None)}
