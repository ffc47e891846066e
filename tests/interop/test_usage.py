"""Every line of Python that `fetch` prints loads what it is for: offline, by its commit."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from provenance.report.usage import DOCUMENTS, Loaded, usage
from tests.interop.servers import told

pytestmark = pytest.mark.interop

COMMIT, BASE, BASE_COMMIT = "c" * 40, "acme/base", "b" * 40
MADE = """
import sys
from transformers import {0}, {1}
{0}({1}({2})).save_pretrained(sys.argv[1])
"""
TOKENS = """
from transformers import BertTokenizer
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
open(sys.argv[1] + "/vocab.txt", "w").write("\\n".join(words))
BertTokenizer(sys.argv[1] + "/vocab.txt").save_pretrained(sys.argv[1])
"""
SMALL = (
    "hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=16"
)
LLAMA = MADE.format("LlamaForCausalLM", "LlamaConfig", f"{SMALL}, num_key_value_heads=1")
BERT = "BertConfig", SMALL
SENTENCES = """
import sys
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
inner = Transformer(sys.argv[1] + "/../inner")
SentenceTransformer(modules=[inner, Pooling(8)]).save_pretrained(sys.argv[1])
"""
DIFFUSION = """
import sys
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
net = UNet2DModel(sample_size=8, block_out_channels=(8,), norm_num_groups=4,
    down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",))
DDPMPipeline(net, DDPMScheduler()).save_pretrained(sys.argv[1])
"""
ADAPTER = """
import sys
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
base = AutoModelForCausalLM.from_pretrained(sys.argv[2])
made = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"]))
made.peft_config["default"].base_model_name_or_path = "acme/base"
made.save_pretrained(sys.argv[1])
"""
KINDS = {
    "a language model": ("transformers", LLAMA),
    "a classifier": ("transformers", MADE.format("BertForSequenceClassification", *BERT)),
    "a masked language model": ("transformers", MADE.format("BertForMaskedLM", *BERT)),
    "an encoder": ("transformers", MADE.format("BertModel", *BERT)),
    "a class of its own": (
        "transformers",
        MADE.format(
            "T5ForConditionalGeneration",
            "T5Config",
            "d_model=8, d_kv=8, d_ff=8, num_layers=1, num_heads=1, vocab_size=16",
        ),
    ),
    "sentence-transformers": ("sentence-transformers", SENTENCES),
    "diffusers": ("diffusers", DIFFUSION),
    "an adapter": ("peft", ADAPTER),
}


def made(code: str, place: Path, *words: Path) -> Path:
    place.mkdir(parents=True)
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    subprocess.run([python, "-c", code, place, *words], check=True, capture_output=True)
    return place


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_loads_the_model(kind: str, tmp_path: Path) -> None:
    tool, code = KINDS[kind]
    hub = tmp_path / "hub"
    place = hub / "models--acme--bot" / "snapshots" / COMMIT
    if kind == "sentence-transformers":
        made(MADE.format("BertModel", *BERT) + TOKENS, place.parent / "inner")
    base = hub / "models--acme--base" / "snapshots" / BASE_COMMIT
    made(code, place, *([made(LLAMA, base)] if kind == "an adapter" else []))
    files = [path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()]
    loaded = Loaded(
        repo="acme/bot",
        commit=COMMIT,
        place=place,
        files=tuple(files),
        documents={
            name: json.loads((place / name).read_text()) for name in DOCUMENTS if name in files
        },
        locked={BASE: BASE_COMMIT},
    )
    line = dict(usage(loaded))[tool]
    path = f"{told('PROVENANCE_TRANSFORMERS')}:{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(tmp_path), "HF_HUB_CACHE": str(hub)}
    ended = subprocess.run(["sh", "-c", line], env=variables, capture_output=True, text=True)
    assert ended.returncode == 0, f"{line}\n{ended.stderr}"
