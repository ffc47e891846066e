"""The order in which vLLM's base loader does things, without doing them."""

from abc import ABC, abstractmethod

from vllm.config import ModelConfig, VllmConfig
from vllm.config.load import LoadConfig


class BaseModelLoader(ABC):
    """Makes a model, which runs its code, and then loads its weights."""

    def __init__(self, load_config: LoadConfig) -> None:
        self.load_config = load_config

    @abstractmethod
    def download_model(self, model_config: ModelConfig) -> None: ...

    @abstractmethod
    def load_weights(self, model: object, model_config: ModelConfig) -> None: ...

    def load_model(
        self, vllm_config: VllmConfig, model_config: ModelConfig, prefix: str = ""
    ) -> object:
        print("made", model_config.model)
        self.load_weights(object(), model_config)
        return object()
