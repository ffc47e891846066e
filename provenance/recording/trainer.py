"""A trainer as a run sees it: by the names that transformers gives to its parts, and no import."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.recording import methods, parameters, resumed
from provenance.recording.data import on_disk
from provenance.recording.loaded import Origin, continues, is_adapted, origins
from provenance.recording.machine import Processes, builder_of, version_of
from provenance.recording.places import places_of
from provenance.recording.recording import Recording
from provenance.wire.training import Method

CHECKPOINT = "checkpoint-{}"
STATE = "trainer_state.json"
TEACHER = "teacher_model"
LOG = "trainer-state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One call of `train()`: the trainer if it is known, its arguments, the model, what it reads,
    and the step and checkpoint that it goes on from."""

    arguments: object
    model: object
    trainer: object = None
    data: object = None
    step: int = 0
    checkpoint: Path | None = None
    callbacks: Sequence[object] = field(default_factory=tuple)

    @property
    def classes(self) -> tuple[type, ...]:
        """The classes that say how it is trained, the trainer's own first."""
        known = (self.trainer, self.arguments)
        return tuple(type(one) for one in known if one is not None)

    @property
    def out(self) -> Path:
        """The folder that the trainer writes to."""
        return Path(str(getattr(self.arguments, "output_dir", ".")))

    def checkpoint_at(self, step: int) -> Path:
        """Where the checkpoint of a step lies."""
        return self.out / CHECKPOINT.format(step)


def around(callback: object, **known: object) -> Training:
    """The training that calls this callback now, with what the callback is told as `known`.

    The trainer is found among those who called: it is the one whose handler has the callback.
    """
    trainer, callbacks, asked = None, (callback,), None
    for owner, checkpoint in _callers():
        handler = getattr(owner, "callback_handler", None)
        held = getattr(handler, "callbacks", ())
        if any(one is callback for one in held):
            trainer, callbacks, asked = owner, tuple(held), asked or checkpoint
    arguments, state = known.get("args"), known.get("state")
    step = int(getattr(state, "global_step", 0) or 0)
    read = getattr(trainer, "train_dataset", None)
    found = Training(
        arguments=arguments,
        model=known.get("model"),
        trainer=trainer,
        data=known.get("train_dataloader") if read is None else read,
        step=step,
        callbacks=callbacks,
    )
    named = asked or getattr(arguments, "resume_from_checkpoint", None)
    places = (*([Path(named)] if isinstance(named, str) else []), found.checkpoint_at(step))
    there = [place for place in places if step and place.is_dir()]
    return replace(found, checkpoint=there[0]) if there else found


def meet(run: Recording, training: Training) -> None:
    """The run knows what can be known of the training before its first step.

    Raises ConfigError for what the caller said and what is seen otherwise, and whatever the
    judging of parents raises.
    """
    found = methods.seen(*training.classes)
    stated, adapter = run.terms.stated, is_adapted(training.model)
    given, loaded = run.terms.parents, _loaded(training, found)
    if not training.step and not given and continues(training.model):
        raise ConfigError(
            "the adapter was trained before, and nothing in it says by what run: name its folder "
            "as a parent, parents=['./adapter']",
            path="parents",
        )
    parents = len(given) + len(loaded)
    method = methods.chosen(stated, found, adapter=adapter, parents=parents)
    if method is Method.PRETRAIN:
        _check_new(loaded)
    _say(run, training, method)
    if not given:
        run.parent(*loaded)
    run.begin()
    if given:
        _check_given(run, loaded)
    if not run.terms.datasets:
        run.dataset(training.data)
    _resume(run, training)


def _check_given(run: Recording, loaded: Sequence[Origin]) -> None:
    """What the model was loaded from is among the parents that the caller named, or ConfigError."""
    known = {os.path.realpath(place) for place in run.places}
    for origin in loaded:
        try:
            found = places_of(run.terms, [origin])
        except ConfigError:
            # It is gone by now, or was never here: then the caller knows.
            continue
        if not {os.path.realpath(place) for place in found} <= known:
            named = ", ".join(str(one) for one in run.terms.parents)
            raise ConfigError(
                f"expected {origin.text}, which the model was loaded from, found {named}: leave it "
                "out, and what was loaded is said",
                path="parents",
            )


def _check_new(loaded: Sequence[Origin]) -> None:
    if loaded:
        message = f"pretraining begins with nothing, and the model was loaded from {loaded[0].text}"
        raise ConfigError(f"{message}: leave method out", path="method")


def _loaded(training: Training, found: methods.Seen) -> tuple[Origin, ...]:
    """Where the model was loaded from, and the teacher whose answers it learns."""
    teacher = getattr(training.trainer, TEACHER, None)
    learns = teacher is not None and found.method is Method.DISTILL
    return origins([training.model, *([teacher] if learns else [])])


def _say(run: Recording, training: Training, method: Method) -> None:
    arguments, classes = training.arguments, training.classes
    run.parameters(parameters.of_trainer(arguments))
    if adapters := parameters.of_adapter(training.model):
        run.parameters({"adapter": adapters})
    package = classes[0].__module__.partition(".")[0]
    known = version_of(package)
    size, seed = getattr(arguments, "world_size", None), getattr(arguments, "seed", None)
    run.say(
        method=method,
        trainer=methods.full_name(classes[0]),
        builder=builder_of(*classes),
        versions={package.replace("_", "-"): known} if known else {},
        processes=Processes(
            world_size=size if isinstance(size, int) else None,
            seed=seed if isinstance(seed, int) else None,
        ),
    )


def _resume(run: Recording, training: Training) -> None:
    if training.step:
        place, step, desk = training.checkpoint, training.step, run.desk
        run.reading(lambda: (resumed.material(place, step, desk),))


def conclude(run: Recording, training: Training, state: object) -> None:
    """The run knows the log of the training, as the last checkpoint has it."""
    step = int(getattr(state, "global_step", 0) or 0)
    log = training.checkpoint_at(step) / STATE
    if log.is_file():
        # It is beside the model: a log that cannot be read takes nothing from the training.
        with suppress(ConfigError, SourceError):
            run.byproducts(on_disk(log, LOG, run.desk))


def _callers() -> Iterator[tuple[object, object]]:
    """Whoever called, the nearest first, and the checkpoint that they were to go on from."""
    frame = inspect.currentframe()
    while frame is not None:
        names = frame.f_locals
        yield names.get("self"), names.get("resume_from_checkpoint")
        frame = frame.f_back
