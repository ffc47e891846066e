"""What a model that any library has loaded says of where it is from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.recording.loaded import Origin, continues, is_adapted, origins

COMMIT = "c" * 40


def model(name: str = "", commit: str | None = None, **more: Any) -> Any:
    """A model with the configuration that transformers gives one it has loaded."""
    config = SimpleNamespace(_name_or_path=name, _commit_hash=commit)
    return SimpleNamespace(config=config, state_dict=dict, **more)


def adapted(base: Any, filled: bool = False, **options: Any) -> Any:
    """A model with a LoRA on it, which changes something if it is `filled`."""
    options = {"init_lora_weights": True, **options}
    weights = [("layer.lora_A.default", [1.0]), ("layer.lora_B.default", [float(filled)])]
    parameters = [(name, SimpleNamespace(any=lambda v=values: any(v))) for name, values in weights]
    return SimpleNamespace(
        peft_config={"default": SimpleNamespace(**options)},
        get_base_model=lambda: base,
        state_dict=dict,
        named_parameters=lambda: parameters,
    )


def within(**configs: Any) -> Any:
    """A model made of several, each with its own configuration."""
    return SimpleNamespace(config=SimpleNamespace(_name_or_path="", **configs))


HUB = Origin(text="acme/base", commit=COMMIT, met=True)
FOLDER = Origin(text="./base", met=True)
PLAIN = model("acme/base", COMMIT)
LOADED = {
    "typed": ("acme/base", [Origin(text="acme/base")]),
    "hub": (PLAIN, [HUB]),
    "folder": (model("./base"), [FOLDER]),
    "parallel": (SimpleNamespace(module=PLAIN), [HUB]),
    "parallel-adapter": (SimpleNamespace(module=adapted(PLAIN), state_dict=dict), [HUB]),
    "compiled": (SimpleNamespace(_orig_mod=PLAIN), [HUB]),
    "adapter": (adapted(PLAIN), [HUB]),
    "adapter-in-parallel": (adapted(SimpleNamespace(module=PLAIN)), [HUB]),
    "value-head": (SimpleNamespace(pretrained_model=PLAIN), [HUB]),
    "pipeline": (
        SimpleNamespace(config=None, children=lambda: [SimpleNamespace(auto_model=PLAIN)]),
        [HUB],
    ),
    "two": (
        within(encoder=PLAIN.config, decoder=model("./base").config, name="x"),
        [HUB, FOLDER],
    ),
    "new": (model(""), []),
}


@pytest.mark.parametrize("name", LOADED)
def test_a_model_says_where_it_was_loaded_from(name: str) -> None:
    loaded, expected = LOADED[name]
    assert list(origins([loaded, loaded])) == expected


@pytest.mark.parametrize("value", [3, "", b"base", None, object()])
def test_what_is_no_model_is_an_error_of_the_caller(value: object) -> None:
    with pytest.raises(ConfigError, match="expected a folder"):
        origins([value])


@pytest.mark.parametrize(
    ("loaded", "trained"),
    [
        (adapted(PLAIN), False),
        (adapted(PLAIN, filled=True), True),
        (adapted(PLAIN, filled=True, init_lora_weights="pissa"), False),
        (PLAIN, False),
    ],
)
def test_an_adapter_that_was_trained_before_is_known(loaded: Any, trained: bool) -> None:
    assert continues(loaded) is trained
    assert is_adapted(loaded) is hasattr(loaded, "peft_config")
