"""Of a trainer's arguments only what decides what is learned is said."""

from __future__ import annotations

import re
import tomllib
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.recording import parameters

NAMES = tomllib.loads(
    (Path(parameters.__file__).parent / "parameters.toml").read_text(encoding="utf-8")
)
PRIVATE = re.compile(r"(?:^|_)(?:dir|path|file|folder|url|host|hub|user|port|run|tags?|key)(?:_|$)")


class Kind(Enum):
    """A choice among two."""

    LINEAR = "linear"


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_that_is_said_may_hold_a_secret_or_a_place(kind: str) -> None:
    assert [name for name in NAMES[kind] if PRIVATE.search(name)] == []
    assert NAMES[kind] == sorted(set(NAMES[kind]))


VALUES: list[tuple[Any, Any]] = [
    (0.1, 0.1),
    (True, True),
    (Kind.LINEAR, "linear"),
    ([1, 2], [1, 2]),
    ({"b", "a"}, ["a", "b"]),
    ({"q": 8, "deep": object()}, {"q": 8}),
    (None, None),
    (object(), None),
    ([object()], None),
    ([1] * 1000, None),
    (b"secret", None),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_setting_is_said_as_json_can_say_it(value: object, expected: object) -> None:
    arguments = SimpleNamespace(learning_rate=value, hub_token="hf_" + "a" * 34, output_dir="/x")
    said = {} if expected is None else {"learning_rate": expected}
    assert parameters.of_trainer(arguments) == said


def test_adapters_are_said_by_their_names() -> None:
    lora = SimpleNamespace(r=8, target_modules={"v", "q"}, base_model_name_or_path="/home/me/base")
    model = SimpleNamespace(peft_config={"default": lora})
    assert parameters.of_adapter(model) == {"default": {"r": 8, "target_modules": ["q", "v"]}}
    assert parameters.of_adapter(SimpleNamespace()) == {}
