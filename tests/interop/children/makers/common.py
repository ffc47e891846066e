"""What makers of children share; runs in the environment of the tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Make = Callable[[Path], None]
MAKERS: dict[str, Make] = {}
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e"]
CHAT = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
VOCABULARY = 16
ONCE: dict[str, Any] = {
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "logging_steps": 1,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
}
"""The arguments of a run of one step."""

LORA: dict[str, Any] = {
    "task_type": "CAUSAL_LM",
    "r": 2,
    "target_modules": ["q_proj", "v_proj"],
}


def maker(make: Make) -> Make:
    """The function makes the repository that is called as it is, with hyphens."""
    MAKERS[make.__name__.replace("_", "-")] = make
    return make


def tokenizer() -> Any:
    """A tokenizer of a dozen words, with a chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = {word: number for number, word in enumerate(SPECIAL)}
    made = Tokenizer(models.WordLevel(names, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        chat_template=CHAT,
        model_max_length=32,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def tokens(labels: Any) -> list[dict[str, Any]]:
    """Two rows of tokens, each with these labels."""
    row = {"input_ids": [7, 8, 9, 10], "attention_mask": [1] * 4, "labels": labels}
    return [row, row]


def trained(
    folder: Path, model: Any, rows: Sequence[Any], of: str = "Trainer", **card: Any
) -> None:
    """The model after a step of a trainer of transformers, with the card that this one writes."""
    import transformers

    settings = getattr(transformers, of.replace("Trainer", "TrainingArguments"))
    made = getattr(transformers, of)(
        model=model, args=settings(str(folder), **ONCE), train_dataset=rows
    )
    made.train()
    made.save_model()
    made.create_model_card(**card)
