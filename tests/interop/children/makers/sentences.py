"""Children that sentence-transformers, SetFit and model2vec make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import ONCE, maker

PAIRS = [{"anchor": "a b", "positive": "a c"}, {"anchor": "d", "positive": "e d"}]
SCORED = [
    {"sentence_0": "a b", "sentence_1": "a c", "score": 1.0},
    {"sentence_0": "a", "sentence_1": "e", "score": 0.0},
]


def rows(values: list[dict[str, Any]]) -> Any:
    """A data set."""
    from datasets import Dataset

    return Dataset.from_list(values)


def trained(folder: Path, of: str, model: Any, values: list[dict[str, Any]], loss: Any) -> None:
    """The model after a step of a trainer of this kind of encoder."""
    import sentence_transformers

    arguments = getattr(sentence_transformers, f"{of}TrainingArguments")(str(folder), **ONCE)
    getattr(sentence_transformers, f"{of}Trainer")(
        model=model, args=arguments, train_dataset=rows(values), loss=loss
    ).train()
    model.save_pretrained(str(folder))


def embedder(folder: Path, repo: str) -> None:
    """An embedder that began with this repository."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = SentenceTransformer(repo)
    trained(folder, "SentenceTransformer", model, PAIRS, MultipleNegativesRankingLoss(model))


@maker
def sentences(folder: Path) -> None:
    embedder(folder, "acme/tiny-bert")


@maker
def sentences_tuned_again(folder: Path) -> None:
    embedder(folder, "acme/tiny-embedder")


@maker
def sentences_saved(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    SentenceTransformer("acme/tiny-embedder").half().save_pretrained(str(folder))


@maker
def reranker(folder: Path) -> None:
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

    model = CrossEncoder("acme/tiny-bert", num_labels=1)
    trained(folder, "CrossEncoder", model, SCORED, BinaryCrossEntropyLoss(model))


@maker
def sparse(folder: Path) -> None:
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.losses import (
        SparseMultipleNegativesRankingLoss,
        SpladeLoss,
    )

    model = SparseEncoder("acme/tiny-bert")
    loss = SpladeLoss(
        model, SparseMultipleNegativesRankingLoss(model), document_regularizer_weight=0.1
    )
    trained(folder, "SparseEncoder", model, PAIRS, loss)


@maker
def setfit(folder: Path) -> None:
    from setfit import SetFitModel, Trainer, TrainingArguments

    model = SetFitModel.from_pretrained("acme/tiny-embedder", labels=["bad", "good"])
    values = rows([{"text": "a b", "label": 0}, {"text": "c d", "label": 1}])
    settings = TrainingArguments(str(folder), max_steps=1, batch_size=2, report_to="none")
    Trainer(model=model, args=settings, train_dataset=values).train()
    model.save_pretrained(str(folder))


@maker
def static(folder: Path) -> None:
    from model2vec.distill import distill

    distill("acme/tiny-bert", pca_dims=8).save_pretrained(folder, model_name="acme/static")
