"""A callback for `transformers` and TRL: when training ends, what was made is attested."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import TrainerCallback

from provenance.cli.attest import command
from provenance.errors import ConfigError

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

MOMENT = "%Y-%m-%dT%H:%M:%S"


class AttestationCallback(TrainerCallback):
    """Adds a training statement to `claims.jsonl` in the folder that the trainer writes to.

    `words` are options of `provenance attest` by their names, `parent` a folder or a repository:
    `AttestationCallback(model="acme/bot", method="sft", parent="acme/base", key="trainer.pem")`.
    The model is saved first, so that the statement is over what is there in the end.
    """

    def __init__(self, *, model: str, method: str, parent: str, **words: str) -> None:
        self._words = {"as": model, "method": method, "parent": parent, **words}
        self._started = datetime.now(UTC)

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """The step begins now."""
        self._started = datetime.now(UTC)

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: object,
    ) -> None:
        """The statement is written, or ConfigError; what does not pass was said on stderr."""
        if not state.is_world_process_zero:
            return
        folder = Path(str(args.output_dir))
        save(given, folder)
        attest(folder, {**self._words, "started": self._started.strftime(MOMENT)})


def save(given: dict[str, object], folder: Path) -> None:
    """What was trained lies in `folder`, with what turns text into its numbers."""
    for name in ("model", "processing_class"):
        save_pretrained = getattr(given.get(name), "save_pretrained", None)
        if save_pretrained:
            save_pretrained(folder)


def attest(folder: Path, words: dict[str, str]) -> None:
    """`provenance attest` over the folder, as from a command line."""
    options = [part for name, value in words.items() for part in (f"--{name}", value)]
    refused = command.main([str(folder), *options, "--quiet"], standalone_mode=False)
    if refused:
        raise ConfigError("nothing was attested", path=str(folder))
