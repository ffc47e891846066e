"""Children that transformers makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker, tokens, trained


def loaded(repo: str, of: str, **options: Any) -> Any:
    """A model of the Hub in a class of transformers."""
    import transformers

    return getattr(transformers, of).from_pretrained(repo, **options)


@maker
def bert_sentiment(folder: Path) -> None:
    model = loaded("acme/tiny-bert", "AutoModelForSequenceClassification", num_labels=3)
    trained(folder, model, tokens(1), tasks="text-classification", dataset_tags="glue")


@maker
def bert_entities(folder: Path) -> None:
    model = loaded("acme/tiny-bert", "AutoModelForTokenClassification", num_labels=5)
    trained(folder, model, tokens([0, 1, 2, 3]), tasks="token-classification", dataset="CoNLL 2003")


@maker
def llama_tuned(folder: Path) -> None:
    model = loaded("acme/tiny-llama", "AutoModelForCausalLM")
    trained(folder, model, tokens([7, 8, 9, 10]))
