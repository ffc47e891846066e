"""Children of transformers 4.48, which wrote `_name_or_path`, and of the AdapterHub beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker, tokens, trained

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
