"""Two locks in vLLM: what it is told to load must be what is locked.

`VLLM_PLUGINS=provenance` names the first, which looks at the words of the command before vLLM reads
any file; `--load-format provenance` the second, which looks at the model as it is loaded. Whatever
goes wrong in either ends the start. That is why nothing is imported before it is asked for: vLLM
skips a plugin that cannot be imported, and not one that raises.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm.config import LoadConfig, ModelConfig
    from vllm.model_executor.model_loader import BaseModelLoader

NAME = "provenance"
"""What the plugin and the load format are called."""
LOCKFILE = "PROVENANCE_LOCKFILE"
NAMED = ("model", "tokenizer", "hf_config_path")
"""What of a model's configuration names a folder or a repository."""


def register() -> None:
    """The load format is known to vLLM; and where VLLM_PLUGINS names this plugin, every model that
    the command names is what is locked, or Refused, ConfigError, SourceError, TrustError."""
    from vllm import envs
    from vllm.model_executor.model_loader import register_model_loader

    register_model_loader(NAME)(_loader())
    if NAME in (envs.VLLM_PLUGINS or ()):
        check_command(sys.argv[1:])


def check_command(arguments: Iterable[str]) -> None:
    """Each model that these words name is what is locked and passes; else as `register`."""
    from provenance.errors import ConfigError
    from provenance.workspace.serving import STEP, remote_of, words_of

    words = tuple(arguments)
    if address := remote_of(words):
        message = f"would be loaded from there, and nobody judged it; {STEP}"
        raise ConfigError(message, path=address)
    check(words_of(words))


def check(names: Iterable[str], *, all_here: bool = False) -> None:
    """Each of these names that is a folder with a model, or a repository in the Hub's cache, is
    what is locked and passes, and nothing can be had from elsewhere; with `all_here` each is one of
    both. Else as `register`."""
    from provenance.cli.options import here
    from provenance.errors import ConfigError
    from provenance.workspace import Request, SourceOptions

    workspace = here(SourceOptions(offline=True))
    workspace.environment.check()
    # What reads the environment as it is imported, and may not be able to.
    from provenance.source.hub import cache
    from provenance.workspace.serving import STEP, held_to_lock, places_of

    if not cache.is_offline():
        message = f"expected 1, so that nothing is downloaded: {STEP}"
        raise ConfigError(message, path="HF_HUB_OFFLINE")
    lockfile = workspace.environment.variables.get(LOCKFILE)
    request = Request(lockfile=Path(lockfile) if lockfile else None)
    session = workspace.session(request, needs_models=False)
    found = {name: places_of(name) for name in names}
    for name in (name for name, places in found.items() if all_here and not places):
        raise ConfigError(f"expected a model on this machine, found none; {STEP}", path=name)
    for place in dict.fromkeys(place for places in found.values() for place in places):
        held_to_lock(workspace, session, place)


def _loader() -> type[BaseModelLoader]:
    """The loader, once vLLM is there to be asked: it checks, and vLLM's own then loads."""
    from vllm.model_executor.model_loader import DefaultModelLoader
    from vllm.model_executor.model_loader.base_loader import BaseModelLoader

    class Loader(BaseModelLoader):
        """Loads what is locked as `--load-format auto` does."""

        def __init__(self, load_config: LoadConfig) -> None:
            super().__init__(load_config)
            self._own = DefaultModelLoader(replace(load_config, load_format="auto"))

        def download_model(self, model_config: ModelConfig) -> None:
            """Nothing is downloaded: it is here, and what is locked."""
            _held(model_config)

        def load_model(self, *args: object, model_config: ModelConfig, **words: object) -> object:
            """The model, of which no code ran before it was checked."""
            _held(model_config)
            return super().load_model(*args, model_config=model_config, **words)

        def load_weights(self, model: object, model_config: ModelConfig) -> None:
            """The weights, checked again where they are loaded into a model that is there."""
            _held(model_config)
            self._own.load_weights(model, model_config)

    return Loader


def _held(model: ModelConfig) -> None:
    """Everything that the configuration of a model names is here, and is what is locked."""
    names = (getattr(model, key, None) for key in NAMED)
    check([str(name) for name in names if name], all_here=True)
