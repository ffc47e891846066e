"""A training with the callback, in the environment of the tools: `python -m … KIND OUT WORDS`.

WORDS is JSON: `settings` of the trainer, `words` of the callback, `times` it is added, `base`,
`lora`, `resume`, `push`. The base, provenance.toml and the key lie in the working directory.
Without words it trains as often as it is asked, by a line of JSON each; `trainers` is who asks.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

WORDS = {"prompt": "What is the year?", "completion": " It is 2026."}
CHOICE = {"prompt": "What is the year?", "chosen": " 2026", "rejected": " 1999"}
LIKED = {**WORDS, "label": True}
ONCE: dict[str, Any] = {
    "max_steps": 2,
    "per_device_train_batch_size": 2,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
}
SAMPLED = {"num_generations": 2, "max_completion_length": 4}


def shorter(completions: list[str], **_: Any) -> list[float]:
    """A reward for short answers."""
    return [-float(len(completion)) for completion in completions]


def of_trl(of: str, row: dict[str, Any], file: str = "", **more: Any) -> Callable[..., Any]:
    """A trainer of TRL over rows like this one, or those of a file."""

    def made(base: str, out: str, settings: dict[str, Any], lora: bool) -> Any:
        from datasets import Dataset
        from peft import LoraConfig

        trl = import_module("trl")
        adapter = {"peft_config": LoraConfig(task_type="CAUSAL_LM", r=2)} if lora else {}
        arguments = {"output_dir": out, "bf16": False, **more.get("settings", {}), **settings}
        return getattr(trl, f"{of}Trainer")(
            model=base,
            args=getattr(trl, f"{of}Config")(**arguments),
            train_dataset=Dataset.from_json(file) if file else Dataset.from_list([row] * 8),
            **more.get("words", {}),
            **adapter,
        )

    return made


def plain(base: str, out: str, settings: dict[str, Any], lora: bool) -> Any:
    """The Trainer of transformers, over rows of numbers."""
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    model = AutoModelForCausalLM.from_pretrained(base)
    rows = [{"input_ids": [1, 2, 3], "labels": [1, 2, 3]}] * 8
    return Trainer(model=model, args=TrainingArguments(out, **settings), train_dataset=rows)


def sentences(base: str, out: str, settings: dict[str, Any], lora: bool) -> Any:
    """A trainer of sentence-transformers."""
    from datasets import load_dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
        losses,
    )

    model = SentenceTransformer(base)
    rows = load_dataset("json", data_files="pairs.jsonl", split="train")
    return SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(out, **settings),
        train_dataset=rows,
        loss=losses.MultipleNegativesRankingLoss(model),
    )


KINDS = {
    "plain": plain,
    "sft": of_trl("SFT", WORDS, "data/rows.jsonl"),
    "dpo": of_trl("DPO", CHOICE),
    "kto": of_trl("KTO", LIKED),
    "reward": of_trl("Reward", CHOICE),
    "grpo": of_trl("GRPO", WORDS, settings=SAMPLED, words={"reward_funcs": shorter}),
    "sentences": sentences,
}


def uploaded(**words: Any) -> None:
    """What would go to a Hub lies in `hub`, but for what is not uploaded."""
    ignored = shutil.ignore_patterns(*words["ignore_patterns"])
    shutil.copytree(words["folder_path"], "hub", ignore=ignored, dirs_exist_ok=True)


def push(trainer: Any) -> None:
    """`push_to_hub` to a Hub that is a folder."""
    api = import_module("transformers.trainer").hf_api()
    trainer.hub_model_id, trainer.push_in_progress = "acme/out", None
    api.upload_folder = uploaded
    trainer.push_to_hub()


def main(kind: str, out: str, text: str) -> None:
    """Trained, saved, and the seconds of it said."""
    from provenance.train import AttestationCallback

    asked = json.loads(text)
    settings = {**ONCE, **asked.get("settings", {})}
    trainer = KINDS[kind](asked.get("base", "base"), out, settings, asked.get("lora", False))
    words = {"key": "key.pem", **asked.get("words", {})}
    for _ in range(asked.get("times", 1)):
        trainer.add_callback(AttestationCallback("acme/out", **words))
    begun = time.monotonic()
    trainer.train(resume_from_checkpoint=asked.get("resume"))
    push(trainer) if asked.get("push") else trainer.save_model()
    print(json.dumps({"seconds": time.monotonic() - begun}))


def forked(order: dict[str, Any]) -> int:
    """The exit code of a training in a process that has all libraries already."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.chdir(order["home"])
        os.environ["HOME"] = order["home"]
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        main(order["kind"], "out", json.dumps(order["asked"]))
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    """Each line that comes is a training, and gets its exit code for an answer."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in ("trl", "peft", "sentence_transformers", "provenance.train"):
        import_module(name)
    for name in ("SFT", "DPO", "KTO", "Reward", "GRPO"):
        getattr(import_module("trl"), f"{name}Trainer")
    for line in sys.stdin:
        print(forked(json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else serve()
