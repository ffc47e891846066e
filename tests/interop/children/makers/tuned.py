"""Children that transformers makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.children.makers.common import maker, tokenizer, tokens, trained

NEXT = [7, 8, 9, 10]
PICTURE = [[[0.5] * 16] * 16] * 3


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
def bert_answers(folder: Path) -> None:
    model = loaded("acme/tiny-bert", "AutoModelForQuestionAnswering")
    places = {"start_positions": 1, "end_positions": 2}
    rows = [{"input_ids": NEXT, **places}] * 2
    trained(folder, model, rows, model_name="Answers of a tiny BERT", language="en")


@maker
def bert_adapted(folder: Path) -> None:
    model = loaded("acme/tiny-bert", "AutoModelForMaskedLM")
    trained(folder, model, tokens(NEXT), license="apache-2.0", tags=["domain-adaptation"])


@maker
def bert_without_head(folder: Path) -> None:
    loaded("acme/tiny-bert", "AutoModel").save_pretrained(folder)


@maker
def llama_tuned(folder: Path) -> None:
    tokenizer().save_pretrained(folder)
    trained(folder, loaded("acme/tiny-llama", "AutoModelForCausalLM"), tokens(NEXT))


@maker
def llama_tuned_again(folder: Path) -> None:
    trained(folder, loaded("acme/tiny-llama-chat", "AutoModelForCausalLM"), tokens(NEXT))


@maker
def llama_half(folder: Path) -> None:
    loaded("acme/tiny-llama", "AutoModelForCausalLM", dtype="bfloat16").save_pretrained(folder)


@maker
def llama_grown(folder: Path) -> None:
    model = loaded("acme/tiny-llama", "AutoModelForCausalLM")
    words = tokenizer()
    words.add_tokens([f"<{number}>" for number in range(8)])
    model.resize_token_embeddings(24)
    words.save_pretrained(folder)
    trained(folder, model, tokens([7, 8, 9, 20]))


@maker
def llama_shortened(folder: Path) -> None:
    model = loaded("acme/tiny-llama", "AutoModelForCausalLM")
    model.model.layers = model.model.layers[:1]
    model.config.num_hidden_layers = 1
    trained(folder, model, tokens(NEXT))


@maker
def llama_reward(folder: Path) -> None:
    model = loaded("acme/tiny-llama", "AutoModelForSequenceClassification", num_labels=1)
    trained(folder, model, tokens(1.0))


@maker
def llama_template(folder: Path) -> None:
    from huggingface_hub import ModelCard, ModelCardData

    loaded("acme/tiny-llama", "AutoModelForCausalLM").half().save_pretrained(folder)
    data = ModelCardData(library_name="transformers", tags=[])
    ModelCard.from_template(data, model_id=folder.name).save(folder / "README.md")


@maker
def gpt2_tuned(folder: Path) -> None:
    trained(folder, loaded("acme/tiny-gpt2", "AutoModelForCausalLM"), tokens(NEXT))


@maker
def t5_summaries(folder: Path) -> None:
    model = loaded("acme/tiny-t5", "AutoModelForSeq2SeqLM")
    trained(folder, model, tokens(NEXT), of="Seq2SeqTrainer", tasks="summarization")


@maker
def vit_flowers(folder: Path) -> None:
    words = {"num_labels": 7, "ignore_mismatched_sizes": True}
    model = loaded("acme/tiny-vit", "AutoModelForImageClassification", **words)
    trained(folder, model, [{"pixel_values": PICTURE, "labels": 1}] * 2)


@maker
def wav2vec2_words(folder: Path) -> None:
    model = loaded("acme/tiny-wav2vec2", "AutoModelForCTC", vocab_size=16, pad_token_id=3)
    sound = [number % 7 / 7 for number in range(1600)]
    trained(folder, model, [{"input_values": sound, "labels": [7, 8]}] * 2)


@maker
def bert_to_bert(folder: Path) -> None:
    from transformers import EncoderDecoderModel

    both = ("acme/tiny-bert", "acme/tiny-bert-two")
    EncoderDecoderModel.from_encoder_decoder_pretrained(*both).save_pretrained(folder)


@maker
def picture_captions(folder: Path) -> None:
    from transformers import VisionEncoderDecoderModel

    both = ("acme/tiny-vit", "acme/tiny-bert-two")
    VisionEncoderDecoderModel.from_encoder_decoder_pretrained(*both).save_pretrained(folder)


@maker
def dual_encoder(folder: Path) -> None:
    from transformers import VisionTextDualEncoderModel

    both = ("acme/tiny-vit", "acme/tiny-bert")
    VisionTextDualEncoderModel.from_vision_text_pretrained(*both).save_pretrained(folder)
