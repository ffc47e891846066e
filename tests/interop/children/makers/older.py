"""Children of transformers 4.48, which wrote `_name_or_path`, of AdapterHub and of litgpt."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import VOCABULARY, maker, tokens, trained

NEXT = [7, 8, 9, 10]


def loaded(repo: str, of: str, **options: Any) -> Any:
    """A model of the Hub in a class of transformers."""
    import transformers

    return getattr(transformers, of).from_pretrained(repo, **options)


@maker
def older_half(folder: Path) -> None:
    loaded("acme/tiny-llama", "AutoModelForCausalLM").half().save_pretrained(folder)


@maker
def older_tuned(folder: Path) -> None:
    trained(folder, loaded("acme/tiny-llama", "AutoModelForCausalLM"), tokens(NEXT))


@maker
def older_sentiment(folder: Path) -> None:
    model = loaded("acme/tiny-bert", "AutoModelForSequenceClassification", num_labels=3)
    trained(folder, model, tokens(1), dataset_tags="glue", dataset="GLUE")


@maker
def older_bert_to_bert(folder: Path) -> None:
    from transformers import EncoderDecoderModel

    both = ("acme/tiny-bert", "acme/tiny-bert-two")
    EncoderDecoderModel.from_encoder_decoder_pretrained(*both).save_pretrained(folder)


@maker
def adapterhub(folder: Path) -> None:
    from adapters import AutoAdapterModel

    model = AutoAdapterModel.from_pretrained("acme/tiny-bert")
    model.add_adapter("task", config="seq_bn")
    model.add_classification_head("task", num_labels=2)
    model.save_adapter(str(folder), "task", with_head=True)


@maker
def adapterhub_lora(folder: Path) -> None:
    from adapters import AutoAdapterModel

    model = AutoAdapterModel.from_pretrained("acme/tiny-bert")
    model.add_adapter("task", config="lora")
    model.save_adapter(str(folder), "task")


@maker
def litgpt(folder: Path) -> None:
    from litgpt import config

    size = {
        "name": "tiny-llama",
        "hf_config": {"org": "acme", "name": "tiny-llama"},
        "n_layer": 2,
        "n_embd": 16,
        "n_head": 2,
        "n_query_groups": 1,
        "head_size": 8,
        "intermediate_size": 24,
        "block_size": 32,
        "padded_vocab_size": VOCABULARY,
        "rotary_percentage": 1.0,
        "parallel_residual": False,
        "bias": False,
        "norm_class_name": "RMSNorm",
        "mlp_class_name": "LLaMAMLP",
    }
    config.name_to_config["tiny-llama"] = size
    config.configs.append(size)
    Path("asked.json").write_text(json.dumps([{"instruction": "a b", "output": "c d"}] * 4))
    typed("download acme/tiny-llama")
    typed(
        "finetune_full checkpoints/acme/tiny-llama --out_dir runs --precision 32-true"
        " --data JSON --data.json_path asked.json --data.val_split_fraction 0.5"
        " --data.num_workers 0 --train.max_steps 2 --train.lr_warmup_steps 1"
    )
    shutil.copytree("runs/final", folder)


def typed(words: str) -> None:
    """What litgpt does when this is typed after its name."""
    from litgpt.__main__ import main

    sys.argv = ["litgpt", *words.split()]
    main()
