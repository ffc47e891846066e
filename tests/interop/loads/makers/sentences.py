"""Models of sentences."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.interop.loads.makers.common import maker, tokenizer


def small_bert() -> Any:
    """A model of sentences."""
    from transformers import BertConfig, BertModel

    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    return BertModel(BertConfig(**size, num_attention_heads=1, vocab_size=16))


BERT = {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


@maker
def bert(folder: Path) -> None:
    """A model of sentences."""
    small_bert().save_pretrained(folder)
    tokenizer(folder, **BERT)


@maker
def sentences(folder: Path) -> None:
    """An embedder with three modules."""
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as inside:
        bert(Path(inside))
        made = SentenceTransformer(inside)
        made.save_pretrained(str(folder))


@maker
def reranker(folder: Path) -> None:
    """A cross encoder."""
    from transformers import BertConfig, BertForSequenceClassification

    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    config = BertConfig(**size, num_attention_heads=1, vocab_size=16, num_labels=1)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer(folder, **BERT)


@maker
def sparse(folder: Path) -> None:
    """A sparse encoder."""
    from sentence_transformers import SparseEncoder
    from transformers import BertConfig, BertForMaskedLM

    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    with tempfile.TemporaryDirectory() as inside:
        BertForMaskedLM(BertConfig(**size, num_attention_heads=1, vocab_size=16)).save_pretrained(
            inside
        )
        tokenizer(Path(inside), **BERT)
        SparseEncoder(inside).save_pretrained(str(folder))
