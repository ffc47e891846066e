"""A callback for `transformers`, TRL and sentence-transformers: a training that attests itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from transformers import TrainerCallback

from provenance.cli.options import here
from provenance.cli.watching import Noted
from provenance.errors import ConfigError
from provenance.recording import Recording, Words, resumed, trainer
from provenance.recording.background import AT_FIRST

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

SAVE, CARD = "save_model", "create_model_card"
"""What a trainer does after training that changes a folder: the first takes which one it is, the
second is the last thing before `push_to_hub` uploads it."""


class AttestationCallback(TrainerCallback):
    """Pins at the first step what the trainer began with, and attests what it saves in the end.

    `AttestationCallback("acme/bot", key="trainer.pem")`: parents, method, parameters, data, code
    and environment are found. The other words are those of `provenance.Recording`: `parent` or
    `parents`, `method`, `datasets`, `policy`, `registry`, `certificate`, `identity_token`,
    `unverified_parent`, `output`, … What contradicts what is seen is a ConfigError before the first
    step, and a word that nobody knows a TypeError.

    What `trainer.save_model()` writes is attested then, under `push_to_hub` before it is uploaded;
    what was saved in another way by `finish()`. Of several processes the first does all of it.
    """

    def __init__(self, model: str, *, parent: object = None, **words: Unpack[Words]) -> None:
        if parent is not None:
            words["parents"] = (parent, *words.get("parents", ()))
        if "workspace" not in words:
            words["workspace"] = replace(here(), progress=Noted())
            words["workspace"].environment.check()
        self._model, self._words = model, words
        self._make(Path())
        self._run: Recording | None = None
        self._of: object = None
        self._ended = False

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: object,
    ) -> None:
        """Everything that could fail in the end was checked. Raises ConfigError, ParentRefused,
        SourceError, TrustError."""
        self._ended = False
        if not state.is_world_process_zero or (self._run and self._of is given.get("model")):
            return
        training = trainer.around(self, args=args, state=state, **given)
        if sum(isinstance(one, AttestationCallback) for one in training.callbacks) > 1:
            raise ConfigError("two callbacks would attest one training: remove one of them")
        run = self._make(training.out)
        trainer.meet(run, training)
        run.check(AT_FIRST)
        run.foresee()
        self._run, self._of = run, given.get("model")
        self._training = training
        if training.trainer is not None:
            self._follow(training.trainer)

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Nothing that was judged meanwhile was refused. Raises as `on_train_begin` does."""
        if self._run:
            self._run.check()

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """The checkpoint says when its run had begun."""
        if self._run and self._run.started:
            resumed.leave(self._training.checkpoint_at(state.global_step), self._run.started)

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """What stands in the folder is attested; if there is none yet, once it is saved."""
        self._ended = True
        if self._run is None:
            return
        trainer.conclude(self._run, self._training, state)
        if self._run.stands():
            self._run.finish()
        else:
            self._run.terms.workspace.progress.note(self._told)

    @property
    def _told(self) -> str:
        """What is to be done where nothing stands there yet."""
        out, then = self._training.out, "finish() of this callback"
        if self._training.trainer is not None:
            then = f"trainer.save_model(); if it is saved in another way, {then} writes it"
        return f"trained; the statement is written when the model is saved to {out}: {then}"

    def finish(self, folder: str | Path | None = None) -> Path | None:
        """What stands in `folder` (default: `output_dir`) is attested; returns the file of the
        statement, or None in a process that is not the first.

        Raises ConfigError where nothing stands there that this training wrote, ParentRefused, and
        SourceError where the statement cannot be signed or written.
        """
        return self._run.finish(folder) if self._run else None

    def _make(self, out: Path) -> Recording:
        words: Words = {**self._words, "out": out}
        return Recording(self._model, **words)

    def _follow(self, owner: object) -> None:
        """What the trainer saves after training is attested each time."""
        for name in (SAVE, CARD):
            method = getattr(owner, name, None)
            if callable(method):
                setattr(owner, name, self._followed(method, takes_folder=name == SAVE))

    def _followed(
        self, method: Callable[..., object], *, takes_folder: bool
    ) -> Callable[..., object]:
        def saving(*args: object, **words: object) -> object:
            done = method(*args, **words)
            # Within a push the card is written last.
            if self._ended and not words.get("_internal_call"):
                named = words.get("output_dir", args[0] if args else None) if takes_folder else None
                self._saved(named if isinstance(named, str | Path) else None, told=takes_folder)
            return done

        return saving

    def _saved(self, folder: str | Path | None, *, told: bool) -> None:
        if self._run and self._run.stands(folder):
            self._run.finish(folder)
        elif self._run and told:
            self._run.terms.workspace.progress.note(self._run.missing(folder))
