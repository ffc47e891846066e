"""Which settings of a trainer a statement has: numbers and choices that decide what is learned."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from importlib import resources

LONGEST = 64
"""Items of a list."""


def of_trainer(arguments: object) -> dict[str, object]:
    """What these arguments say of the training, by name."""
    return dict(_plain(arguments, _names()["trainer"]))


def of_adapter(model: object) -> dict[str, object]:
    """What the adapters on a model are, each by its name; nothing without one."""
    known = getattr(model, "peft_config", None)
    if not isinstance(known, Mapping):
        return {}
    return {
        str(name): dict(_plain(adapter, _names()["adapter"])) for name, adapter in known.items()
    }


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    text = resources.files(__package__).joinpath("parameters.toml").read_text("utf-8")
    return {kind: tuple(names) for kind, names in tomllib.loads(text).items()}


def _plain(holder: object, names: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for name in names:
        value = _value(getattr(holder, name, None))
        if value is not None:
            yield name, value


def _value(value: object) -> object | None:
    """A number, a truth, a word or a short list of them; None of anything else."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | set | frozenset) and len(value) <= LONGEST:
        items = [_value(item) for item in value]
        plain = all(isinstance(item, bool | int | float | str) for item in items)
        ordered = sorted(items, key=str) if isinstance(value, set | frozenset) else items
        return ordered if plain and items else None
    if isinstance(value, Mapping) and len(value) <= LONGEST:
        table = {str(key): _value(item) for key, item in value.items()}
        known = {key: item for key, item in table.items() if item is not None}
        return known or None
    return None
