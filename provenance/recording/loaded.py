"""Where a model says that it was loaded from, whatever library has loaded it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from provenance.errors import ConfigError

WRAPPED_BY = ("module", "_orig_mod", "pretrained_model")
"""Attributes by which parallel training, compilers and value heads hold the model itself."""
WITHIN = ("auto_model", "model")
"""Attributes by which the first part of a pipeline holds the model that was loaded."""
DEEPEST = 8
FRESH = ("True", "gaussian")
"""What PEFT begins a LoRA with that changes nothing: the second of its matrices is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A folder, or the name of a model with the commit that a loader resolved it to.

    `met` says that a loaded model tells of it, and that nobody typed it.
    """

    text: str
    commit: str | None = None
    met: bool = False


def origins(models: Iterable[object]) -> tuple[Origin, ...]:
    """Where these were loaded from, each place once: paths and names as they are, of loaded models
    what their configuration says, of an adapter its base. ConfigError for what is no model."""
    return tuple(dict.fromkeys(chain.from_iterable(map(_origins, models))))


def _origins(model: object) -> tuple[Origin, ...]:
    if isinstance(model, Origin):
        return (model,)
    if isinstance(model, str | os.PathLike):
        text = os.fspath(model)
        if isinstance(text, str) and text:
            return (Origin(text=text),)
    found = tuple(_said(unwrapped(model)))
    if not found and not hasattr(model, "config"):
        kind = type(model).__name__
        message = f"expected a folder, org/name@commit or a loaded model, found {kind}"
        raise ConfigError(message, path="parents")
    return found


def unwrapped(model: object) -> object:
    """The model within what parallel training and adapters put around it."""
    for _ in range(DEEPEST):
        base = getattr(model, "get_base_model", None)
        inner = base() if callable(base) and is_adapted(model) else _inner(model)
        if inner is None:
            break
        model = inner
    return model


def is_adapted(model: object) -> bool:
    """Whether an adapter lies on the model, and only that is trained."""
    for _ in range(DEEPEST):
        if getattr(model, "peft_config", None):
            return True
        inner = _inner(model)
        if inner is None:
            return False
        model = inner
    return False


def continues(model: object) -> bool:
    """Whether the adapter on the model was trained before: a new LoRA changes nothing yet."""
    plain = [_is_plain(one) for one in _adapters(model)]
    named = getattr(model, "named_parameters", None)
    if not (plain and all(plain) and callable(named)):
        return False
    return any(_is_filled(value) for name, value in named() if ".lora_B." in f".{name}.")


def _adapters(model: object) -> tuple[object, ...]:
    known = getattr(model, "peft_config", None)
    return tuple(known.values()) if isinstance(known, Mapping) else ()


def _is_plain(adapter: object) -> bool:
    begins = str(getattr(adapter, "init_lora_weights", ""))
    return begins in FRESH and not getattr(adapter, "use_dora", False)


def _is_filled(parameter: object) -> bool:
    found = getattr(parameter, "any", None)
    return bool(found()) if callable(found) else False


def _inner(model: object) -> object | None:
    for name in WRAPPED_BY:
        inner = getattr(model, name, None)
        if inner is not None and (hasattr(inner, "config") or hasattr(inner, "state_dict")):
            found: object = inner
            return found
    return None


def _said(model: object, depth: int = 0) -> Iterator[Origin]:
    """What the configuration says, else those within it, else what parts of the model say."""
    config = getattr(model, "config", None)
    own = _of_config(config)
    if own is not None:
        yield own
        return
    within = [_of_config(value) for value in getattr(config, "__dict__", {}).values()]
    found = [one for one in within if one is not None]
    yield from found
    for part in () if found or depth > 2 else _parts(model):
        yield from _said(part, depth + 1)


def _of_config(config: object) -> Origin | None:
    text = getattr(config, "_name_or_path", None)
    return _origin(text, config) if isinstance(text, str) else None


def _origin(text: str, config: object) -> Origin | None:
    commit = getattr(config, "_commit_hash", None)
    known = commit if isinstance(commit, str) else None
    return Origin(text=text, commit=known, met=True) if text else None


def _parts(model: object) -> Iterator[object]:
    for name in WITHIN:
        part = getattr(model, name, None)
        if part is not None and hasattr(part, "config"):
            yield part
            return
    children = getattr(model, "children", None)
    yield from children() if callable(children) else ()
